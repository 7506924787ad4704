r"""Tell prose from mathematics, and find the answer within prose.

In prose a ``\boxed{}`` wins, then ``$…$``, then the last number or expression. Several of them
joined by commas, "and" or "or" are one answer with several parts: an enumeration of guesses is
never taken for its last member.
"""

from __future__ import annotations

import re

_MATH = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]|\$\$(.+?)\$\$", re.DOTALL)
_TEXT = re.compile(
    r"\\(?:text|mbox|mathrm|textbf|textit|textrm|mathbf|operatorname|rm)\s*\{([^{}]*)\}"
)
_JOINT = re.compile(
    r"[\s.]*(?:[,;]|\\text\{\s*(?:and|or)\s*\}|\band\b|\bor\b|&|\s)*[\s.]*", re.IGNORECASE
)
_COMMAND = re.compile(r"\\[A-Za-z]+")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}(?:['’-][A-Za-z]+)*")
_SCRIPT = re.compile(r"[_^]\s*(?:\{[^{}]*\}|\w)")
_GROUP_SCRIPT = re.compile(r"(?<=\})" + _SCRIPT.pattern)
_QUALIFIER = re.compile(
    r"[,;]?\s{0,9}(?:\\text\s{0,9}\{\s{0,9})?"
    r"(?:\bwhere\b|\bfor (?:all|any|every|each)(?: (?:real|positive|natural|integers?|numbers?))*"
    r"[\s}]*(?:\$|\\\(|[b-zB-Z](?![\w'])))"
)
_PLAINER = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\b(?:[Nn]egative|[Mm]inus)\s+(?=[\d$\\])", "-"),
        (r"(?<=\d)/[A-Za-z]{2,}", ""),  # $600/month
        (r"(?<=[A-Za-z]):(?=\S)", ": "),  # Total:18
        (r"[*_`#]{2,}|\\[,;: ]|~", " "),
    )
)
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)\W*")
_CALCULATION = re.compile(
    r"(?:[-–+*/×÷=\d\s$.%()]|(?<=\d),(?=\d)|(?:(?<=[\d)\s])|^)x(?=\s*[\d$(]))*=\s*(-?\$?-?\d[\d,.]*)%?"
)
_TEXT_UNITS = re.compile(
    r"(?<=[\w)}])(?:\\[,;:! ]|~|\s|\\cdot|/)*"
    r"\\(?:text|mbox|mathrm|textrm|rm)\s*\{(?![^{}]*(?:thousand|illion|\band\b|\bor\b))"
    r"(?:[^{}]|\{[^{}]*\})*\}(?:\s*\^\s*(?:\{[^{}]*\}|-?\d))?"
)
_FUNCTIONS = frozenset([
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh",
    "tanh", "log", "ln", "lg", "exp", "sqrt", "pi", "max", "min", "mod", "gcd", "lcm", "det",
    "inf", "infty", "infinity", "np", "pmatrix", "bmatrix", "matrix", "array",
    "thousand", "million", "billion", "trillion"  # part of a number
])  # fmt: skip
_SHORT_WORDS = frozenset([
    "is", "and", "or", "to", "of", "in", "so", "we", "as", "at", "by", "if", "it", "no", "an", "be",
    "he", "on", "up", "us", "am", "my", "do", "go", "me", "km", "cm", "mm", "kg", "hr", "ft", "lb",
    "oz", "min", "sec", "mph", "rad", "deg"
])  # fmt: skip
_PRODUCT_LETTERS = frozenset("abcdxyzpqrmnktw")


def reduce_prose(content: str) -> str:
    """Return the answer within a span: all of an expression, of prose the part that wins."""
    text = re.sub(r"^[\s*`#=]+|[\s*`]+$", "", content)
    boxed = boxes(text)
    if boxed and (len(boxed) == 1 or has_words(text)):
        return reduce_prose(boxed[-1])
    if not has_words(text):
        return text
    text = _QUALIFIER.split(text)[0].strip() or text
    if not has_words(text):
        return text
    return _without_text_units(text) or final_math(text) or final_run(text) or _after_verb(text)


def _without_text_units(text: str) -> str | None:
    r"""Return mathematics without its units: "4.5\,\mathrm{erg\,s^{-1}}" -> "4.5"; else None."""
    kept = _TEXT_UNITS.sub("", text)
    return kept if re.search(r"\d", kept) and not has_words(kept) else None


def final_expression(text: str) -> str | None:
    """Return the final number or expression of free text."""
    tail = text[-4000:]
    run = final_run(tail)
    spans = math_spans(tail)
    if spans:
        start, end, _ = spans[-1]
        after = final_run(tail[end:])
        return after or final_math(tail) or tail[start:end]
    return run


def boxes(text: str) -> list[str]:
    r"""Return the contents of every balanced, non-empty ``\boxed{}``; of nested ones, the inner."""
    found: list[str] = []
    open_braces: list[tuple[int, bool]] = []
    inner_end = -1
    for token in re.finditer(r"\\(?:boxed|fbox)\s*\{|\\.|[{}]", text, re.DOTALL):
        if token[0] == "}":
            if not open_braces:
                continue
            start, is_box = open_braces.pop()
            content = text[start : token.start()].strip()
            if is_box and content and inner_end < start:
                found.append(content)
                inner_end = token.end()
        elif token[0].endswith("{") and token[0] != "\\{":
            open_braces.append((token.end(), token[0] != "{"))
    return found


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
    return free and before + after != "()"


def is_word(word: str) -> bool:
    """Tell a word ("apples", "is") from a product of variables ("xy", "SRAC") or "sin"."""
    lower = word.lower()
    if lower in _FUNCTIONS:
        return False
    if lower in _SHORT_WORDS:
        return word != word.upper()
    if len(word) < 3 or (word == word.upper() and len(word) < 5) or _is_product(lower):
        return False
    return bool(set(lower) & set("aeiouy"))


def _is_product(word: str) -> bool:
    """Tell a product in the order of the alphabet ("abc", "xyz") from "pay" and "Mark"."""
    return set(word) <= _PRODUCT_LETTERS and list(word) == sorted(word) and word != "any"


def unwrap_text(text: str) -> str:
    r"""Replace ``\text{cm}`` and its kin by the words in them."""
    apart = re.sub(_TEXT.pattern + r"(?=\w)", r"\1 ", text)
    return _TEXT.sub(r"\1", re.sub(r"(\\[A-Za-z]+)(?=\\text\s*\{)", r"\1 ", apart))


def math_spans(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, content) of the math in a text; a dollar sign for money opens none."""
    spans = [(m.start(), m.end(), next(g for g in m.groups() if g)) for m in _MATH.finditer(text)]
    covered = [(start, end) for start, end, _ in spans]
    dollars = [
        m.start()
        for m in re.finditer(r"(?<!\\)\$", text)
        if not any(start <= m.start() < end for start, end in covered)
    ]
    index = 0
    while index + 1 < len(dollars):
        start, end = dollars[index], dollars[index + 1]
        content = text[start + 1 : end]
        money = (
            not content.strip()
            or content.rstrip()[-1] in "-+*/="
            or has_words(content)
            or text[end + 1 : end + 2].isdigit()
        )
        if not money and "\n\n" not in content:
            spans.append((start, end + 1, content))
            index += 1
        index += 1
    return sorted(spans)


def final_math(text: str) -> str | None:
    """Return the last math span with those that it is joined to: "$1$, $2$ and $3$"."""
    spans = math_spans(text)
    if not spans:
        return None
    parts = [spans[-1][2].strip()]
    for (_, end, content), (start, _, _) in zip(
        reversed(spans[:-1]), reversed(spans[1:]), strict=True
    ):
        between = text[end:start]
        if not between.strip() or len(between) > 20 or not _JOINT.fullmatch(between):
            break
        parts.insert(0, content.strip())
    return ", ".join(parts)


def final_run(text: str) -> str | None:
    """Return the last run of mathematical words that holds a number or an operator."""
    for run in reversed(_runs(text)):
        words = list(run)
        while words and words[0] in ("a", "A", "I", ",", "-", "–", "—", ":"):
            words.pop(0)
        while len(words) > 1 and words[-1] == "a":  # $18 a day
            words.pop()
        candidate = _closed(" ".join(words).lstrip(" ,;:?=").rstrip(" ,.;:?+-*/="))
        if result := _CALCULATION.fullmatch(candidate):
            return result[1]
        if re.search(r"\d|\\[A-Za-z]|[A-Za-z]\s*[-+*/^=]\s*[A-Za-z]", candidate):
            return _as_list(candidate)
    return None


def _runs(text: str) -> list[list[str]]:
    """Split prose into its runs of mathematical words."""
    plain = re.sub(r"\{,\}|,\\!\s*", ",", unwrap_text(text)).replace("\\!", "")
    for pattern, replacement in _PLAINER:
        plain = pattern.sub(replacement, plain)
    runs: list[list[str]] = [[]]
    for word in plain.split():
        if has_words(word) or _ORDINAL.fullmatch(word):
            if word.lower() in ("and", "or") and runs[-1]:
                runs[-1].append(",")
            else:
                runs.append([])
        else:
            runs[-1].append(word)
            if word.endswith((":", "?")) or (word.endswith(".") and len(word) > 1):
                runs.append([])
    return runs


def _closed(run: str) -> str:
    """Drop the bracket that a run closes and did not open, as in "(since 2 + 3 = 5)"."""
    return run[:-1].rstrip() if run.endswith(")") and run.count("(") < run.count(")") else run


def _as_list(run: str) -> str:
    """Join bare numbers that stand side by side into an enumeration: they are no product."""
    if re.fullmatch(r"\d+ \d+/\d+", run):
        return run  # a mixed number
    numbers = [word for word in re.split(r"(?:\s|,(?=\s)|(?<=\s),)+", run) if word]
    if len(numbers) > 1 and all(re.fullmatch(r"[-+]?\$?[\d,./]+%?", word) for word in numbers):
        return ", ".join(numbers)
    return run


def _after_verb(text: str) -> str:
    """Return what prose without a number says the answer is: "It is even." -> "even"."""
    last = re.split(r"\b(?:is|are|be|equals|[Oo]ption|[Cc]hoice)\b|:", unwrap_text(text))[-1]
    return last.strip(" .!*") or text
