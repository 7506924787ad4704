r"""Find the answer within prose.

In a sentence a ``\boxed{}`` wins, then ``$…$``, then the last number or expression. Several of them
joined by commas, "and" or "or" are one answer with several parts: an enumeration of guesses is
never taken for its last member. What a sentence denies ("not 18") is kept with the word.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from scripts.lib.grading.boxes import boxes, last_boxes
from scripts.lib.grading.words import (
    apart,
    as_command,
    has_words,
    numeral_words,
    unwrap_text,
)

_MATH = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]|\$\$(.+?)\$\$", re.DOTALL)
_JOINT = re.compile(
    r"[\s.]*(?:[,;]|\\text\{\s*(?:and|or)\s*\}|\band\b|\bor\b|&|\s)*[\s.]*", re.IGNORECASE
)
_BOUND = re.compile(
    r"\W*((?:at (?:least|most)|(?:no )?(?:more|less|fewer) than|over|under|above|below|up to|not"
    r"|(?:one )?half of|twice|double|triple|(?:the )?(?:square|cube) root of)\s+)"
    r"(?=(?:np\.|[-+$\\\d.(])(?:\\[,;:]|[^=,;:]|,(?=\d|\\!))*\Z)",
    re.IGNORECASE,
)
FOR_ALL = (
    r"[,;]?\s{0,9}(?:\\text\s{0,9}\{\s{0,9})?"
    r"\bfor (?:all|any|every|each)(?: (?:real|positive|natural|integers?|numbers?))*"
    r"[\s}]*(?:\$|\\\(|[b-zB-Z](?![\w']))"
)
_QUALIFIER = re.compile(rf"{FOR_ALL}|[,;]?\s{{0,9}}(?:\\text\s{{0,9}}\{{\s{{0,9}})?\bwhere\b")
_DENIED = re.compile(
    r"\b(?:not|isn't|aren't|cannot|can't|never|neither|anything but|other than|except)"
    r"(?:\s+(?:be|equals?|to|exactly|just|about|the|answer))*\W*\Z",
    re.IGNORECASE,
)
# What stands beside an answer: "in 3 weeks", "to complete the 72 vlogs".
_ADJUNCT = re.compile(
    r"\b(?:(?:in|for|after|from|than|by|at|into|between|within|on|with|out of)(?:\s+\w+){0,2}"
    r"|to(?:\s+\w+){1,3})\s*\Z"
)
_REFUTED = re.compile(
    r"\W{0,9}(?:is|are|was|would be)\s+(?:not|wrong|incorrect|false|impossible)\b", re.IGNORECASE
)
_HEDGE = re.compile(
    r"\b(?:maybe|perhaps|possibly|either|otherwise|alternatively|option \w+:)", re.IGNORECASE
)
_PLAINER = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\b(?:[Nn]egative|[Mm]inus)\s+(?=[\d$\\])", "-"),
        (r"(?<=\d)/[A-Za-z]{2,}", ""),  # $600/month
        (r"(?<=[A-Za-z]):(?=\S)", ": "),  # Total:18
        (r"[。！？]", ". "),
        (r"[*_`#]{2,}|(?<!\\)\\[,;: ]|~", " "),
        (r"(?m)^\s*[-*•]\s+", ""),  # a list's bullet, which is no sign
        (r"(?<=\d) to (?=[$\d])", " and "),  # a range is two numbers
    )
)
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)\W*")
_CALCULATION = re.compile(
    r"(?:[-–+*/×÷=\d\s$.%()]|(?<=\d),(?=\d)|(?:(?<=[\d)\s])|^)x(?=\s*[\d$(]))*"
    r"=\s*(-?\$?-?\d[\d,.]*(?: \d{3}(?!\d))*)%?(?:\s*(?:[A-Za-z&][A-Za-z&']{1,7}|\"))?"
)
_TEXT_UNITS = re.compile(
    r"(?<=[\w)}])(?:\\[,;:! ]|~|\s|\\cdot|/)*"
    r"\\(?:text|textnormal|mbox|mathrm|textrm|rm)\s*\{(?![^{}]*(?:\band\b|\bor\b))"
    r"(?:[^{}]|\{[^{}]*\})*\}(?:\s*\^\s*(?:\{[^{}]*\}|-?\d))?"
)
VERB = re.compile(r"\b(?:is|are|be|equals|[Oo]ption|[Cc]hoice)\b|:")


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
        return as_command(bound[1]) + plain[bound.end() :]
    if not has_words(text):
        return text
    text = _QUALIFIER.split(text)[0].strip() or text
    if not has_words(text):
        return text
    return _without_text_units(text) or final_math(text) or final_run(text) or _after_verb(text)


def boxed_answer(text: str, agree: Callable[[str, str], bool]) -> str | None:
    r"""Return what the last ``\boxed{}`` and those that it is joined to say; None without a box."""
    contents, _ = last_boxes(text)
    parts = [content if boxes(content) else reduce_prose(content) for content in contents]
    if not parts or all(agree(parts[0], other) for other in parts[1:]):
        return parts[-1] if parts else None
    return ", ".join(parts)


def _without_text_units(text: str) -> str | None:
    r"""Return mathematics without its units: "4.5\,\mathrm{erg\,s^{-1}}" -> "4.5"; else None."""
    kept = _TEXT_UNITS.sub("", text)
    return kept if re.search(r"\d", kept) and not has_words(kept) else None


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
            or (has_words(content) and not re.fullmatch(r"\s*\\text\w*\s*\{[^{}]*\}\s*", content))
            or text[end + 1 : end + 2].isdigit()
        )
        if not money and "\n\n" not in content:
            spans.append((start, end + 1, content))
            index += 1
        index += 1
    return sorted(spans)


def final_math(text: str) -> str | None:
    """Return the last math span with those that it is joined to: "$1$, $2$ and $3$".

    A lone name ("the largest $n$ is 34") gives way to a number or expression outside.
    """
    spans = math_spans(text)
    if not spans:
        return None
    if all(re.fullmatch(r"\s*[A-Za-z]\s*", content) for _, _, content in spans):
        outside = text
        for start, end, content in reversed(spans):
            outside = f"{outside[:start]} {content} {outside[end:]}"
        run = final_run(outside)
        if run and re.search(r"\d", run):
            return run
    parts = [spans[-1][2].strip(" \n.,;=")]
    first = spans[-1][0]
    for (start, end, content), (following, _, _) in zip(
        reversed(spans[:-1]), reversed(spans[1:]), strict=True
    ):
        between = text[end:following]
        if not between.strip() or len(between) > 20 or not _JOINT.fullmatch(between):
            break
        parts.insert(0, content.strip())
        first = start
    answer = ", ".join(parts)
    return _kept_with_denial(answer, text[:first], text[spans[-1][1] :])


def final_run(text: str) -> str | None:
    """Return the last run of mathematical words that holds a number or an operator.

    Of a sentence that hedges ("maybe 17, maybe 18") all runs are the answer. A number beside the
    answer ("18 apples in 3 weeks") counts where there is no other.
    """
    found: list[str] = []
    beside: str | None = None
    for before, run, after in reversed(_runs(text)):
        words = list(run)
        while words and words[0] in ("a", "A", "I", ",", "–", "—", ":"):
            words.pop(0)
        while len(words) > 1 and words[-1] == "a":  # $18 a day
            words.pop()
        joined = _closed(" ".join(words).lstrip(" ,;:?").rstrip(" ,.;:?+-*/="))
        result = calculated(joined)
        candidate = result or _as_list(joined.lstrip("= "))
        if not re.search(r"\d|\\[A-Za-z]|[A-Za-z]\s*[-+*/^=]\s*[A-Za-z]", candidate):
            continue
        if _HEDGE.search(text):
            found.insert(0, candidate)
        elif not result and "$" not in candidate and _ADJUNCT.search(before):
            beside = beside or candidate
        else:
            return _kept_with_denial(candidate, before, after)
    return ", ".join(found) or beside


def calculated(run: str) -> str | None:
    """Return what a calculation with numbers comes to, as its writer says: "2 + 3 = 6" -> "6"."""
    found = _CALCULATION.fullmatch(run)
    return found[1] if found else None


def _kept_with_denial(answer: str, before: str, after: str) -> str:
    r"""Return an answer, with a command before it that no reader knows where it is denied."""
    if _DENIED.search(before) or _REFUTED.match(after):
        return as_command("not so") + answer
    return answer


def _runs(text: str) -> list[tuple[str, list[str], str]]:
    """Split prose into its runs of mathematical words, each with the words before and after it."""
    plain = re.sub(r"\{,\}|,\\!\s*", ",", unwrap_text(text)).replace("\\!", "")
    for pattern, replacement in _PLAINER:
        plain = pattern.sub(replacement, plain)
    pieces: list[tuple[bool, list[str]]] = [(True, [])]  # (is a run, its words)

    def add(is_run: bool, word: str) -> None:
        if pieces[-1][0] is not is_run:
            pieces.append((is_run, []))
        pieces[-1][1].append(word)

    for line in apart(plain).split("\n"):
        for word in line.split():
            if has_words(word) or _ORDINAL.fullmatch(word):
                if word.lower() in ("and", "or") and pieces[-1][0] and pieces[-1][1]:
                    add(True, ",")
                else:
                    add(False, word)
            else:
                add(True, word)
                if word.endswith((":", "?")) or (word.endswith(".") and len(word) > 1):
                    pieces += [(False, []), (True, [])]
        pieces += [(False, []), (True, [])]
    beside = [*(" ".join(words) for _, words in pieces), ""]
    return [
        (beside[index - 1] if index else "", words, beside[index + 1])
        for index, (is_run, words) in enumerate(pieces)
        if is_run and words
    ]


def _closed(run: str) -> str:
    """Drop the bracket that a run closes and did not open, as in "(since 2 + 3 = 5)"."""
    opened = run.count("(") + run.count("[") - run.count("]")
    return run[:-1].rstrip() if run.endswith(")") and opened < run.count(")") else run


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
    return VERB.split(unwrap_text(text))[-1].strip(" .!*") or text
