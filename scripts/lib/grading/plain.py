"""Make a completion plain before it is read: one line per statement, without formatting."""

from __future__ import annotations

import re
import unicodedata

# A chat template's own marks and turns; then what a base model invents after its answer.
_TURN = re.compile(
    r"<\|(?:endoftext|im_end|im_start|eot_id|end_of_text)\|>|</s>"
    r"|^[ \t]*(?:Human|User)[ \t]*:",
    re.MULTILINE,
)
_NEXT_PROBLEM = re.compile(
    r"^[ \t#*]*(?:Question|Problem|Exercise|Instruction|Example|Q)[ \t]*\d{0,3}[ \t]*[:.]",
    re.MULTILINE | re.IGNORECASE,
)
_ANNOTATION = re.compile(r"<<[^<>\n]{0,200}>>")  # GSM8K's calculator
_ROWS = re.compile(
    r"(?:\$\$|\\\[)?\s*\\begin\{(align|aligned|alignat|gather|gathered|eqnarray|equation|split)\*?\}"
    r"(.*?)\\end\{\1\*?\}\s*(?:\$\$|\\\])?",
    re.DOTALL,
)
_MATRIX = re.compile(r"\\begin\{([pbvBV]?matrix|array|cases)\}.*?\\end\{\1\}", re.DOTALL)
_DISPLAY = re.compile(r"\$\$.+?\$\$|\\\[.+?\\\]|\\\(.+?\\\)", re.DOTALL)
_EMPHASIS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\\*])\*\*(?=\S)([^*\n]*?\S)\*\*",
        r"(?<![\w*)}\\])\*(?=[^\s*])([^*\n]*?[^\s*])\*(?![\w*(\\])",
        r"(?<![\w\\}$])_(?=[^\s_])([^_\n{}]*?[^\s_])_(?![\w{])",
        r"`+([^`\n]+)`+",
    )
)
_BOLD_MATH = re.compile(r"\\(?:mathbf|boldsymbol|bm)\s*\{([^{}]*)\}")  # {1 8}, as some are typeset
_NOTHING = re.compile(
    r"\\(?:boxed|fbox)\s*\{\s*\}|<img[^<>]{0,200}>|^[ \t]*Figure \d+[ \t]*$", re.MULTILINE
)
_AND_LINE = re.compile(r"\s*\n\s*(and|or)\s*\n\s*", re.IGNORECASE)
_KEPT_SYMBOLS = "°©®"


def before_next_turn(text: str) -> str:
    """Cut a text where the model went on as somebody else: a mark of the template, "Human:"."""
    begin = _begin(text)
    for turn in _TURN.finditer(text):
        if turn.start() > begin:
            return text[: turn.start()]
    return text


def next_problems(text: str) -> list[int]:
    """Return where lines begin that pose another problem ("Question: ...")."""
    begin = _begin(text)
    return [line.start() for line in _NEXT_PROBLEM.finditer(text) if line.start() > begin]


def _begin(text: str) -> int:
    return len(text) - len(text.lstrip())


def plain_lines(text: str) -> str:
    """Return a text without Markdown's emphasis, annotations and ornaments, in lines.

    Rows of an ``align`` block are lines; display mathematics is within one line.
    """
    text = _NOTHING.sub("", _ANNOTATION.sub("", text))
    text = _BOLD_MATH.sub(lambda bold: re.sub(r"(?<=[\d.,])\s+(?=[\d.,])", "", bold[1]), text)
    text = _ROWS.sub(lambda block: _rows(block[2]), text)
    text = _MATRIX.sub(lambda matrix: _as_math(matrix, text), text)
    text = _DISPLAY.sub(lambda math: re.sub(r"\s*\n\s*", " ", math[0]), text)
    text = _AND_LINE.sub(r" \1 ", text)
    for emphasis in _EMPHASIS:
        text = emphasis.sub(r"\1", text)
    return "".join(" " if _ornament(character) else character for character in text)


def _rows(content: str) -> str:
    rows = (row.replace("&", "").strip() for row in re.split(r"\\\\(?:\[[^\]]*\])?", content))
    return "\n" + "\n".join(f"${row}$" for row in rows if row) + "\n"


def _as_math(matrix: re.Match[str], text: str) -> str:
    """Put a matrix that stands in prose into dollars; its rows stay in one line."""
    before = text[: matrix.start()]
    inside = before.count("$") % 2 or any(
        before.rfind(opening) > before.rfind(closing)
        for opening, closing in ((r"\[", r"\]"), (r"\(", r"\)"), (r"\boxed{", "}"))
    )
    line = re.sub(r"\s*\n\s*", " ", matrix[0])
    return line if inside else f"${line}$"


def _ornament(character: str) -> bool:
    """Tell an emoji or the end of a proof from what belongs to an answer."""
    if character.isascii() or character in _KEPT_SYMBOLS:
        return False
    return unicodedata.category(character) in ("So", "Cs", "Co") or character in "∎■□"
