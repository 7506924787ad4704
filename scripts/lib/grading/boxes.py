r"""Find the ``\boxed{}`` of a text, what they are joined to, and what they are a part of."""

from __future__ import annotations

import re
from typing import NamedTuple

from scripts.lib.grading.words import CHANGERS, COUNTED, SCALES

LONGEST_JOINT = 60
_TOKEN = re.compile(r"\\(?:boxed|fbox)\s*\{|\\.|[{}]", re.DOTALL)
_MARK = r"(?:[\s$~*&]|\\[()\[\],;:! ]|\\q?quad(?![A-Za-z]))"
_AND = (
    r"(?:[,;]|\\?\b(?:and|or)\b|\\text\s*\{[\s,]*(?:and|or)\s*\}"
    r"|\\(?:lor|vee|land|wedge)(?![A-Za-z]))"
)
_LABEL = r"(?:[A-Za-z](?:_\{?\w{1,3}\}?)?(?:\([A-Za-z]\))?\s*=\s*)"
_UNIT = r"(?:\\text\s*\{[^{}]{1,20}\}|[A-Za-z]{1,15})"
_JOINT = re.compile(
    rf"{_MARK}*(?:{_AND}{_MARK}*)*{_LABEL}?"
    rf"|{_MARK}*{_UNIT}{_MARK}*,?{_MARK}*\bor\b{_MARK}*{_LABEL}?",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:(?<!-)[-−]|[=$(\[]\s*[-−]\s*|[/^\d]|\d[.,]|[\w)}]\s*\+|\d\s*\*|\\(?:cdot|times|pm|mp)\s*"
    r"|\\(?:sqrt|[dt]?frac)\s*\{?|\\(?:neq?|not\s*=)\s*|\b[Nn]ot\b[\s$*]*)\Z"
)
_GAP = r"(?:\\[,;:! )\]]|[~\s$*])*"
_BEHIND = re.compile(
    r"[A-Za-z](?![A-Za-z])|\d|[.,]\d|[-+*/]\s?[\d(\\]|[\^_]\s*\{?\s*-?\d"
    r"|[ \t]*\\(?:sqrt|pi|[dt]?frac|cdot|times)(?![A-Za-z])"
)
_WORDS_BEHIND = re.compile(
    rf"{_GAP}(?:\\text\s*\{{\s*)?((?:(?:{'|'.join(SCALES)})s?\b|{CHANGERS}|{COUNTED}))"
)
_FORMATTING = re.compile(
    r"\\(?:text\w*|mathrm|mathbf|mathit|boldsymbol|bm|underline|emph|displaystyle|large|Large)\s*\Z"
)
_NOT_PLAIN = re.compile(r"(?:\\[A-Za-z]+|[\^_}])\s*\Z")
_LOOSE = re.compile(r"\\(?:boxed|fbox)(?:\s*\{|\s*(?=[-\dA-Za-z]))")
_LOOSE_END = re.compile(r"\n|\$|</answer|\\[)\]]|\\end|\Z", re.IGNORECASE)


class Box(NamedTuple):
    """A box: where it stands, what is in it, and the expression that it is a part of, if any."""

    start: int
    end: int
    content: str
    enclosed: str | None


def boxes(text: str) -> list[str]:
    r"""Return the contents of every balanced, non-empty ``\boxed{}``; of nested ones, the inner."""
    return [box.content for box in find_boxes(text)]


def find_boxes(text: str) -> list[Box]:
    """Return the same boxes with their places."""
    found: list[tuple[int, int, str, tuple[int, ...]]] = []
    open_braces: list[tuple[int, int, bool]] = []
    closed: dict[int, int] = {}
    inner_end = -1
    for token in _TOKEN.finditer(text):
        if token[0] == "}":
            if not open_braces:
                continue
            start, opened, is_box = open_braces.pop()
            closed[opened] = token.end()
            content = text[opened : token.start()].strip()
            if is_box and content and inner_end < opened:
                around = tuple(brace for _, brace, box in open_braces[-20:] if not box)
                found.append((start, token.end(), content, around))
                inner_end = token.end()
        elif token[0].endswith("{") and token[0] != "\\{":
            open_braces.append((token.start(), token.end(), token[0] != "{"))
    return [
        Box(start, end, content, _expression_around(text, around, closed))
        for start, end, content, around in found
    ]


def _expression_around(text: str, braces: tuple[int, ...], closed: dict[int, int]) -> str | None:
    r"""Return what a box is an argument of, as in ``\frac{1}{\boxed{18}}``; None where of nothing.

    Braces of formatting, as in ``\textbf{\boxed{18}}``, and those that never close are nothing.
    """
    for brace in braces:
        before = text[max(0, brace - 30) : brace - 1]
        if brace in closed and _NOT_PLAIN.search(before) and not _FORMATTING.search(before):
            begin = re.search(r"\S*\s*\Z", before)
            assert begin is not None  # it matches the empty end of any text
            return begin[0] + text[brace - 1 : closed[brace]]
    return None


def last_boxes(text: str) -> tuple[list[str], int]:
    r"""Return the contents of the last box and of those that it is joined to, and where it ends.

    A box that is only a part of a larger expression stands for all of it: ``-\boxed{18}`` is one
    content, with the box in it. A scale word behind a box belongs to its content.
    """
    contents: list[str] = []
    found = find_boxes(text)
    following = None
    for box in reversed(found):
        between = text[box.end : following]
        if following is not None and (
            len(between) > LONGEST_JOINT or not _JOINT.fullmatch(between)
        ):
            break
        contents.insert(0, _whole(text, box))
        following = box.start
    return contents, found[-1].end if found else 0


def _whole(text: str, box: Box) -> str:
    """Return a box's content, or the expression that it is a part of."""
    if box.enclosed:
        return box.enclosed
    before = _BEFORE.search(text[max(0, box.start - 20) : box.start])
    behind = _BEHIND.match(text[box.end : box.end + 40])
    if before or behind:
        whole = text[box.start : box.end]
        return f"{before[0] if before else ''}{whole}{behind[0] if behind else ''}"
    words = _WORDS_BEHIND.match(text[box.end : box.end + 40])
    return f"{box.content} {words[1]}" if words else box.content


def loose_box(text: str) -> str | None:
    r"""Return the content of a last box that was never closed, or of ``\boxed18``; else None."""
    starts = list(_LOOSE.finditer(text[-4000:]))
    if not starts:
        return None
    rest = text[-4000:][starts[-1].end() :]
    if not starts[-1][0].endswith("{"):
        token = re.match(r"-?[\d.,]*\d|[A-Za-z](?![A-Za-z])", rest)
        return token and token[0]
    end = _LOOSE_END.search(rest)
    assert end is not None  # the end of a text is one
    if _closes(rest):
        return None  # an empty box
    return rest[: end.start()].strip(" ~*.") or None


def _closes(rest: str) -> bool:
    """Tell whether the brace that was opened just before a text is closed in it."""
    depth = 1
    for token in _TOKEN.finditer(rest):
        depth += (token[0].endswith("{") and token[0] != "\\{") - (token[0] == "}")
        if depth == 0:
            return True
    return False
