r"""Read an answer as a structure: numbers, lists, tuples, intervals, equations, matrices, words.

Kinds never mix: a set is no tuple, ``[a,b]`` is no point, an equation is no number (except that a
name may be left out: ``k = 1`` is ``1``), and a numeral in base 8 is none in base 7 or 10.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from scripts.lib.grading.notation import ROW_END, words
from scripts.lib.grading.scalars import Scalar, Unparsable, scalar

MOST_PARTS = 200


@dataclass(frozen=True)
class Many:
    """Several answers, in any order."""

    parts: tuple


@dataclass(frozen=True)
class Group:
    """A tuple, a point or an interval: what stands between two brackets, in order."""

    brackets: str
    parts: tuple


@dataclass(frozen=True)
class Equation:
    """Sides joined by ``=``; `label` is the left side where it is only a name for the right one."""

    label: str | None
    sides: tuple


@dataclass(frozen=True)
class Grid:
    """A matrix or column vector."""

    rows: tuple


@dataclass(frozen=True)
class Based:
    """A numeral with its base."""

    digits: str
    base: str


@dataclass(frozen=True)
class Words:
    """A verbal answer."""

    text: str


Answer = Many | Group | Equation | Grid | Based | Words | Scalar

_OPEN, _CLOSE = "([{", ")]}"
_GROUPED = re.compile(r"(?<![\d.])(?<!\d,)\d{1,3}(?:,\d{3})+(?!\d|,\d)")
_JOIN = re.compile(
    r"[,;]|\\?(?<![A-Za-z])(?:and|or)(?![A-Za-z])|\\(?:vee|lor|text\{\s*(?:and|or)\s*\})"
)
_RELATION = re.compile(r"\\leq|\\geq|<|>")
_MATRIX = re.compile(r"\\begin\{([pbvBV]?matrix|array)\}(?:\{[^{}]*\})?(.*)\\end\{\1\}", re.DOTALL)
_BASED = re.compile(
    r"(?P<open>\()?([0-9][0-9A-F]*)(?(open)\))\s*_\s*\{?\s*(?:\\text\s*\{)?(\w+)\s*\}?\}?"
)
_BASES = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


@lru_cache(maxsize=4096)
def read(text: str, comma_groups: bool) -> Answer:
    """Read tidied text as a structure, completely, or raise Unparsable."""
    text = text.strip().rstrip(".,; ").strip()
    if (verbal := words(text)) is not None:
        return Words(verbal)
    text = re.sub(r"\\(?:text|mbox|mathrm|textbf|textrm|mathbf)\s*\{([^{}]*)\}", r" \1 ", text)
    if comma_groups:
        text = _GROUPED.sub(lambda found: _joined(found, text), text)
    return _read(text, 0)


def _joined(found: re.Match[str], text: str) -> str:
    """Join digit groups outside brackets only: (12,102) is a pair."""
    before = text[: found.start()]
    inside = any(before.count(opening) > before.count(closing) for opening, closing in ("()", "[]"))
    return (
        found[0]
        if inside or before.count("\\{") > before.count("\\}")
        else found[0].replace(",", "")
    )


def _read(text: str, depth: int) -> Answer:
    text = text.strip()
    if depth > 20:
        raise Unparsable("nested too deeply")
    if found := re.fullmatch(r"\\(?:boxed|fbox)\s*\{(.*)\}", text, re.DOTALL):
        return _read(found[1], depth + 1)
    if found := _MATRIX.fullmatch(text.strip("()[] ")):
        rows = [row for row in found[2].split(ROW_END) if row.strip()]
        return Grid(tuple(tuple(_read(cell, depth + 1) for cell in row.split("&")) for row in rows))
    for pattern in (_JOIN, re.compile(r"\\cup(?![A-Za-z])")):
        parts = [part for part in _split(text, pattern) if part.strip()]
        if len(parts) > MOST_PARTS:
            raise Unparsable("too many parts")
        if len(parts) > 1:
            return _many(_read(part, depth + 1) for part in parts)
    if found := re.fullmatch(r"\\\{\s*[A-Za-z]\s*[|:](.*)\\\}", text, re.DOTALL):
        return _read(found[1], depth + 1)  # {x | x > 2}
    if found := re.fullmatch(r"[^=<>]{1,12}?\\in(?![A-Za-z])(.*)", text, re.DOTALL):
        return _read(found[1], depth + 1)
    if len(sides := _split(text, re.compile(r"\\approx(?![A-Za-z])"))) > 1:
        if not sides[0].strip():
            return _read(sides[1], depth + 1)
        return _read("=".join(sides) if _is_label(sides[0]) else sides[0], depth + 1)
    if len(sides := _split(text, re.compile(r"="))) > 1:
        return _equation([side.strip() for side in sides], depth)
    if _RELATION.search(text):
        return _inequality(text, depth)
    if found := re.fullmatch(
        r"(?:[A-Za-z]\s*)?([(\[]|\\\{|\\langle)(.*?)([)\]]|\\\}|\\rangle)", text, re.DOTALL
    ):
        inner = _bracketed(text, found, depth)
        if inner is not None:
            return inner
    if re.search(r"\\[pm][mp](?![A-Za-z])", text):
        signs = (("+", "-"), ("-", "+"))
        return _many(
            _read(
                re.sub(r"\\pm(?![A-Za-z])", plus, re.sub(r"\\mp(?![A-Za-z])", minus, text)),
                depth + 1,
            )
            for plus, minus in signs
        )
    if found := _BASED.fullmatch(text):
        base = found[3]
        if base in _BASES:
            base = str(_BASES.index(base) + 2)
        if base.isdigit():
            return Based(found[2].lstrip("0") or "0", base)
    return scalar(text)


def _bracketed(text: str, found: re.Match[str], depth: int) -> Answer | None:
    opening, content, closing = found[1], found[2], found[3]
    parts = [part for part in _split(content, re.compile("[,;]")) if part.strip()]
    prefixed = text[0].isalpha()
    if prefixed and (opening, closing) not in (("(", "]"), ("[", ")")):
        return None  # f(x), not an interval with a letter before it
    if opening == "\\{":
        return _many(_read(part, depth + 1) for part in parts) if closing == "\\}" else None
    if not _balanced(content):
        return None
    if len(parts) > 1:
        brackets = "()" if opening == "\\langle" else opening + closing
        return Group(brackets, tuple(_read(part, depth + 1) for part in parts))
    if len(parts) == 1 and (opening, closing) == ("(", ")"):
        return _read(parts[0], depth + 1)
    return None


def _balanced(content: str) -> bool:
    depth = 0
    for character in content:
        depth += (character in _OPEN) - (character in _CLOSE)
        if depth < 0:
            return False
    return depth == 0


def _split(text: str, pattern: re.Pattern[str]) -> list[str]:
    """Split where the pattern matches outside all brackets."""
    cuts, depth = [], 0
    marks = {m.start(): m.end() for m in pattern.finditer(text)}
    for index, character in enumerate(text):
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
        elif depth == 0 and index in marks:
            cuts.append((index, marks[index]))
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _many(parts) -> Answer:
    flat: list[Answer] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Many) else [part])
    return flat[0] if len(flat) == 1 else Many(tuple(flat))


def _is_label(side: str) -> bool:
    r"""Tell a name ("k", "f(x)", "m_{\max}", "(x, y)", "\angle ABC", "Area") from an expression."""
    if re.fullmatch(r"[A-Za-z]\s*\(\s*\d+\s*\)|\\mathcal\s*\{L\}.*", side.strip(), re.DOTALL):
        return True
    bare = re.sub(
        r"_\s*(?:\{[^{}]*\}|\w)|\^\s*\{?\s*(?:\\prime\s*)+\}?|\\frac\s*\{\s*d[^{}]*\}\s*\{\s*d[^{}]*\}",
        "",
        side,
    )
    return (
        bool(bare.strip())
        and bool(re.fullmatch(r"[A-Za-z\\\s(),|{}':]*", bare))
        or bare.strip() == "" != side.strip()
    )


def _equation(sides: list[str], depth: int) -> Answer:
    if not all(sides):
        raise Unparsable("an equation with an empty side")
    right = _read(sides[-1], depth + 1)
    if _is_label(sides[0]):
        label = re.sub(r"\\angle|[\s{}]", "", sides[0])
        if isinstance(right, Many):  # x = 1 \pm 2
            return Many(tuple(Equation(label, (None, part)) for part in right.parts))
        left = sides[0] if not re.search(r"[,:]|\\angle", sides[0]) else None
        return Equation(label, (_maybe(left), right))
    left = _read(sides[0], depth + 1)
    scalars = isinstance(left, Scalar) and isinstance(right, Scalar)
    if scalars and right.numeric and not left.numeric and right.exact != 0:
        coefficients = re.search(r"\d", re.sub(r"[\^_]\s*\{[^{}]*\}", "", sides[0]))
        if not coefficients:  # a + b = 7: the sum that was asked for
            return Equation(sides[0], (left, right))
    return Equation(None, (left, right))


def _maybe(side: str | None) -> Scalar | None:
    try:
        return None if side is None else scalar(side)
    except Unparsable:
        return None


def _inequality(text: str, depth: int) -> Answer:
    """Read an inequality in one unknown as an interval."""
    sides = [side.strip() for side in _split(text, _RELATION)]
    signs = _RELATION.findall(text)
    if len(sides) != len(signs) + 1 or not all(sides):
        raise Unparsable("no inequality that is understood")
    if len(signs) == 2 and (signs[0] in ("<", r"\leq")) == (signs[1] in ("<", r"\leq")):
        low, high = (sides[0], sides[2]), (signs[0], signs[1])
        if signs[0] in (">", r"\geq"):
            low, high = low[::-1], high[::-1]
        brackets = ("[" if "eq" in high[0] else "(") + ("]" if "eq" in high[1] else ")")
        return Group(brackets, tuple(_read(side, depth + 1) for side in low))
    if len(signs) == 1:
        left, right, sign = sides[0], sides[1], signs[0]
        if not _is_label(left) and _is_label(right):
            left, right, sign = (
                right,
                left,
                sign.translate(str.maketrans("<>lg", "><gl")).replace("\\gge", "\\ge"),
            )
            sign = {r"\geq": r"\geq", r"\leq": r"\leq"}.get(sign, sign)
        closed = "eq" in sign
        bound = _read(right, depth + 1)
        if sign in (">", r"\geq"):
            return Group(("[" if closed else "(") + ")", (bound, scalar(r"\infty")))
        return Group("(" + ("]" if closed else ")"), (scalar(r"-\infty"), bound))
    raise Unparsable("no inequality that is understood")
