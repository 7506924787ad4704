"""Bring the text of an answer into one plain LaTeX form."""

from __future__ import annotations

import re
import unicodedata

from scripts.lib.grading.prose import is_word, unwrap_text

ROW_END = "\x02"  # stands for the \\\\ of a matrix, which is no spacing command
_ROW = re.compile(r"\\\\(?:\s*\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm)\s*\])?")  # \\\\[4pt]
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
        "\u00c5": r"\AA ", "\u212b": r"\AA ", "\u03bc": r"\mu ", "\u00b5": r"\mu ",
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
        (r"(?<![A-Za-z])(?:USD|US(?=\s*\\?\$)|Rs\.?)(?![A-Za-z])", " "),
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
        (r"(?<=\d)\s*x\s*(?=\$?\s*\.?\d)|(?<=\))\s*x\s+(?=\d)", r"\\times "),  # 3 x 4
        (r"\^\s*(\d+|[A-Za-z])", r"^{\1}"),
        (r"\^\s*-\s*(\d+|[A-Za-z])", r"^{-\1}"),
        (r"_\s*([\dA-Za-z])(?!\w)", r"_{\1}"),
        (r"_\s*(\\[A-Za-z]+)(?!\s*\{)", r"_{\1}"),
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
    text = _ROW.sub(ROW_END, text.translate(_CHARACTERS))
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
    r"km|cm|mm|nm|pm|dm|kg|mg|ml|mL|kJ|kW|kPa|eV|keV|MeV|Hz|kHz|MHz|Pa|mol|mole|rad|ft|lbs?|oz|hrs?|"
    r"min|sec|ms|mph|sq\.?|st|nd|rd|th|ergs?|amu|\\AA|m|s|g|h|J|N|V|W|A|K|C|F|L|l|T|M"
)
_SCALES = ("thousand", "million", "billion", "trillion")
_UNIT = re.compile(
    rf"(?<=[\d)}}.\s])\s*(?:(?:\\cdot|[*/]|\bper\b)?\s*(?:(?:\\mu\s*)?(?:{_SHORT_UNITS})|[A-Za-z]*[a-z]{{3,}})"
    rf"(?![A-Za-z])\s*(?:\^\s*\{{?-?\d+\}}?)?\s*)+$"
)


def without_units(text: str) -> str:
    """Drop a trailing unit, never convert it: "600/7 km/h" -> "600/7"; and a leading "(B) "."""
    text = re.sub(r"^\(\s*[A-E]\s*\)\s*(?=[-\\\d])", "", text)
    found = _UNIT.search(text)
    kept = text[: found.start()].strip() if found else text
    return kept if re.search(r"\d|\\pi|\\sqrt", kept) else text


def in_full(text: str) -> str:
    """Write out a number in thousands or millions: "1.5 million" -> "1.5 \\times 10^{6}"."""
    found = re.fullmatch(r"([-+]?[\d.,]+)\s*(thousand|million|billion|trillion)s?", text.strip())
    if not found:
        return text
    return rf"{found[1]}\times 10^{{{_SCALES.index(found[2]) * 3 + 3}}}"


def words(text: str) -> str | None:
    r"""Return a verbal answer in lower case, "\text{Evelyn}" -> "evelyn", or None."""
    plain = re.sub(r"[\s{}$.!*\"'()]+", " ", unwrap_text(text)).strip()
    tokens = re.findall(r"[A-Za-z]+", re.sub(r"^(?:an?|the) ", "", plain, flags=re.IGNORECASE))
    if not tokens or not re.fullmatch(r"[A-Za-z ,-]+", plain):
        return None
    return " ".join(tokens).lower() if any(is_word(token) for token in tokens) else None
