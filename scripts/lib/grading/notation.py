"""Bring the text of an answer into one plain LaTeX form."""

from __future__ import annotations

import re
import unicodedata

from scripts.lib.grading.words import is_word, spread_text, unwrap_text

ROW_END = "\x02"  # stands for the \\\\ of a matrix, which is no spacing command
_ROW = re.compile(r"\\\\(?:\s*\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm)\s*\])?")  # \\\\[4pt]
_CHARACTERS = str.maketrans(
    {
        "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "﹣": "-", "－": "-",
        "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "∗": "*", "÷": "/", "⁄": "/", "∕": "/",
        "π": r"\pi ", "∞": r"\infty ", "√": r"\sqrt ", "≤": r"\leq ", "≥": r"\geq ", "≠": r"\neq ",
        "≈": r"\approx ", "∈": r"\in ", "∪": r"\cup ", "±": r"\pm ", "∓": r"\mp ", "°": "",
        "′": "'", "’": "'", "″": "''", "⌊": r"\lfloor ",
        "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ",
        "½": r"\frac{1}{2}", "¼": r"\frac{1}{4}",
        "¾": r"\frac{3}{4}",
        "\u00c5": r"\AA ", "\u212b": r"\AA ", "\u03bc": r"\mu ", "\u00b5": r"\mu ",
        "¢": "", "€": "", "£": "", "¥": "", "₹": "",
        "，": ",", "；": ";", "（": "(", "）": ")", "＝": "=",
        "\u200b": "", "\ufeff": "", "\x00": " ",
    }
)  # fmt: skip
_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_BARE = "sqrt|arcsin|arccos|arctan|sin|cos|tan|cot|sec|csc|log|ln|exp|pi|infty"
_ARGUMENT = r"(\d|[A-Za-z]|\\(?!sqrt|frac)[A-Za-z]+)"  # what TeX takes without braces
_QUOTED = re.compile(r"[\s$]*[\"“”'‘’`]+([^\"“”'‘’`]+)[\"“”'‘’`]+[\s$.]*")
_SPACED_GROUPS = re.compile(
    r"(?<![\d.,])\d{1,3}(?:(?:\\[ ,;:!]|[~\s]|\{\s*\})\d{3})+(?![\d.,]?\d|\s*[/\\])"
)
_BRACED = r"[^{}]*(?:\{(?:[^{}]|\{[^{}]*\})*\}[^{}]*)*"
_OVER = re.compile(
    rf"\{{({_BRACED}?)\\over(?![A-Za-z])({_BRACED})\}}|^({_BRACED}?)\\over(?![A-Za-z])(.*)$"
)
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
        (r"\\(?:neq|ne(?![A-Za-z])|not\s*=)", r"\\neq "),
        (r"(?<![\^_A-Za-z}])\{\s*(\\?[A-Za-z]+)\s*\}(?=\s*_)", r"\1"),  # {g}_{k}
        (r"\\lt(?![A-Za-z])", "<"),
        (r"\\gt(?![A-Za-z])", ">"),
        (r">=", r"\\geq "),
        (r"<=", r"\\leq "),
        (r"\\(?:simeq|approxeq|doteq|thickapprox)(?![A-Za-z])", r"\\approx "),
        (r"\\langle(?![A-Za-z])", "("),
        (r"\\rangle(?![A-Za-z])", ")"),
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
        (rf"\\frac\s*{_ARGUMENT}", r"\\frac{\1}"),
        (rf"(\\frac\s*\{{(?:[^{{}}]|\{{[^{{}}]*\}})*\}})\s*{_ARGUMENT}", r"\1{\2}"),
        (r"\\sqrt\s*(\d+|[A-Za-z])", r"\\sqrt{\1}"),
        (r"\\sqrt\s*\(([^()]*)\)", r"\\sqrt{\1}"),
        (r"\s+", " "),
    )
)  # fmt: skip


def tidy(text: str) -> str:
    """Return an answer's text in one plain form: no dollars, spacing, percent or degrees."""
    text = re.sub(r"[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda run: f"^{{{run[0].translate(_RAISED)}}}", text)
    text = re.sub(r"[₀-₉]+", lambda run: f"_{{{run[0].translate(_LOWERED)}}}", text)
    if quoted := _QUOTED.fullmatch(text):
        text = quoted[1]
    text = _SPACED_GROUPS.sub(lambda found: "".join(re.findall(r"\d", found[0])), text)
    text = _OVER.sub(_as_fraction, text)
    text = _ROW.sub(ROW_END, text.translate(_CHARACTERS))
    text = "".join(
        c if c.isascii() or not c.isdecimal() else str(unicodedata.decimal(c)) for c in text
    )
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    return bare(text)


def _as_fraction(found: re.Match[str]) -> str:
    r"""Return ``{a \over b}`` as TeX's newer ``\frac{a}{b}``."""
    above, below = (found[1], found[2]) if found[2] is not None else (found[3], found[4])
    return rf"\frac{{{above.strip()}}}{{{below.strip()}}}"


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
    r"[kcmnpd]m|[kmµ]g|m[lLsAV]|qt|pt|gal|oz|lbs?|ft|yds?|mi|in|sq\.?|mph|km/h|kph|rpm|hrs?|yrs?|min|"
    r"mins|sec|secs|st|nd|rd|th|pct|k[JWNV]|kWh|[kMG]?eV|[kMG]?Hz|[kMG]?Pa|[kMGT]B|[kM]?pc|AU|amu|ly|"
    r"k?cal|dB|mol|mole|rad|ergs?|amp|\\AA|[kM]?\s*\\Omega|[RML]_\s*\{\s*\\odot\s*\}|"
    r"[msghJNVWAKCFLlTM]"
)
_UNIT_WORD = rf"(?:\\mu\s*)?(?:{_SHORT_UNITS})|[A-Za-z]*[a-z]{{3,}}"
_UNITS = re.compile(
    rf"(?<=[\d)}}.\s])\s*(?:(?:\\cdot|[*/]|\bper\b)?\s*(?:{_UNIT_WORD})"
    r"(?![A-Za-z])\s*(?:\^\s*\{?\s*-?\d+\s*\}?)?\s*)+$"
)


def without_units(text: str) -> str:
    r"""Drop a trailing unit, never convert it: "600/7 km/h" -> "600/7"; and a leading "(B) ".

    A letter glued to the number ("6m") and letters that are no word ("18 xyz") are a product.
    """
    text = spread_text(text)
    text = re.sub(r"^\s*\(\s*[A-E]\s*\)\s*(?=[-\\\d])", "", text)
    text = re.sub(r"(?<=\d)\s*(?:[ap]\.\s?m|[AP]\.?M)[\s.]*$", "", text).strip()
    found = _UNITS.search(text)
    if not found or _is_product(found[0]):
        return text
    kept = text[: found.start()].strip()
    return kept if re.search(r"\d|\\pi|\\sqrt", kept) else text


def glued_unit(text: str) -> str:
    """Drop a unit's letter that is glued to a whole number, "370g" -> "370"; "70k" is 70,000."""
    found = re.fullmatch(r"(-?[\d,.]*\d)\s*(?:([gmshlLJWV])|([kK]))\W*", text.strip())
    if not found:
        return text
    return found[1] + (r" \times 10^{3}" if found[3] else "")


def _is_product(tail: str) -> bool:
    """Tell the letters of "18xyz" and "6m" from the units of "18 apples", "6 m" and "6m/s"."""
    names = re.findall(r"(?<![\\A-Za-z])[A-Za-z]+(?![A-Za-z]|_|\s*\\Omega)", tail)
    return re.fullmatch(r"[A-Za-z]\s*", tail) is not None or not all(
        re.fullmatch(rf"(?:{_SHORT_UNITS})|(?:{_SHORT_UNITS})(?<=..)s", name) or is_word(name)
        for name in names
        if name != "per"
    )


def words(text: str) -> str | None:
    r"""Return a verbal answer in lower case, "\text{Evelyn}" -> "evelyn", or None."""
    plain = re.sub(r"[\s{}$.!*\"'()]+", " ", unwrap_text(text)).strip()
    tokens = re.findall(r"[A-Za-z]+", re.sub(r"^(?:an?|the) ", "", plain, flags=re.IGNORECASE))
    if not tokens or not re.fullmatch(r"[A-Za-z ,-]+", plain):
        return None
    return " ".join(tokens).lower() if any(is_word(token) for token in tokens) else None
