r"""Tell words from mathematics, and write out the words that belong to a number.

A scale word is written out ("18 million" is ``18 \times 10^{6}``). Other words that change a number
("at least 18", "18 dozen", "not 18") stay in the answer as a command that no reader knows:
``18\dozen``. So they are never dropped as if they were units.
"""

from __future__ import annotations

import re

_TEXT = re.compile(
    r"\\(?:text|textnormal|mbox|mathrm|textbf|textit|textrm|mathbf|operatorname|rm)\s*"
    r"\{((?:[^{}]|\{[^{}]*\})*)\}"
)
_COMMAND = re.compile(r"\\[A-Za-z]+")
_ASIAN = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"  # scripts that put no spaces between words
_FOREIGN = rf"{_ASIAN}+|[\u00c0-\u024f\u0400-\u04ff\u0600-\u065f]{{2,}}"
_WORD = re.compile(rf"(?<![\\A-Za-z])[A-Za-z]{{2,}}(?:['’-][A-Za-z]+)*|{_FOREIGN}")
_SCRIPT = re.compile(r"[_^]\s*(?:\{[^{}]*\}|\w)")
_GROUP_SCRIPT = re.compile(r"(?<=\})" + _SCRIPT.pattern)
_FUNCTIONS = frozenset([
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh",
    "tanh", "log", "ln", "lg", "exp", "sqrt", "pi", "max", "min", "mod", "gcd", "lcm", "det",
    "inf", "infty", "infinity", "np", "pmatrix", "bmatrix", "matrix", "array",
])  # fmt: skip
_SHORT_WORDS = frozenset([
    "is", "and", "or", "to", "of", "in", "so", "we", "as", "at", "by", "if", "it", "no", "an", "be",
    "he", "on", "up", "us", "am", "my", "do", "go", "me", "km", "cm", "mm", "kg", "hr", "ft", "lb",
    "oz", "min", "sec", "mph", "rad", "deg"
])  # fmt: skip
_PRODUCT_LETTERS = frozenset("abcdxyzpqrmnktw")

SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
CHANGERS = (
    r"(?:and (?:a|one)[ -](?:half|third|quarter|fourth)|and three[ -]quarters"
    r"|or (?:more|less|fewer)|factorial|thirds|fourths|fifths|sixths|sevenths|eighths|ninths|tenths"
    r"|squared(?! +[A-Za-z])|cubed(?! +[A-Za-z]))(?![A-Za-z])"
)
COUNTED = r"(?:dozens?|halves|quarters)(?![A-Za-z])"  # in a sentence, what was asked for
_GAP = r"((?:\\[,;:! %)]|\^\s*\{?\s*\\circ\s*\}?|[~\s$%°*])*)"
_BEHIND_NUMBER = rf"(?:(?<=[\d.)}}\]!])|(?<=\\pi)|(?<=[\d\s}}]i)){_GAP}"
_SCALED = re.compile(rf"{_BEHIND_NUMBER}((?:\b|(?<=\d))(?:(?:{'|'.join(SCALES)})s?\b[\s-]*)+)")
_CHANGED = re.compile(rf"{_BEHIND_NUMBER}({CHANGERS})")
_COUNTED_ONES = re.compile(rf"{_BEHIND_NUMBER}({COUNTED})")
_ONES = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SPELLED = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?:[ -]({'|'.join(_ONES[:9])}))?|({'|'.join(reversed(_ONES))}))\b",
    re.IGNORECASE,
)


def has_words(text: str) -> bool:
    """Tell prose from an expression: a word of a natural language outside math commands."""
    bare = _SCRIPT.sub("^", unwrap_text(_GROUP_SCRIPT.sub(" ", text)))
    masked = _COMMAND.sub(lambda command: "\\" * len(command[0]), bare)
    return any(
        is_word(word[0]) and (len(word[0]) > 2 or _stands_alone(masked, *word.span()))
        for word in _WORD.finditer(masked)
    )


def _stands_alone(text: str, start: int, end: int) -> bool:
    r"""Tell the word of "at 5" from the product of "e^{-at}", "\sinh(at)" and "mg\sin x"."""
    before, after = text[start - 1 : start] or " ", text[end : end + 1] or " "
    free = before in " \n\t,~$*\"'(" and after in " \n\t.,;:!?)~$*\"'"
    return free and before + after != "()" or not text[start].isascii()


def is_word(word: str) -> bool:
    """Tell a word ("apples", "is") from a product of variables ("xy", "SRAC") or "sin"."""
    lower = word.lower()
    if not word.isascii():
        return True
    if lower in _FUNCTIONS:
        return False
    if lower in _SHORT_WORDS:
        return word != word.upper()
    if len(word) < 3 or (word == word.upper() and len(word) < 5) or _is_product(lower):
        return False
    return bool(set(lower) & set("aeiouy"))


def _is_product(word: str) -> bool:
    """Tell a product in the order of the alphabet ("abc", "xyz") from "pay" and "Mark"."""
    return (
        set(word) <= _PRODUCT_LETTERS and list(word) == sorted(word) and word not in ("any", "add")
    )


def unwrap_text(text: str) -> str:
    r"""Replace ``\text{cm}`` and its kin by the words in them."""
    apart = re.sub(_TEXT.pattern + r"(?=\w)", r"\1 ", text)
    return _TEXT.sub(r"\1", re.sub(r"(\\[A-Za-z]+)(?=\\text\s*\{)", r"\1 ", apart))


def spread_text(text: str) -> str:
    r"""Replace ``\text{cm}`` by its words with spaces around them: "6\text{m}" is no product."""
    return _TEXT.sub(r" \1 ", text)


def apart(text: str) -> str:
    """Put spaces between a number and the word that is glued to it ("12dollars", "共18元")."""
    text = re.sub(rf"(?<=[\d.])(?={_ASIAN})|(?<={_ASIAN})(?=[\d$\\])", " ", text)
    return re.sub(r"(?<=\d)(?=[A-Za-z]{4,})", " ", text)


def spelled_number(text: str) -> str:
    """Write the numbers up to ninety-nine that are spelled out in digits: "eighteen" -> "18"."""

    def digits(found: re.Match[str]) -> str:
        tens, unit, alone = (part and part.lower() for part in found.groups())
        if alone:
            return str(_ONES.index(alone) + 1)
        return str(10 * (_TENS.index(tens) + 2) + (_ONES.index(unit) + 1 if unit else 0))

    return _SPELLED.sub(digits, text)


def numeral_words(text: str) -> str:
    r"""Write out a scale word behind a number; turn other words that change it into a command.

    >>> numeral_words("1.5 million")
    '1.5 \\times 10^{6}'
    >>> numeral_words(r"18 \text{ and a half}")
    '18\\andahalf'
    """
    plain = unwrap_text(text)
    changed = _SCALED.sub(_scale, plain)
    changed = _CHANGED.sub(lambda found: as_command(found[2]) + found[1], changed)
    counted = _COUNTED_ONES.search(changed)
    if counted and not has_words(before := changed[: counted.start()]) and "=" not in before:
        changed = before + as_command(counted[2]) + counted[1] + changed[counted.end() :]
    return text if changed == plain else changed.strip()


def _scale(found: re.Match[str]) -> str:
    marks = "".join(re.findall(r"\\\)|[$*]", found[1]))  # "$18$ million" is $18 \times 10^{6}$
    power = sum(SCALES[word.rstrip("s")] for word in re.findall("[a-z]+", found[2]))
    return rf" \times 10^{{{power}}}{marks} "


def as_command(words: str) -> str:
    r"""Return words as a command that no reader of answers knows: "at least" -> "\atleast "."""
    return "\\" + re.sub("[^a-z]", "", words.lower()) + " "
