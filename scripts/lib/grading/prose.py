r"""Tell prose from mathematics, and find the answer within prose.

In prose a ``\boxed{}`` wins, then ``$…$``, then the last number or expression. Several of them
joined by commas, "and" or "or" are one answer with several parts: an enumeration of guesses is
never taken for its last member.

What stands beside a number and changes it is never dropped as if it were a unit: a scale word is
written out ("18 million"), and other such words ("at least 18", "18 dozen") and whatever is glued
to a box ("-\boxed{18}") are kept in the answer, as a command that no reader knows: "18\dozen".
"""

from __future__ import annotations

import re
from collections.abc import Callable

from scripts.lib.grading.boxes import box_spans, boxes

_MATH = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]|\$\$(.+?)\$\$", re.DOTALL)
_TEXT = re.compile(
    r"\\(?:text|mbox|mathrm|textbf|textit|textrm|mathbf|operatorname|rm)\s*"
    r"\{((?:[^{}]|\{[^{}]*\})*)\}"
)
_JOINT = re.compile(
    r"[\s.]*(?:[,;]|\\text\{\s*(?:and|or)\s*\}|\band\b|\bor\b|&|\s)*[\s.]*", re.IGNORECASE
)
_BOX_JOINT = re.compile(
    r"[\s$]*(?:(?:[,;&]|\\text\s*\{\s*(?:and|or)\s*\}|\\?\b(?:and|or)\b)[\s$]*)+"
    r"(?:(?P<label>[A-Za-z])\s*=\s*)?",
    re.IGNORECASE,
)
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_GAP = r"((?:\\[,;:! %)]|\^\s*\{?\s*\\circ\s*\}?|[~\s$%°*])*)"
_BEHIND_NUMBER = rf"(?:(?<=[\d.)}}\]!])|(?<=\\pi)|(?<=[\d\s}}]i)){_GAP}"
_SCALED = re.compile(rf"{_BEHIND_NUMBER}((?:\b|(?<=\d))(?:(?:{'|'.join(_SCALES)})s?\b[\s-]*)+)")
_CHANGERS = (
    r"(?:and (?:a|one)[ -](?:half|third|quarter|fourth)|and three[ -]quarters"
    r"|or (?:more|less|fewer)|factorial|thirds|fourths|fifths|sixths|sevenths|eighths|ninths|tenths"
    r"|squared(?! +[A-Za-z])|cubed(?! +[A-Za-z]))(?![A-Za-z])"
)
_COUNTED = r"(?:dozens?|halves|quarters)(?![A-Za-z])"  # in a sentence, what was asked for
_CHANGED = re.compile(rf"{_BEHIND_NUMBER}({_CHANGERS})")
_COUNTED_ONES = re.compile(rf"{_BEHIND_NUMBER}({_COUNTED})")
_BOUND = re.compile(
    r"\W*((?:at (?:least|most)|(?:no )?(?:more|less|fewer) than|over|under|above|below|up to|not"
    r"|(?:one )?half of|twice|double|triple|(?:the )?(?:square|cube) root of)\s+)"
    r"(?=(?:np\.|[-+$\\\d.(])(?:\\[,;:]|[^=,;:]|,(?=\d|\\!))*\Z)",
    re.IGNORECASE,
)
_BEFORE_BOX = re.compile(
    r"(?:(?<!-)[-−]|[=$(\[]\s*[-−]\s*|[/^\d]|[\w)}]\s*\+|\d\s*\*|\\(?:cdot|times|pm|mp)\s*"
    r"|\\(?:sqrt|[dt]?frac)\s*\{?)\Z"
)
_BEHIND_BOX = re.compile(
    r"[A-Za-z](?![A-Za-z])|\d|[.,]\d|[-+*/]\s?[\d(\\]|[\^_]\s*\{?\s*-?\d"
    r"|[ \t]*\\(?:sqrt|pi|[dt]?frac|cdot|times)(?![A-Za-z])"
    rf"|(?:\\[,;:! ]|[~\s$])*(?:\\text\s*\{{\s*)?(?:(?:{'|'.join(_SCALES)})|{_CHANGERS}|{_COUNTED})"
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
        (r"(?m)^\s*[-*•]\s+", ""),  # a list's bullet, which is no sign
    )
)
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)\W*")
_CALCULATION = re.compile(
    r"(?:[-–+*/×÷=\d\s$.%()]|(?<=\d),(?=\d)|(?:(?<=[\d)\s])|^)x(?=\s*[\d$(]))*=\s*(-?\$?-?\d[\d,.]*)%?"
)
_TEXT_UNITS = re.compile(
    r"(?<=[\w)}])(?:\\[,;:! ]|~|\s|\\cdot|/)*"
    r"\\(?:text|mbox|mathrm|textrm|rm)\s*\{(?![^{}]*(?:\band\b|\bor\b))"
    r"(?:[^{}]|\{[^{}]*\})*\}(?:\s*\^\s*(?:\{[^{}]*\}|-?\d))?"
)
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


def reduce_prose(content: str, agree: Callable[[str, str], bool] = str.__eq__) -> str:
    """Return the answer within a span: all of an expression, of prose the part that wins.

    `agree` decides whether several boxes are one answer in several forms.
    """
    text = re.sub(r"^[\s*`#=]+|[\s*`]+$", "", content)
    found = boxes(text)
    if found and (len(found) == 1 or has_words(text)):
        answer = boxed_answer(text, agree)
        assert answer is not None  # there is a box
        return answer
    text = numeral_words(text)
    if bound := _BOUND.match(plain := unwrap_text(text)):
        return _as_command(bound[1]) + plain[bound.end() :]
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


def numeral_words(text: str) -> str:
    r"""Write out a scale word behind a number; turn other words that change it into a command.

    >>> numeral_words("1.5 million")
    '1.5 \\times 10^{6}'
    >>> numeral_words(r"18 \text{ and a half}")
    '18\\andahalf'
    """
    plain = unwrap_text(text)
    changed = _SCALED.sub(_scale, plain)
    changed = _CHANGED.sub(lambda found: _as_command(found[2]) + found[1], changed)
    counted = _COUNTED_ONES.search(changed)
    if counted and not has_words(before := changed[: counted.start()]) and "=" not in before:
        changed = before + _as_command(counted[2]) + counted[1] + changed[counted.end() :]
    return text if changed == plain else changed.strip()


def _scale(found: re.Match[str]) -> str:
    marks = "".join(re.findall(r"\\\)|[$*]", found[1]))  # "$18$ million" is $18 \times 10^{6}$
    power = sum(_SCALES[word.rstrip("s")] for word in re.findall("[a-z]+", found[2]))
    return rf" \times 10^{{{power}}}{marks} "


def _as_command(words: str) -> str:
    return "\\" + re.sub("[^a-z]", "", words.lower()) + " "


def final_expression(text: str) -> str | None:
    """Return the final number or expression of free text."""
    tail = numeral_words(text[-4000:])
    run = final_run(tail)
    spans = math_spans(tail)
    if spans:
        start, end, _ = spans[-1]
        after = final_run(tail[end:])
        return after or final_math(tail) or tail[start:end]
    return run


def boxed_answer(text: str, agree: Callable[[str, str], bool]) -> str | None:
    r"""Return what the last ``\boxed{}`` and those that it is joined to say; None without a box.

    A box that is only a part of a larger expression is returned with the text glued to it.
    """
    parts: list[str] = []
    following = None
    for start, end, content in reversed(box_spans(text)):
        if following is not None:
            joint = _BOX_JOINT.fullmatch(text[end:following])
            label = joint and joint["label"]
            if (
                not joint
                or label
                and not re.search(rf"{label}\s*=\s*\Z", text[max(0, start - 20) : start])
            ):
                break
        before = _BEFORE_BOX.search(text[max(0, start - 20) : start])
        behind = _BEHIND_BOX.match(text[end : end + 40])
        if before or behind:
            return f"{before[0] if before else ''}{text[start:end]}{behind[0] if behind else ''}"
        parts.append(reduce_prose(content))
        following = start
    if not parts or all(agree(parts[0], other) for other in parts[1:]):
        return parts[0] if parts else None
    return ", ".join(reversed(parts))


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


def spread_text(text: str) -> str:
    r"""Replace ``\text{cm}`` by its words with spaces around them: "6\text{m}" is no product."""
    return _TEXT.sub(r" \1 ", text)


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
        while words and words[0] in ("a", "A", "I", ",", "–", "—", ":"):
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
