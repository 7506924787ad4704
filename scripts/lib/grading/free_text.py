r"""Find the answer in a text without ``<answer>`` tags and without a closed ``\boxed{}``."""

from __future__ import annotations

import re

from scripts.lib.grading.boxes import loose_box
from scripts.lib.grading.plain import plain_lines
from scripts.lib.grading.prose import (
    FOR_ALL,
    VERB,
    calculated,
    final_math,
    final_run,
    math_spans,
    reduce_prose,
)
from scripts.lib.grading.words import has_words, numeral_words, spelled_number, unwrap_text

TAIL = 4000  # characters of a text that free answers are looked for in
_CHECK = re.compile(r"\b(?:and )?(?:the |a |we |let's |to )?(?:check|verif(?:y|ication))\b.*", re.I)
# What follows an answer and only explains it: "(as long as $T > 0$)", "since $x$ is positive".
_REMARK = re.compile(r"\s*\((?=[^()]*[A-Za-z]{3})(?:[^()]|\([^()]*\))*\)[\s.]*\Z")
_REASON = re.compile(
    r",?\s*\b(?:since|because|as long as|which (?:is|are|was)(?=\D*\Z)|with equality"
    r"|as (?:required|desired|claimed))\b"
    r"(?:[^,]|,(?=\d))*\Z"
)
_PREMISE = re.compile(
    r"(?:\A|(?<=[.;] ))\W*(?:(?:Thus|Hence|So|Then|Now|and)[, ]\s*)?"
    r"(?:[Ss]ince|[Bb]ecause|[Ww]ith|[Ww]hen)\b[^,.;]*,\s+"
)
_LONE_NAME = re.compile(r"\s*\\?[A-Za-z]+\s*")
_CUE = re.compile(
    r"(?:(?<!to )\b(?:answer|final result)\b[\"'*_}\s]*"
    r"(?:[^.\n:=]{0,40}?\b(?:is|are|be)\b|[:=])|答案[是为：:]"
    r"|\b(?:option|choice)\b[^.\n:=]{0,20}?\bis\b)[\s:*_]*",
    re.IGNORECASE,
)
_HASHES = re.compile(r"^[ \t]*####[ \t]*([^\sA-Za-z][^\n]*)", re.MULTILINE)  # no heading
_SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)[.?](?=\s|\Z)|[。；]")
_NO_ANSWERS = frozenset([
    "correct", "right", "wrong", "incorrect", "below", "above", "follows", "given", "unknown",
    "yes", "here", "this", "that", "it",
])  # fmt: skip
MOST_WORDS = 3  # of a verbal answer in free text


def stated_answer(text: str) -> str | None:
    """Return what a text calls its answer: behind "####", "the answer is"; None where it does not.

    The last statement counts. Its sentence is read as the content of a span is.
    """
    text = "\n".join(_CHECK.sub("", line) for line in text[-TAIL:].split("\n"))
    statements = [(found.start(1), found[1]) for found in _HASHES.finditer(text)]
    for cue in _CUE.finditer(text):
        line = text[cue.end() :].lstrip(" \n*_").partition("\n")[0]
        statements.append((cue.end(), _assertion(_SENTENCE_END.split(line)[0])))
    for _, statement in sorted(statements, reverse=True):
        unbalanced = " \"'*_" + ("}" if statement.count("}") > statement.count("{") else "")
        answer = _said(spelled_number(statement.strip(unbalanced)))
        if answer is not None:
            return answer
    return None


def _said(statement: str) -> str | None:
    """Return the answer of a statement, unless it says none ("is correct")."""
    statement = re.sub(r"!+\Z", "", statement)
    if re.search(r"\d|\\[A-Za-z]|\$", statement):
        if has_words(statement):
            return final_in_line(statement)
        return calculated(statement.strip()) or reduce_prose(statement)
    names = re.findall(r"[A-Za-z]+", statement)
    if names and len(names) <= MOST_WORDS and names[0].lower() not in _NO_ANSWERS:
        return statement.strip(" .,;:!()")
    return None


def final_expression(text: str) -> str | None:
    """Return the answer of free text, in this order.

    1. The content of a last box that was never closed.
    2. What the text calls its answer.
    3. The last number or expression of the last line that has one. What only checks or explains
       counts last.
    4. Where there is none at all, the last words behind "is": "The function is even."
    """
    text = plain_lines(text[-TAIL:])
    loose = loose_box(text)
    if loose is not None:
        return reduce_prose(loose)
    if (stated := stated_answer(text)) is not None:
        return stated
    lines = [line for line in text.split("\n") if line.strip()]
    for line in (*reversed([_assertion(line) for line in lines]), *reversed(lines)):
        if answer := final_in_line(line):
            return answer
    return _last_words(lines)


def _assertion(line: str) -> str:
    """Return a line without its check, its remark and the reasons before and behind it."""
    line = _REMARK.sub("", _CHECK.sub("", line))
    for reason in (_REASON, _PREMISE):
        without = reason.sub("", line)
        line = without if re.search(r"\d", without) else line
    return line


def final_in_line(line: str) -> str | None:
    """Return the final number or expression of one line."""
    line = numeral_words(re.sub(r"(?<=[\d}$])!+(?=\s*\Z)", "", line) if _exclaims(line) else line)
    if has_words(line):
        line = re.split(FOR_ALL, line)[0].strip() or line
    spans = math_spans(line)
    telling = [span for span in spans if not _LONE_NAME.fullmatch(span[2]) or "\\" in span[2]]
    if not telling:
        run = final_run(line)
        return run or (final_math(line) if spans else None)
    end = telling[-1][1]
    return final_run(line[end:]) or final_math(line)


def _exclaims(line: str) -> bool:
    """Tell the end of a sentence ("makes $18!") and of joy ("18!!!") from a factorial ("18!")."""
    return has_words(line) or line.rstrip().endswith("!!")


def _last_words(lines: list[str]) -> str | None:
    for line in reversed(lines):
        pieces = VERB.split(_SENTENCE_END.sub("", unwrap_text(line)))
        names = re.findall(r"[A-Za-z]+", pieces[-1])
        if len(pieces) > 1 and 0 < len(names) <= MOST_WORDS and names[0].lower() not in _NO_ANSWERS:
            return pieces[-1].strip(" .!*")
    return None
