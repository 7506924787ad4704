r"""Turn the text of one scalar into a value: an exact number, or an expression of sympy.

Expressions are parsed by math-verify's own parser (latex2sympy), with its defects mended here. It
stops in silence at what it does not understand: so it is given ``text = 0``, and both the equation
and every name of the text must be in the result. It misreads some names (``E_1``, ``x'``, ``f(x)``,
``\hbar``): so each becomes a plain letter first. It reads ``2(3)`` as 2 + 3 and drops the subscript
of a numeral. Plain numbers never reach it: they are exact fractions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import sympy
from latex2sympy2_extended.latex2sympy2 import latex2sympy

from scripts.lib.grading.notation import bare

LONGEST_NUMBER = 2000
LARGEST_EXPONENT = 5000
LARGEST_FACTORIAL = 10_000  # of which the factorial is still computed


class Unparsable(ValueError):
    """The text is no answer that can be compared by value."""


# what sympy and the parser raise on garbage; anything else is a defect of ours and must be seen
UNREADABLE = (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError)

_UNDEFINED = (sympy.zoo, sympy.nan)  # what sympy makes of 1/0 and 0/0
_DECIMAL = r"(?:\d+\.?\d*|\.\d+)"
_POWER = r"(?:\\times|\\cdot|\*|x)\s*10\s*\^\s*\{?\s*([-+]?\s*\d+)\s*\}?"
_NUMBER = re.compile(rf"([-+]?)\s*({_DECIMAL})(?:\s*[eE]\s*([-+]?\d+)|\s*{_POWER})?")
_TEN_TO = re.compile(r"([-+]?)\s*10\s*\^\s*\{?\s*([-+]?\s*\d+)\s*\}?")
_QUOTIENT = re.compile(
    rf"([-+]?)\s*(\d+)?\s*(?:\\frac\s*\{{\s*([-+]?{_DECIMAL})\s*\}}\s*\{{\s*([-+]?{_DECIMAL})\s*\}}|(?<![\d.])([-+]?{_DECIMAL})\s*/\s*({_DECIMAL}))"
)


def number(text: str) -> Fraction | None:
    """Return the exact value of a plain number (also e-notation and fractions), else None."""
    text = text.strip()
    if len(text) > LONGEST_NUMBER:
        return None
    if found := _TEN_TO.fullmatch(text):
        return _signed(found[1], _power(found[2]))
    if found := _NUMBER.fullmatch(text):
        return _signed(found[1], Fraction(found[2]) * _power(found[3] or found[4] or "0"))
    if found := _QUOTIENT.fullmatch(text):
        above, below = (found[3], found[4]) if found[3] else (found[5], found[6])
        if Fraction(below) == 0:
            return None
        value = Fraction(above) / Fraction(below)
        if found[2] and (value < 0 or value >= 1):
            return None  # 2\frac{-1}{2} is no mixed number
        return _signed(found[1], value + int(found[2] or 0))
    return None


def _power(digits: str) -> Fraction:
    exponent = int(digits.replace(" ", ""))
    if abs(exponent) > LARGEST_EXPONENT:
        raise Unparsable(f"an exponent of {exponent:.0e}")
    return Fraction(10) ** exponent


def _signed(sign: str, value: Fraction) -> Fraction:
    return -value if sign == "-" else value


@dataclass(frozen=True)
class Scalar:
    """One value: its text, and either an exact number or an expression."""

    text: str
    exact: Fraction | None
    expression: sympy.Expr | None

    @property
    def decimal(self) -> bool:
        """Whether a decimal point makes the value an approximation that may be rounded."""
        return "." in self.text

    @property
    def numeric(self) -> bool:
        """Whether the value has no variable in it."""
        return self.expression is None or not self.expression.free_symbols


@lru_cache(maxsize=4096)
def scalar(text: str) -> Scalar:
    """Parse one number or expression completely, or raise Unparsable."""
    text = bare(text)
    exact = number(text)
    if exact is not None:
        return Scalar(text, exact, None)
    return Scalar(text, None, expression(text))


_KNOWN_COMMANDS = (
    "arccos arcsin arctan binom bmod cdot cos cosh cot csc div exp frac gcd infty lceil lcm lfloor "
    "ln log max min mod pi rceil rfloor sec sin sinh sqrt tan tanh times"
)
_KNOWN = rf"\\(?:{_KNOWN_COMMANDS.replace(' ', '|')})(?![A-Za-z])|e(?!\s*_)"
_NAME = r"(?:\\[A-Za-z]+|[A-Za-z])"
_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi "
    "rho varrho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma "
    "Upsilon Phi Psi Omega ell hbar mho nabla emptyset varnothing AA"
)
_NAMED_COMMANDS = frozenset(f"\\{name}" for name in _GREEK.split())
_INDEX = r"(?:\s*_\s*\{[^{}]*\})?"
_DERIVATIVE = re.compile(
    rf"\\frac\s*\{{\s*(?:d|\\partial)\s*(?:\^\s*\{{\s*(\d)\s*\}})?\s*({_NAME}{_INDEX})\s*(\(\s*{_NAME}\s*\))?\s*\}}"
    rf"\s*\{{\s*(?:d|\\partial)\s*({_NAME})\s*(?(1)\^\s*\{{\s*\1\s*\}})\s*\}}"
)
_ACCENT = re.compile(
    rf"\\(dot|ddot|hat|bar|vec|tilde|overline|mathbf|mathbb|mathcal)\s*\{{?\s*({_NAME})\s*\}}?({_INDEX})"
)
_IDENTIFIER = re.compile(
    rf"\x01(?P<folded>[^\x01]*)\x01(?P<folded_applied>\(\s*(?:{_NAME}|\d+)\s*\))?"
    rf"|(?P<known>{_KNOWN})|(?P<name>{_NAME})(?P<index>{_INDEX})"
    rf"(?P<primes>\s*(?:'+|\^\s*\{{\s*(?:\\prime\s*|')+\s*\}}|\^\s*\\prime))?"
    rf"(?P<applied>\s*\(\s*(?:{_NAME}|\d+)\s*\))?"
)
# letters that latex2sympy reads as plain symbols; one for each name of an expression
_LETTERS = "xyzabcklmnpqrstuvwABDFGHJKLMPRTUVWXYZ"


def expression(text: str) -> sympy.Expr:
    """Parse a LaTeX expression without relations or commas, or raise Unparsable."""
    if not re.search(r"[\dA-Za-z]", text):
        raise Unparsable("nothing to parse")
    if re.search(r"\d\s+\d|[{(]\s*[})]|[<>=,;&]", text):
        raise Unparsable(f"no single value: {text[:80]}")
    source, names = rename(text)
    if re.search(r"(?<!log)(?<!log )_", source):
        raise Unparsable(f"a subscript without a name: {text[:80]}")
    try:
        parsed = latex2sympy(
            f"{source} = 0", is_real=True, convert_degrees=False, normalization_config=None
        )
    except MemoryError:
        raise
    except Exception as error:  # the parser raises bare Exception
        raise Unparsable(f"{error}".partition("\n")[0]) from error
    if (
        not isinstance(parsed, sympy.Eq)
        or parsed.rhs != 0
        or not isinstance(parsed.lhs, sympy.Expr)
    ):
        raise Unparsable(f"only a part of it was understood: {text[:80]}")
    if {symbol.name for symbol in parsed.free_symbols} != set(names.values()):
        raise Unparsable(f"not every name of it was understood: {text[:80]}")
    result = parsed.lhs.xreplace(
        {sympy.Symbol(letter, real=True): symbol_of(name) for name, letter in names.items()}
    )
    _check(defined(result))
    return result


def defined(value: sympy.Expr) -> sympy.Expr:
    """Return a number as it is, or raise Unparsable where a division by zero makes it none."""
    if value.has(*_UNDEFINED):
        raise Unparsable("a division by zero")
    return value


def is_zero(value: sympy.Expr) -> bool:
    """Tell a computed zero, also what is left of terms that cancel, from 1/2004!."""
    left = all(part._prec < 10 for part in value.atoms(sympy.Float))  # no digit of it is known
    return value == 0 or (left and bool(abs(value) < 1e-35))


def _check(value: sympy.Expr) -> None:
    """Refuse the factorial of a large number, as 18!! is, and a division by terms that cancel."""
    for node in sympy.postorder_traversal(value):  # the inner factorials come first
        if isinstance(node, sympy.factorial):
            of = node.args[0]
            if of.is_number and not abs(of.evalf(5)) <= LARGEST_FACTORIAL:
                raise Unparsable("the factorial of a large number")
        elif isinstance(node, sympy.Pow) and node.exp.is_negative and _cancels(node.base):
            raise Unparsable("a division by zero")


def _cancels(value: sympy.Expr) -> bool:
    return bool(value.is_Add and value.is_number and is_zero(value.evalf()))


def symbol_of(name: str) -> sympy.Expr:
    """Return what a name of an answer stands for: the imaginary unit, or itself."""
    return sympy.I if name == "i" else sympy.Symbol(name, real=True)


def rename(text: str) -> tuple[str, dict[str, str]]:
    """Give every name in a text a letter of its own; return the text and the letter of each name.

    A name is a letter or command with its subscript, primes and accents; a derivative; and a
    function of one name or number, as in ``x(t)``.
    """
    text = _ACCENT.sub(_fold_accent, _DERIVATIVE.sub(_fold_derivative, text))
    text = re.sub(r"\\bmod(?![A-Za-z])", r"\\mod", text)
    text = re.sub(r"(?<![\w.}^)])(\d+)\s*/\s*(\d+)(?![\d.^!])", r"\\frac{\1}{\2}", text)
    text = re.sub(r"(\d+)\s*\\frac\s*\{\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}", _mixed, text)
    text = re.sub(r"(?<=[\d)])\s*(?=\()", r"\\cdot ", text)
    names: dict[str, str] = {}

    def letter(name: str) -> str:
        if name not in names and len(names) == len(_LETTERS):
            raise Unparsable("too many names")
        return names.setdefault(name, _LETTERS[len(names)] if name not in names else "")

    def replace(found: re.Match[str]) -> str:
        if found["known"]:
            return found[0]
        if found["folded"] is not None:
            name, applied = found["folded"], found["folded_applied"] or ""
        else:
            primes = (found["primes"] or "").replace("\\prime", "'").count("'")
            if found["name"].startswith("\\") and found["name"] not in _NAMED_COMMANDS:
                raise Unparsable(f"an unknown command: {found['name']}")
            name = _compact(found["name"] + found["index"]) + "'" * primes
            applied = found["applied"] or ""
        if name == "i" and applied:
            return f" {letter(name)} \\cdot {_IDENTIFIER.sub(replace, applied)}"
        product = re.match(r"\s*[(\[]", text[found.end() :])
        return f" {letter(name + _compact(applied))} " + ("\\cdot " if product else "")

    return _IDENTIFIER.sub(replace, text), names


def _fold_derivative(found: re.Match[str]) -> str:
    variable = "" if found[4] in ("t", "x") else found[4]  # dy/dt and dy/dx may be written y'
    return f"\x01{_compact(found[2])}{chr(39) * int(found[1] or 1)}{variable}\x01{found[3] or ''}"


def _fold_accent(found: re.Match[str]) -> str:
    accent, name = found[1], _compact(found[2] + found[3])
    primes = {"dot": "'", "ddot": "''"}.get(accent)
    return f"\x01{name}{primes}\x01" if primes else f"\x01{accent}:{name}\x01"


def _mixed(found: re.Match[str]) -> str:
    whole, above, below = found[1], int(found[2]), int(found[3])
    sign = "+" if above < below else r"\cdot "
    return rf"({whole}{sign}\frac{{{above}}}{{{below}}})"


def _compact(name: str) -> str:
    return re.sub(r"[\s{}]", "", name)
