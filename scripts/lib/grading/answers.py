r"""Read an answer as a structure: numbers, lists, tuples, intervals, equations, matrices, words.

Kinds never mix: a set is no tuple, ``[a,b]`` is no point, an equation is no number (except that a
name may be left out: ``k = 1`` is ``1``), and a numeral in base 8 is none in base 7 or 10.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from scripts.lib.grading.clock import Clock, clock
from scripts.lib.grading.notation import ROW_END, words
from scripts.lib.grading.scalars import Scalar, Unparsable, scalar
from scripts.lib.grading.words import spread_text

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
    """Sides joined by ``=``; `label` is the left side where it is only a name for the right one.

    `between` has the numbers between the two sides of a chain, which must agree with the last one.
    """

    label: str | None
    sides: tuple
    between: tuple = ()


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


@dataclass(frozen=True)
class Unequal:
    r"""What a name is not, ``x \neq 3``: the relation with ``=`` in its place."""

    equation: Answer


Answer = Many | Group | Equation | Grid | Based | Words | Unequal | Clock | Scalar

_OPEN, _CLOSE = "([{", ")]}"
_GROUPED = re.compile(r"(?<![\d.])(?<!\d,)\d{1,3}(?:,\d{3})+(?!\d|,\d)")
_JOIN = re.compile(
    r"[,;]|\\?(?<![A-Za-z])(?:and|or)(?![A-Za-z])|\\(?:vee|lor|text\{\s*(?:and|or)\s*\})"
)
_UNION = re.compile(r"\\cup(?![A-Za-z])")
_APPROXIMATELY = re.compile(r"\\approx(?![A-Za-z])")
_EQUALS, _COLON = re.compile("="), re.compile(":")
_SIGN = re.compile(r"\\(pm|mp)(?![A-Za-z])")
_BRACKETED = re.compile(r"(?:[A-Za-z]\s*)?([(\[]|\\\{)(.*?)([)\]]|\\\})", re.DOTALL)
_MIRRORED = {"<": ">", ">": "<", r"\leq": r"\geq", r"\geq": r"\leq"}
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
    text = spread_text(text)
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
    if depth > 20 or re.search(r"\\not(?![A-Za-z])", text):
        raise Unparsable("nested too deeply, or a negated relation")
    for reader in (
        _boxed,
        _grid,
        _list,
        _members,
        _approximated,
        _unequal,
        _equation,
        _inequality,
        _bracketed,
        _signs,
        _ratio,
        _based,
    ):
        if (answer := reader(text, depth + 1)) is not None:
            return answer
    return scalar(text)


def _boxed(text: str, depth: int) -> Answer | None:
    found = re.fullmatch(r"\\(?:boxed|fbox)\s*\{(.*)\}", text, re.DOTALL)
    return _read(found[1], depth) if found and _balanced(found[1]) else None


def _grid(text: str, depth: int) -> Answer | None:
    found = _MATRIX.fullmatch(text.strip("()[] "))
    if not found:
        return None
    rows = [row for row in found[2].split(ROW_END) if row.strip()]
    return Grid(tuple(tuple(_read(cell, depth) for cell in row.split("&")) for row in rows))


def _list(text: str, depth: int) -> Answer | None:
    for pattern in (_JOIN, _UNION):
        parts = [part for part in _split(text, pattern) if part.strip()]
        if len(parts) > MOST_PARTS:
            raise Unparsable("too many parts")
        if len(parts) > 1:
            return _many(_read(part, depth) for part in parts)
    return None


def _members(text: str, depth: int) -> Answer | None:
    r"""Read what a name is a member of: "\{x | x > 2\}", "x \in [2, 3]"."""
    found = re.fullmatch(r"\\\{\s*[A-Za-z]\s*[|:](.*)\\\}", text, re.DOTALL) or re.fullmatch(
        r"[^=<>]{1,12}?\\in(?![A-Za-z])(.*)", text, re.DOTALL
    )
    return _read(found[1], depth) if found else None


def _approximated(text: str, depth: int) -> Answer | None:
    sides = _split(text, _APPROXIMATELY)
    if len(sides) == 1:
        return None
    if not sides[0].strip():
        return _read(sides[1], depth)
    return _read("=".join(sides) if _is_label(sides[0]) else sides[0], depth)


def _signs(text: str, depth: int) -> Answer | None:
    if not _SIGN.search(text):
        return None
    upper = _SIGN.sub(lambda sign: "+" if sign[1] == "pm" else "-", text)
    lower = _SIGN.sub(lambda sign: "-" if sign[1] == "pm" else "+", text)
    return _many(_read(each, depth) for each in (upper, lower))


def _ratio(text: str, depth: int) -> Answer | None:
    if time := clock(text):
        return time
    parts = _split(text, _COLON)  # with two parts, a quotient
    return Group("::", tuple(_read(part, depth) for part in parts)) if len(parts) > 2 else None


def _based(text: str, depth: int) -> Answer | None:
    found = _BASED.fullmatch(text)
    if not found:
        return None
    base = str(_BASES.index(found[3]) + 2) if found[3] in _BASES else found[3]
    return Based(found[2].lstrip("0") or "0", base) if base.isdigit() else None


def _bracketed(text: str, depth: int) -> Answer | None:
    found = _BRACKETED.fullmatch(text)
    if not found:
        return None
    opening, content, closing = found[1], found[2], found[3]
    parts = [part for part in _split(content, re.compile("[,;]")) if part.strip()]
    prefixed = text[0].isalpha()
    if prefixed and (opening, closing) not in (("(", "]"), ("[", ")")):
        return None  # f(x), not an interval with a letter before it
    if opening == "\\{":
        return _many(_read(part, depth) for part in parts) if closing == "\\}" else None
    if not _balanced(content):
        return None
    if len(parts) > 1:
        return Group(opening + closing, tuple(_read(part, depth) for part in parts))
    if len(parts) == 1 and (opening, closing) == ("(", ")"):
        return _read(parts[0], depth)
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


def _many(parts: Iterable[Answer]) -> Answer:
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


def _equation(text: str, depth: int) -> Answer | None:
    sides = [side.strip() for side in _split(text, _EQUALS)]
    if len(sides) == 1:
        return None
    if not all(sides):
        raise Unparsable("an equation with an empty side")
    right = _read(sides[-1], depth)
    between = tuple(filter(None, map(_maybe, sides[1:-1])))
    if _is_label(sides[0]):
        label = re.sub(r"\\angle|[\s{}]", "", sides[0])
        if isinstance(right, Many):  # x = 1 \pm 2
            return Many(tuple(Equation(label, (None, part)) for part in right.parts))
        name = sides[0] if not re.search(r"[,:]|\\angle", sides[0]) else None
        return Equation(label, (_maybe(name), right), between)
    left = _read(sides[0], depth)
    named = isinstance(left, Scalar) and not left.numeric
    if named and isinstance(right, Scalar) and right.numeric and right.exact != 0:
        coefficients = re.search(r"\d", re.sub(r"[\^_]\s*\{[^{}]*\}", "", sides[0]))
        if not coefficients:  # a + b = 7: the sum that was asked for
            return Equation(sides[0], (left, right), between)
    return Equation(None, (left, right), between)


def _maybe(side: str | None) -> Scalar | None:
    try:
        return None if side is None else scalar(side)
    except Unparsable:
        return None


def _unequal(text: str, depth: int) -> Answer | None:
    sides = [side.strip() for side in re.split(r"\\neq(?![A-Za-z])", text)]
    if len(sides) == 1:
        return None
    if len(sides) > 2:
        raise Unparsable("a chain of inequalities")
    return Unequal(_read("=".join(filter(None, sides)), depth))


def _inequality(text: str, depth: int) -> Answer | None:
    """Read an inequality in one unknown as an interval."""
    if not _RELATION.search(text):
        return None
    sides = [side.strip() for side in _split(text, _RELATION)]
    signs = _RELATION.findall(text)
    if len(sides) != len(signs) + 1 or not all(sides):
        raise Unparsable("no inequality that is understood")
    if len(signs) == 2 and (signs[0] in ("<", r"\leq")) == (signs[1] in ("<", r"\leq")):
        low, high = (sides[0], sides[2]), (signs[0], signs[1])
        if signs[0] in (">", r"\geq"):
            low, high = low[::-1], high[::-1]
        brackets = ("[" if "eq" in high[0] else "(") + ("]" if "eq" in high[1] else ")")
        return Group(brackets, tuple(_read(side, depth) for side in low))
    if len(signs) == 1:
        (left, right), sign = sides, signs[0]
        if not _is_label(left) and _is_label(right):
            right, sign = left, _MIRRORED[sign]
        closed = "eq" in sign
        bound = _read(right, depth)
        if sign in (">", r"\geq"):
            return Group(("[" if closed else "(") + ")", (bound, scalar(r"\infty")))
        return Group("(" + ("]" if closed else ")"), (scalar(r"-\infty"), bound))
    raise Unparsable("no inequality that is understood")
