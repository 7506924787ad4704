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
        "′": "'", "’": "'", "‘": "'", "″": "''", "“": '"', "”": '"', "„": '"', "⌊": r"\lfloor ",
        "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ",
        "½": r"\frac{1}{2}", "¼": r"\frac{1}{4}",
        "¾": r"\frac{3}{4}",
        "\u00c5": r"\AA ", "\u212b": r"\AA ", "\u03bc": r"\mu ", "\u00b5": r"\mu ",
        "¢": "", "€": "", "£": "", "¥": "", "₹": "",
        "，": ",", "；": ";", "（": "(", "）": ")", "＝": "=",
        "\u200b": "", "\ufeff": "", "\x00": " ",
    }
)  # fmt: skip
_SIZES = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?)(?![A-Za-z])\s*\.?")
_COMMA = r"(?:\{,\}|\\?,\\!\s*|\\,|\{\\[,;: ]\})"  # what only digit groups have between them
_GAP = r"(?:\s|~|\\[;: ])"
_THOUSANDS = re.compile(
    rf"(?<![\w.^])(?<!\d[\s~])\d{{1,3}}(?:(?:{_COMMA}\d{{3}})+(?!\d)"
    rf"|(?:{_GAP}\d{{3}})+(?!\d|{_GAP}\d|\s*(?:[/!_]|\^(?!\s*\{{?\s*\\circ))))"
)
_ALIGNED = re.compile(
    r"[\s$.,]*(?:\\\[)?\s*\\begin\{((?:align|gather|split|eqnarray|multline)(?:ed|at)?\*?)\}"
    r"(?:\[\w\]|\{\d\})?(.*)\\end\{\1\}[\s$.,]*(?:\\\])?[\s$.,]*",
    re.DOTALL,
)
_MATRIX = re.compile(r"\\begin\{(\w+)\}.*?\\end\{\1\}", re.DOTALL)
_INFIX = re.compile(r"\\(over|choose)(?![A-Za-z])")
_BRACED_NAME = re.compile(r"(\\[A-Za-z]+\s*|[_^\]]\s*)?\{\s*(\\?[A-Za-z]+)\s*\}(?=\s*_)")
_HIDDEN = str.maketrans(ROW_END + "&", "\x03\x04")  # the cells of a matrix in a row
_SHOWN = str.maketrans("\x03\x04", ROW_END + "&")
_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_BARE = "sqrt|arcsin|arccos|arctan|sin|cos|tan|cot|sec|csc|log|ln|exp|pi|infty"
_ARGUMENT = r"(\d|[A-Za-z]|\\(?!sqrt|frac)[A-Za-z]+)"  # what TeX takes without braces
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\(?:textnormal|textup|textsf|texttt|textsc|hbox)(?=\s*\{)", r"\\text"),
        (r"\\(?:displaystyle|textstyle|limits|hfill|small|large|boldsymbol)(?![A-Za-z])", ""),
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (r"\\[dt]binom(?![A-Za-z])", r"\\binom"),
        (r"\\(?:geqslant|geq|ge)(?![A-Za-z])", r"\\geq "),
        (r"\\(?:leqslant|leq|le)(?![A-Za-z])", r"\\leq "),
        (r"\\(?:neq?(?![A-Za-z])|not\s*=)", r"\\neq "),
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
        (r"_\s*([\dA-Za-z])(?!\w)|_\s*(\d)(?=[A-Za-z])", r"_{\1\2}"),
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
    text = _ROW.sub(ROW_END, text.translate(_CHARACTERS))
    text = _infix(_SIZES.sub(" ", _last_row(text)))
    text = _THOUSANDS.sub(lambda run: re.sub(r"\D", "", run[0]), text)
    text = _BRACED_NAME.sub(lambda name: name[0] if name[1] else f" {name[2]} ", text)
    text = "".join(
        c if c.isascii() or not c.isdecimal() else str(unicodedata.decimal(c)) for c in text
    )
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    return bare(text)


def _last_row(text: str) -> str:
    """Return what a derivation in aligned rows comes to: its last row."""
    found = _ALIGNED.fullmatch(text)
    if not found and (r"\begin" in text or not re.search(r"&\s*=", text)):
        return text
    block = _MATRIX.sub(lambda inner: inner[0].translate(_HIDDEN), found[2] if found else text)
    rows = [row for row in block.split(ROW_END) if row.strip(" &.,\n")]
    last = rows[-1].replace("&", " ").strip().removeprefix("=") if rows else text
    return last.translate(_SHOWN)


def _infix(text: str) -> str:
    r"""Write ``{1 \over 2}`` and ``{n \choose k}`` as ``\frac{1}{2}`` and ``\binom{n}{k}``."""
    while found := _INFIX.search(text):
        start = found.start() - _reach(text[: found.start()][::-1], ")]}", "([{")
        end = found.end() + _reach(text[found.end() :], "([{", ")]}")
        above, below = text[start : found.start()], text[found.end() : end]
        before, behind = text[:start], text[end:]
        if re.search(r"(?:\A|[^\w}\]^_\\\s])\s*\{\Z", before) and behind.startswith("}"):
            before, behind = before[:-1], behind[1:]  # the braces of the fraction alone
        command = "frac" if found[1] == "over" else "binom"
        text = rf"{before}\{command}{{{above}}}{{{below}}}{behind}"
    return text


def _reach(text: str, opening: str, closing: str) -> int:
    """Return how far a text goes before its group ends, or a side or part of the whole."""
    depth = 0
    for index, character in enumerate(text):
        depth += (character in opening) - (character in closing)
        if depth < 0 or depth == 0 and character in "=,;$":
            return index
    return len(text)


def bare(text: str) -> str:
    """Drop outer spaces, a closing full stop, and braces or quotes around everything."""
    text = text.strip().rstrip(".,;: ").strip()
    while text.startswith("{") and text.endswith("}") and _closing(text) == len(text) - 1:
        text = text[1:-1].strip()
    quoted = re.fullmatch(r"([\"'`])\1*([^\"'`]+)[\"'`]+", text)
    return bare(quoted[2]) if quoted else text


def _closing(text: str) -> int:
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return index
    return -1


_SHORT_UNITS = (
    r"[kcmnpd]m|[kmµ]g|m[lLsAV]|qt|pt|gal|oz|lbs?|ft|yds?|mi|in|sq\.?|mph|km/h|kph|rpm|hrs?|yrs?|min|"
    r"pct|mins|sec|secs|st|nd|rd|th|k[JWNV]|kWh|[kMG]?eV|[kMG]?Hz|[kMG]?Pa|[kMGT]B|[kM]?pc|AU|amu|ly|"
    r"k?cal|dB|mol|mole|rad|ergs?|amp|\\AA|[kM]?\s*\\Omega|[RML]_\s*\{\s*\\odot\s*\}|"
    r"[msghJNVWAKCFLlTM]"
)
_UNIT_WORD = rf"(?:\\mu\s*)?(?:{_SHORT_UNITS})|[A-Za-z]*[a-z]{{3,}}"
_UNITS = re.compile(
    rf"(?<=[\d)}}.\s])\s*(?:(?:\\cdot|[*/]|\bper\b)?\s*(?:{_UNIT_WORD})"
    r"(?![A-Za-z])\s*(?:\^\s*\{?\s*-?\d+\s*\}?)?\s*)+$"
)


_GLUED_UNIT = re.compile(r"[msghJNVWAFCLlT]")
_SCALE_LETTER = re.compile(r"(?<=\d)\s*([kKMB])(?![A-Za-z])")
_SCALES = {"k": 3, "K": 3, "M": 6, "B": 9}
_HALF_OF_DAY = re.compile(r":\s*\d\d\s*[ap]\.?\s?m[\s.]*$", re.IGNORECASE)


def without_units(text: str, glued: bool = False) -> str:
    r"""Drop a trailing unit, never convert it: "600/7 km/h" -> "600/7"; and a leading "(B) ".

    A letter glued to the number ("6m") and letters that are no word ("18 xyz") are a product; but
    with `glued`, where no answer has a variable, "370g" has a unit and "70k" is 70 thousand.
    """
    text = spread_text(text)
    text = re.sub(r"^\s*\(\s*[A-E]\s*\)\s*(?=[-\\\d])", "", text)
    if _HALF_OF_DAY.search(text):
        return text
    text = re.sub(r"(?<=\d)\s*(?:[ap]\.\s?m|[AP]\.?M)[\s.]*$", "", text).strip()
    if glued:
        text = _SCALE_LETTER.sub(lambda found: rf" \times 10^{{{_SCALES[found[1]]}}}", text)
    found = _UNITS.search(text)
    if not found or _is_product(found[0], glued):
        return text
    kept = text[: found.start()].strip()
    return kept if re.search(r"\d|\\pi|\\sqrt", kept) else text


def _is_product(tail: str, glued: bool) -> bool:
    """Tell the letters of "18xyz" and "6m" from the units of "18 apples", "6 m" and "6m/s"."""
    names = re.findall(r"(?<![\\A-Za-z])[A-Za-z]+(?![A-Za-z]|_|\s*\\Omega)", tail)
    if re.fullmatch(r"[A-Za-z]\s*", tail):
        return not (glued and _GLUED_UNIT.match(tail))
    return not all(
        re.fullmatch(rf"(?:{_SHORT_UNITS})|(?:{_SHORT_UNITS})(?<=..)s", name) or is_word(name)
        for name in names
        if name != "per"
    )


_LETTER = r"\(\s*([A-E])\s*\)"
_CHOICE = re.compile(rf"(?:(?:[Oo]ption|[Cc]hoice)\s+)?(?:{_LETTER}|([A-E])(?:[.):]|$))(\s.*|$)")
_NO_TEXT = re.compile(rf"\s*(?:[,;&/+*^_=]|-\s|and\b|or\b)|.*(?:{_LETTER}|\b(?:not|wrong|false)\b)")


def choice(text: str) -> str | None:
    r"""Return the letter of a choice with or without its text: "\text{(C)} y = 2x" -> "C"."""
    found = _CHOICE.fullmatch(spread_text(text).strip())
    return None if not found or _NO_TEXT.match(found[3]) else found[1] or found[2]


def words(text: str) -> str | None:
    r"""Return a verbal answer in lower case, "\text{Evelyn}" -> "evelyn", or None."""
    plain = re.sub(r"[\s{}$.!*\"'()]+", " ", unwrap_text(text)).strip()
    tokens = re.findall(r"[A-Za-z]+", re.sub(r"^(?:an?|the) ", "", plain, flags=re.IGNORECASE))
    if not tokens or not re.fullmatch(r"[A-Za-z ,-]+", plain):
        return None
    return " ".join(tokens).lower() if any(is_word(token) for token in tokens) else None
