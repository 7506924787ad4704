"""Bring the text of an answer into one plain LaTeX form."""

from __future__ import annotations

import re
import unicodedata

from scripts.lib.grading.prose import is_word, unwrap_text

ROW_END = "\x02"  # stands for the \\\\ of a matrix, which is no spacing command
_CHARACTERS = str.maketrans(
    {
        "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "﹣": "-", "－": "-", "⁻": "^-",
        "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "∗": "*", "÷": "/", "⁄": "/", "∕": "/",
        "π": r"\pi ", "∞": r"\infty ", "√": r"\sqrt ", "≤": r"\leq ", "≥": r"\geq ", "≠": r"\neq ",
        "≈": r"\approx ", "∈": r"\in ", "∪": r"\cup ", "±": r"\pm ", "∓": r"\mp ", "°": "",
        "′": "'", "’": "'", "″": "''", "⌊": r"\lfloor ",
        "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ",
        "²": "^2", "³": "^3", "¹": "^1", "½": r"\frac{1}{2}", "¼": r"\frac{1}{4}",
        "¾": r"\frac{3}{4}",
        "€": "", "£": "", "¥": "", "₹": "", "，": ",", "；": ";", "（": "(", "）": ")", "＝": "=",
        "\u200b": "", "\ufeff": "", "\x00": " ",
    }
)  # fmt: skip
_BARE = "sqrt|arcsin|arccos|arctan|sin|cos|tan|cot|sec|csc|log|ln|exp|pi|infty"
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?<=\d)(?:\{,\}|\\?,\\!)\s*(?=\d{3}(?!\d))", ","),
        (r"(?<=\d)\\,(?=\d{3}(?!\d))", ","),
        (r"\\(?:left|right|[bB]igg?[lrm]?)(?![A-Za-z])\s*\.?", " "),
        (r"\\(?:displaystyle|textstyle|limits|hfill|small|large|boldsymbol)(?![A-Za-z])", ""),
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (r"\\[dt]binom(?![A-Za-z])", r"\\binom"),
        (r"\\(?:geqslant|geq|ge)(?![A-Za-z])", r"\\geq "),
        (r"\\(?:leqslant|leq|le)(?![A-Za-z])", r"\\leq "),
        (r"\\lt(?![A-Za-z])", "<"),
        (r"\\gt(?![A-Za-z])", ">"),
        (r">=", r"\\geq "),
        (r"<=", r"\\leq "),
        (r"\\(?:simeq|approxeq|doteq|thickapprox)(?![A-Za-z])", r"\\approx "),
        (r"\\(?:lbrace)(?![A-Za-z])", r"\\{"),
        (r"\\(?:rbrace)(?![A-Za-z])", r"\\}"),
        (r"\\(?:lvert|rvert|vert|mid)(?![A-Za-z])", "|"),
        (r"\\(?:quad|qquad|hspace\s*\{[^{}]*\}|thinspace|enspace)(?![A-Za-z])", " "),
        (r"\\[,;:! ]|~", " "),
        (r"\\\$|\$|\\\(|\\\)|\\\[|\\\]", " "),
        (r"\\?%", " "),
        (r"\^\s*(?:\{\s*\\(?:circ|degree)\s*\}|\\(?:circ|degree)(?![A-Za-z]))", ""),
        (r"\\(?:degree|textdegree)(?![A-Za-z])", ""),
        (r"\{\s*\}", ""),
        (r"\bnp\.", ""),
        (r"\*\*", "^"),
        (rf"(?<![\\A-Za-z])({_BARE})(?![A-Za-z])", r"\\\1 "),
        (r"(?<![\\A-Za-z])(?:infinity|inf|oo)(?![A-Za-z])", r"\\infty "),
        (r"\\operatorname\s*\{(\w+)\}", r"\\\1 "),
        (r"_\s*\{\s*\\(?:text|mathrm|textrm|rm|mbox)\s*\{\s*(\w+)\s*\}\s*\}", r"_{\1}"),
        (r"_\s*\\(?:text|mathrm|textrm|rm|mbox)\s*\{\s*(\w+)\s*\}", r"_{\1}"),
        (r"\\(?:mathrm|text)\s*\{\s*(e|i)\s*\}", r"\1"),
        (r"\^\s*([\dA-Za-z])", r"^{\1}"),
        (r"\^\s*-\s*(\d+|[A-Za-z])", r"^{-\1}"),
        (r"_\s*([\dA-Za-z])(?!\w)", r"_{\1}"),
        (r"\\(frac)\s*(\d)\s*(\d)", r"\\\1{\2}{\3}"),
        (r"\\(frac)\s*(\d)\s*\{", r"\\\1{\2}{"),
        (r"(\\frac\s*\{[^{}]*\})\s*(\d)", r"\1{\2}"),
        (r"\\sqrt\s*(\d+|[A-Za-z])", r"\\sqrt{\1}"),
        (r"\\sqrt\s*\(([^()]*)\)", r"\\sqrt{\1}"),
        (r"\s+", " "),
    )
)  # fmt: skip


def tidy(text: str) -> str:
    """Return an answer's text in one plain form: no dollars, spacing, percent or degrees."""
    text = text.translate(_CHARACTERS).replace("\\\\", ROW_END)
    text = "".join(
        c if c.isascii() or not c.isdecimal() else str(unicodedata.decimal(c)) for c in text
    )
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    return bare(text)


def bare(text: str) -> str:
    """Drop outer spaces, a closing full stop and a brace pair around everything."""
    text = text.strip().rstrip(".,;: ").strip()
    while text.startswith("{") and text.endswith("}") and _closing(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closing(text: str) -> int:
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return index
    return -1


_SHORT_UNITS = (
    r"km|cm|mm|nm|pm|dm|kg|mg|ml|mL|kJ|kW|kPa|eV|keV|MeV|Hz|kHz|MHz|Pa|mol|mole|rad|ft|lb|oz|hr|"
    r"min|sec|ms|ergs?|amu|\\AA|m|s|g|h|J|N|V|W|A|K|C|F|L|l|T|M"
)
_UNIT = re.compile(
    rf"(?<=[\d)}}.\s])\s*(?:(?:\\cdot|[*/]|\bper\b)?\s*(?:{_SHORT_UNITS}|[A-Za-z]*[a-z]{{3,}})"
    rf"(?![A-Za-z])\s*(?:\^\s*\{{?-?\d+\}}?)?\s*)+$"
)


def without_units(text: str) -> str:
    """Drop a trailing unit, never convert it: "600/7 km/h" -> "600/7"."""
    found = _UNIT.search(text)
    kept = text[: found.start()].strip() if found else text
    return kept if re.search(r"\d|\\pi|\\sqrt", kept) else text


def words(text: str) -> str | None:
    r"""Return a verbal answer in lower case, "\text{Evelyn}" -> "evelyn", or None."""
    plain = re.sub(r"[\s{}$.!*\"'()]+", " ", unwrap_text(text)).strip()
    tokens = re.findall(r"[A-Za-z]+", plain)
    if not tokens or not re.fullmatch(r"[A-Za-z ,-]+", plain):
        return None
    return " ".join(tokens).lower() if any(is_word(token) for token in tokens) else None
