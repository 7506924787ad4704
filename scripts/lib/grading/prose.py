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
_SUBSCRIPT = re.compile(r"_\s*(?:\{[^{}]*\}|\w)")
_FUNCTIONS = frozenset([
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh",
    "tanh", "log", "ln", "lg", "exp", "sqrt", "pi", "max", "min", "mod", "gcd", "lcm", "det",
    "inf", "infty", "infinity", "np", "pmatrix", "bmatrix", "matrix", "array"
])  # fmt: skip
_SHORT_WORDS = frozenset([
    "is", "and", "or", "to", "of", "in", "so", "we", "as", "at", "by", "if", "it", "no", "an", "be",
    "he", "on", "up", "us", "am", "my", "do", "go", "me", "km", "cm", "mm", "kg", "mg", "ml",
    "hr", "ft", "lb", "oz", "min", "sec", "mph", "rad", "deg"
])  # fmt: skip
_PRODUCT_LETTERS = frozenset("abcdxyzpqrmnktw")


def reduce_prose(content: str) -> str:
    """Return the answer within a span: all of an expression, of prose the part that wins."""
    text = content.strip()
    if not has_words(text):
        return text
    boxed = boxes(text)
    if boxed:
        return boxed[-1] if boxed[-1] == text else reduce_prose(boxed[-1])
    text = re.split(r"[,;]?\s*\$?\s*\bwhere\b", text)[0] if not text.startswith("where") else text
    if not has_words(text):
        return text
    return final_math(text) or final_run(text) or _after_verb(text)


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
    bare = _SUBSCRIPT.sub(" ", unwrap_text(text))
    return any(is_word(word[0]) for word in _WORD.finditer(_COMMAND.sub(" ", bare)))


def is_word(word: str) -> bool:
    """Tell a word ("apples", "is") from a product of variables ("xy", "SRAC") or "sin"."""
    lower = word.lower()
    if lower in _FUNCTIONS:
        return False
    if lower in _SHORT_WORDS:
        return word != word.upper()
    if len(word) < 3 or (word == word.upper() and len(word) < 5) or set(lower) <= _PRODUCT_LETTERS:
        return False
    return bool(set(lower) & set("aeiouy"))


def unwrap_text(text: str) -> str:
    r"""Replace ``\text{cm}`` and its kin by the words in them."""
    return _TEXT.sub(r"\1", re.sub(_TEXT.pattern + r"(?=\w)", r"\1 ", text))


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
        money = not content.strip() or has_words(content) or text[end + 1 : end + 2].isdigit()
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
    runs: list[list[str]] = [[]]
    plain = re.sub(r"\{,\}|,\\!\s*", ",", unwrap_text(text)).replace("\\!", "")
    for word in re.sub(r"[*_`#]{2,}|\\[,;: ]|~", " ", plain).split():
        if has_words(word):
            if word.lower() in ("and", "or") and runs[-1]:
                runs[-1].append(",")
            else:
                runs.append([])
        else:
            runs[-1].append(word)
            if word.endswith((":", "?")) or (word.endswith(".") and len(word) > 1):
                runs.append([])
    for run in reversed(runs):
        words = list(run)
        while words and words[0] in ("a", "A", "I", ",", "-", "–", "—", ":"):
            words.pop(0)
        candidate = " ".join(words).lstrip(" ,;:?").rstrip(" ,.;:?+-*/=")
        if re.search(r"\d|\\[A-Za-z]|[A-Za-z]\s*[-+*/^=]\s*[A-Za-z]", candidate):
            return _as_list(candidate)
    return None


def _as_list(run: str) -> str:
    """Join bare numbers that stand side by side into an enumeration: they are no product."""
    numbers = [word for word in re.split(r"(?:\s|,(?=\s)|(?<=\s),)+", run) if word]
    if len(numbers) > 1 and all(re.fullmatch(r"[-+]?\$?[\d,./]+%?", word) for word in numbers):
        return ", ".join(numbers)
    return run


def _after_verb(text: str) -> str:
    """Return what prose without a number says the answer is: "It is even." -> "even"."""
    last = re.split(r"\b(?:is|are|be|equals)\b|:", unwrap_text(text))[-1]
    return last.strip(" .!*") or text
