"""Which counts of right answers a printed accuracy can stand for, in exact arithmetic.

A printed accuracy is text in percent, such as `6.3`. A count k of n problems is 100 k / n percent.
It is rounded to the printed digits half up or half to even, which differ at ties alone, or cut.
"""

import functools
import math
from collections.abc import Callable
from fractions import Fraction

Rule = Callable[[Fraction], int]  # from an accuracy in units of the last printed digit


def half_up(units: Fraction) -> int:
    """Return the nearest integer, of two the larger."""
    return math.floor(units + Fraction(1, 2))


def half_even(units: Fraction) -> int:
    """Return the nearest integer, of two the even one."""
    return round(units)


def cut(units: Fraction) -> int:
    """Return the integer below: the further digits are dropped."""
    return math.floor(units)


ROUNDED: tuple[Rule, ...] = (half_up, half_even)
CUT: tuple[Rule, ...] = (cut,)


def _units(printed: str) -> tuple[int, int]:
    """Return a printed number in units of its last digit, and how many units are one percent."""
    digits = len(printed.partition(".")[2])
    return int(Fraction(printed) * 10**digits), 10**digits


@functools.cache
def counts(printed: str, problems: int, rules: tuple[Rule, ...]) -> tuple[int, ...]:
    """Return every count of right answers that one of the rules prints so, in order.

    >>> counts("6.3", 272, ROUNDED), counts("6.3", 272, CUT)
    ((17,), ())
    """
    wanted, per_percent = _units(printed)
    scale = 100 * per_percent
    # Every rule is off by one unit at most: only counts this near can be printed so.
    first = max(0, math.ceil(Fraction((wanted - 1) * problems, scale)))
    last = min(problems, math.floor(Fraction((wanted + 1) * problems, scale)))
    return tuple(
        count
        for count in range(first, last + 1)
        if any(rule(Fraction(scale * count, problems)) == wanted for rule in rules)
    )


def fit(printed: str, problems: int) -> str:
    """Return by which rule a printed accuracy is a count of the problems.

    `either`, `rounded` (only if rounded), `cut` (only if cut), or `neither`.
    """
    found = {
        (True, True): "either",
        (True, False): "rounded",
        (False, True): "cut",
        (False, False): "neither",
    }
    return found[bool(counts(printed, problems, ROUNDED)), bool(counts(printed, problems, CUT))]


def sizes_that_fit(printed: list[str], sizes: range, rules: tuple[Rule, ...]) -> list[int]:
    """Return the numbers of problems for which all printed accuracies are counts by the rules."""
    return [size for size in sizes if all(counts(text, size, rules) for text in printed)]


def share_of_texts(problems: int, rules: tuple[Rule, ...]) -> float:
    """Return which share of all accuracies of one decimal, 0.0 to 100.0, the rules can print."""
    possible = {
        rule(Fraction(1000 * count, problems)) for count in range(problems + 1) for rule in rules
    }
    return len(possible) / 1001
