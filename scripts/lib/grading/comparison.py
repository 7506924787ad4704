r"""Compare two answers: the one place that says what counts as the same.

Benchmarks differ in few things, all of them in `Rules`: whether ``1,234`` is one number or two, and
whether a gold ``4.2 \pm 0.1`` is a value with a tolerance. Both sides are read by the same code.

Numbers are compared exactly; where one of them is written as a decimal, to six digits behind the
point (of numbers below 0.1, to five significant ones). Expressions are evaluated at fixed points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

import sympy
from math_verify.grader import sympy_expr_eq

from scripts.lib.grading.answers import Answer, Equation, Grid, Group, Many, Unequal, Words, read
from scripts.lib.grading.clock import Clock, as_ratio, same_time
from scripts.lib.grading.notation import choice, tidy, without_units
from scripts.lib.grading.scalars import Scalar, Unparsable, defined, is_zero, number, symbol_of

LONGEST_ANSWER = 1500
TOLERANCE = Fraction(1, 10**6)
DIGITS = 40
_INFINITE = (sympy.oo, -sympy.oo)
_FUNCTION_OF_X = {"y", "f(x)", "y(x)"}  # names of the same thing
_STEPS = (sympy.floor, sympy.ceiling, sympy.Mod)
_WHOLE_NAMES = frozenset("jklmn")  # by convention counters: sampled at whole numbers in a floor


@dataclass(frozen=True)
class Rules:
    """How a data set writes its gold answers."""

    comma_groups: bool = True  # 1,234 is one thousand ...
    tolerance: bool = False  # gold "4.2 \pm 0.1" accepts 4.1 to 4.3
    glued_units: bool = False  # "20m" is 20 metres and "70k" 70 thousand, never a product


KNOWN = {  # sets whose rules have the set's name too, in JSON lines for scripts.grade for example
    "gsm8k": "glued-units",
    "olympiadbench": "number-lists tolerance",
}


def rules_named(names: str) -> Rules:
    """Return the rules that a data set names in the config, or those of a known set.

    >>> rules_named("glued-units") == rules_named("gsm8k")
    True
    """
    named = KNOWN.get(names, names).split()
    return Rules(
        comma_groups="number-lists" not in named,
        tolerance="tolerance" in named,
        glued_units="glued-units" in named,
    )


def equivalent(benchmark: str, gold: str, answer: str) -> bool:
    """Tell whether two answers are the same; raise Unparsable if one cannot be read."""
    if len(gold) > LONGEST_ANSWER or len(answer) > LONGEST_ANSWER:
        raise Unparsable("too long for an answer")
    rules = rules_named(benchmark)
    if _squeezed(gold) == _squeezed(answer):
        return True
    if rules.tolerance and (bounds := tolerance(gold)):
        given = _value(answer, bounds[1])
        return given is not None and abs(given - bounds[0]) <= bounds[1]
    if (letter := choice(tidy(gold))) and (chosen := choice(tidy(answer))):
        return letter == chosen
    expected = read(tidy(gold), rules.comma_groups)
    if isinstance(expected, Words):
        return (
            isinstance(found := read(tidy(answer), True), Words | Scalar)
            and _verbal(found) == expected.text
        )
    possible = readings(answer, expected, rules)
    lists = [reading for reading in possible if isinstance(reading, Many)]
    if len(lists) == len(possible) and not isinstance(expected, Many):
        possible = [one_value(each) for each in lists]  # not of "100,100", which is one number
    return any(same(expected, reading) for reading in possible)


def one_value(answer: Many) -> Answer:
    """Return the value of a list that says it in several forms ("4/10 or 2/5"), else the list.

    Digits that begin with 0 are a group ("5, 005"), never the same number once more.
    """
    first, *others = answer.parts
    grouped = any(isinstance(p, Scalar) and re.match(r"\s*0\d", p.text) for p in others)
    return first if not grouped and all(same(first, other) for other in others) else answer


def tolerance(gold: str) -> tuple[Fraction, Fraction] | None:
    r"""Split a gold with a tolerance, "4.2 \pm 0.1", into value and tolerance, else None."""
    found = re.fullmatch(r"\s*(-?[\d.]+)\s*\\pm\s*([\d.]+)\s*", gold)
    if not found:
        return None
    value, margin = number(found[1]), number(found[2])
    return None if value is None or margin is None else (value, margin)


def readings(answer: str, expected: Answer, rules: Rules) -> list[Answer]:
    """Return the ways to read an answer: commas as digit groups or not, units dropped or not."""
    text = tidy(answer)
    texts = [text]
    if _numeric(expected):
        texts += [other for other in [without_units(text, rules.glued_units)] if other != text]
    found: list[Answer] = []
    problem: Unparsable | None = None
    for each in texts:
        for comma_groups in (True, False):
            try:
                reading = read(each, comma_groups)
            except Unparsable as error:
                problem = error
                continue
            if reading not in found:
                found.append(reading)
    if not found and problem:
        raise problem
    return found


def _numeric(expected: Answer) -> bool:
    if isinstance(expected, Scalar):
        return expected.numeric
    if isinstance(expected, Clock):
        return True
    if isinstance(expected, Many | Group):
        return all(_numeric(part) for part in expected.parts)
    return isinstance(expected, Equation) and _numeric(expected.sides[-1])


def _value(answer: str, margin: Fraction) -> Fraction | None:
    text = tidy(answer)
    if bounds := tolerance(text):
        return bounds[0] if bounds[1] <= margin else None
    found = read(without_units(text), True)
    if isinstance(found, Equation) and found.label:
        found = found.sides[-1]
    return found.exact if isinstance(found, Scalar) else None


def _squeezed(text: str) -> str:
    """Drop the spaces that mean nothing, which those between two digits do not."""
    return re.sub(r"(?<![\d.])\s+|\s+(?![\d.])", "", " ".join(text.replace("$", " ").split()))


def _verbal(found: Words | Scalar) -> str:
    return (
        found.text
        if isinstance(found, Words)
        else re.sub(r"[^a-z0-9]+", " ", found.text.lower()).strip()
    )


def same(gold: Answer, given: Answer) -> bool:
    """Tell whether two structures are the same answer."""
    if isinstance(gold, Unequal) and isinstance(given, Unequal):
        return same(gold.equation, given.equation)
    if isinstance(gold, Equation) or isinstance(given, Equation):
        return _same_equation(gold, given)
    if isinstance(gold, Scalar) and isinstance(given, Scalar):
        return same_scalar(gold, given)
    if isinstance(gold, Clock) or isinstance(given, Clock):
        if isinstance(gold, Clock) and isinstance(given, Clock):
            return same_time(gold, given)
        ratios = [ratio for ratio in map(as_ratio, (gold, given)) if ratio]
        return len(ratios) == 2 and same_scalar(*ratios)
    if isinstance(gold, Group) and isinstance(given, Group):
        return gold.brackets == given.brackets and _same_sequence(gold.parts, given.parts)
    if isinstance(gold, Grid) and isinstance(given, Grid):
        return len(gold.rows) == len(given.rows) and all(map(_same_sequence, gold.rows, given.rows))
    if isinstance(gold, Many) and isinstance(given, Many):
        return _same_collection(gold.parts, given.parts)
    return gold == given


def _same_sequence(gold: tuple, given: tuple) -> bool:
    return len(gold) == len(given) and all(map(same, gold, given))


def _same_collection(gold: tuple, given: tuple) -> bool:
    if len(gold) != len(given):
        return False
    left = list(given)
    for expected in gold:
        index = next((i for i, part in enumerate(left) if same(expected, part)), None)
        if index is None:
            return False
        left.pop(index)
    return True


def _same_equation(gold: Answer, given: Answer) -> bool:
    _check_chain(given)
    gold, given = _calculated(gold), _calculated(given)
    if isinstance(gold, Equation) and isinstance(given, Equation):
        lefts = gold.sides[0], given.sides[0]
        named = gold.label and given.label
        alike = gold.label == given.label or {gold.label, given.label} <= _FUNCTION_OF_X
        if named and (alike or (None not in lefts and same_scalar(*lefts))):
            return same(gold.sides[-1], given.sides[-1])
        if named and (renamed := _same_argument(gold, given)):
            return same(gold.sides[-1], renamed)
        return _same_relation(gold, given)
    if isinstance(gold, Equation):
        return bool(gold.label) and same(gold.sides[-1], given)
    if isinstance(given, Equation):
        return bool(given.label) and same(gold, given.sides[-1])
    return same(gold, given)


def _check_chain(answer: Answer) -> None:
    """Refuse ``x = 20 = 18``; of rounded numbers, as in ``x = 200/3 = 66.7``, 1% is enough."""
    if not isinstance(answer, Equation):
        return
    last = answer.sides[-1]
    if not isinstance(last, Scalar) or not last.numeric:
        return
    for side in (side for side in answer.between if side.numeric and not same_scalar(last, side)):
        rounded = last.decimal or side.decimal
        difference = abs((_sympy(last) - _sympy(side)).evalf())
        if not rounded or difference > abs(_sympy(last).evalf()) / 100:
            raise Unparsable("a chain of numbers that disagree")


def _calculated(answer: Answer) -> Answer:
    """Return the result of a right calculation, ``2 + 3 = 5`` or ``2(x + 1) = 2x + 2``."""
    if not isinstance(answer, Equation) or answer.label:
        return answer
    if not all(isinstance(side, Scalar) for side in answer.sides):
        return answer
    return answer.sides[-1] if same_scalar(*answer.sides) else answer


def _same_argument(gold: Equation, given: Equation) -> Scalar | None:
    """Return the right side of ``f(n) = …`` written in the argument of the gold's ``f(x) = …``."""
    pattern = r"(\\?[A-Za-z]+)\(([A-Za-z])\)"
    ours, theirs = (re.fullmatch(pattern, side.label or "") for side in (gold, given))
    right = given.sides[-1]
    if (
        not ours
        or not theirs
        or ours[1] != theirs[1]
        or not isinstance(right, Scalar)
        or right.expression is None
    ):
        return None
    old, new = symbol_of(theirs[2]), symbol_of(ours[2])
    if old != new and right.expression.has(new):
        return None
    return Scalar(right.text, None, right.expression.subs(old, new))


def _same_relation(gold: Equation, given: Equation) -> bool:
    """Tell whether two equations are multiples of each other."""
    sides = [*gold.sides, *given.sides]
    if not all(isinstance(side, Scalar) for side in sides):
        return False
    first, second = (_sympy(a) - _sympy(b) for a, b in (gold.sides, given.sides))
    if first.free_symbols != second.free_symbols or not first.free_symbols:
        return False
    ratios = [
        above / below for above, below in _samples(first, second) if below != 0 and above != 0
    ]
    return len(ratios) >= 3 and all(
        abs(ratio - ratios[0]) <= 1e-9 * abs(ratios[0]) for ratio in ratios
    )


def same_scalar(gold: Scalar, given: Scalar) -> bool:
    """Compare two values: exactly, or to six digits where one of them is written as a decimal."""
    rounded = gold.decimal or given.decimal
    if gold.exact is not None and given.exact is not None:
        difference = abs(gold.exact - given.exact)
        return difference == 0 or (
            rounded and difference <= TOLERANCE * min(Fraction(1), 10 * abs(gold.exact))
        )
    first, second = _sympy(gold), _sympy(given)
    if first == second:
        return True
    if first.free_symbols or second.free_symbols:
        return _same_function(first, second, rounded)
    return _same_constant(first, second, rounded)


def _sympy(value: Scalar) -> sympy.Expr:
    if value.exact is not None:
        return sympy.Rational(value.exact.numerator, value.exact.denominator)
    return value.expression


def _same_constant(first: sympy.Expr, second: sympy.Expr, rounded: bool) -> bool:
    a, b = defined(first.evalf(DIGITS)), defined(second.evalf(DIGITS))
    if a.has(*_INFINITE) or b.has(*_INFINITE):
        return a == b and a.is_infinite is True
    if not (a.is_number and b.is_number and a.is_finite and b.is_finite):
        return sympy_expr_eq(first, second, 6)
    if is_zero(a) or is_zero(b):
        return is_zero(a) and is_zero(b)
    difference = abs(a - b)
    if rounded:
        return bool(difference <= sympy.Float(1e-6) * min(1, 10 * abs(a)))
    if difference > sympy.Float(10) ** (5 - DIGITS) * abs(a):
        return False
    return 10**-20 < abs(a) < 10**20 or _same_exactly(first, second)


def _same_exactly(first: sympy.Expr, second: sympy.Expr) -> bool:
    """Compare two numbers without rounding, where both can be computed; else they are the same."""
    a, b = first.doit(), second.doit()
    return a == b if a.is_Rational and b.is_Rational else True


def _same_function(first: sympy.Expr, second: sympy.Expr, rounded: bool) -> bool:
    """Compare two expressions at fixed points; where too few can be evaluated, ask math-verify."""
    values = _samples(first, second)
    if len(values) < 3:
        return sympy_expr_eq(first, second, 6)
    margin = 1e-6 if rounded else 1e-15
    return all(abs(a - b) <= margin * max(abs(a), abs(b), 1e-30) for a, b in values)


def _samples(first: sympy.Expr, second: sympy.Expr) -> list[tuple[sympy.Expr, sympy.Expr]]:
    """Evaluate both expressions at the same points: positive ones, and some of mixed sign."""
    symbols = sorted(first.free_symbols | second.free_symbols, key=lambda symbol: symbol.name)
    steps = any(e.has(*_STEPS) for e in (first, second))
    pairs = []
    for point in range(12 if steps else 6):
        mixed = point % 6 >= 4
        values = {}
        for index, symbol in enumerate(symbols):
            whole = steps and (point >= 6 or symbol.name[0] in _WHOLE_NAMES)
            value = sympy.Rational((17 * point + 31 * index + 11) % 97 + 5, 1 if whole else 37)
            values[symbol] = -value if mixed and (point + index) % 2 == 0 else value
        a, b = first.subs(values).evalf(30), second.subs(values).evalf(30)
        numbers = a.is_number and b.is_number and a.is_finite and b.is_finite
        if numbers and (not mixed or (a.is_real and b.is_real)):
            pairs.append((a, b))
    return pairs
