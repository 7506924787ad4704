"""A test of a claim, evaluated on numbers."""

import operator
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from scripts.lib.paper.numbers import Difference, Numbers
from scripts.lib.paper.printed import Printed
from scripts.lib.paper.tree import (
    Collapsed,
    Comparison,
    Connected,
    Counts,
    Equality,
    Expression,
    Sum,
    TrainedModels,
    Where,
)
from scripts.lib.paper.truth import Truth, at_least, negation, share

Groups = Mapping[str, list[str]]
Weighted = tuple[tuple[tuple[str, str], float], ...]


class Compared(NamedTuple):
    """Two sides on one benchmark, or on the average of several: the left one less the right."""

    weights: Weighted
    margin: float
    difference: Difference | None  # None where a side has no number
    truth: Truth


class Result(NamedTuple):
    """What a test says, and every comparison in it once."""

    truth: Truth
    compared: list[Compared]


def evaluate(expression: Expression, numbers: Numbers, groups: Groups) -> Result:
    """Evaluate a test on numbers; a group's name stands for its cells.

    Questions about print alone need printed numbers: TypeError otherwise.
    """
    seen: dict[tuple[Weighted, float], Compared] = {}
    truth = _truth(expression, numbers, groups, seen)
    return Result(truth, list(seen.values()))


def _truth(
    expression: Expression,
    numbers: Numbers,
    groups: Groups,
    seen: dict[tuple[Weighted, float], Compared],
) -> Truth:
    if isinstance(expression, Connected):
        parts = [_truth(part, numbers, groups, seen) for part in expression.parts]
        if expression.connective == "not":
            return negation(parts[0])
        return at_least(len(parts) if expression.connective == "and" else 1, parts)
    if isinstance(expression, Comparison):
        return _comparison(expression, numbers, groups, seen)
    if isinstance(expression, Collapsed):
        found = [numbers.collapsed(cell) for cell in _cells(expression.cells, groups)]
        truths = [Truth.MISSING if f is None else _truth_of(f) for f in found]
        return share(expression.part, truths)
    if not isinstance(numbers, Printed):
        raise TypeError("a question about what is printed")
    return _of_print(expression, numbers, groups)


def _truth_of(condition: bool) -> Truth:
    return Truth.TRUE if condition else Truth.FALSE


def _cells(names: tuple[str, ...], groups: Groups) -> list[str]:
    return [cell for name in names for cell in groups.get(name, [name])]


# ------------------------------------------------------------------------------- comparisons


def _comparison(
    test: Comparison,
    numbers: Numbers,
    groups: Groups,
    seen: dict[tuple[Weighted, float], Compared],
) -> Truth:
    """Evaluate a comparison: on each benchmark, then over benchmarks, then over the left cells."""
    benchmarks = test.where.benchmarks or numbers.benchmarks
    columns = [benchmarks] if test.where.average else [(name,) for name in benchmarks]
    of_cells = []
    for left in _sums(test.left.sums, groups):
        truths = []
        for column in columns:
            found = [
                _compare(test, left, right, column, numbers, seen)
                for right in _sums(test.right.sums, groups)
            ]
            truths.append(share(test.right.part, found))
        of_cells.append(truths)
    if test.where.pairs:
        return _over(test.where, [truth for truths in of_cells for truth in truths])
    return share(test.left.part, [_over(test.where, truths) for truths in of_cells])


def _over(where: Where, truths: list[Truth]) -> Truth:
    if where.number:
        return at_least(where.number, truths)
    return share(where.part or "all", truths)


def _sums(sums: tuple[Sum, ...], groups: Groups) -> Iterator[Sum]:
    """Yield the sums of a side; a group's name stands for each of its cells."""
    for terms in sums:
        names = groups.get(terms[0][1]) if len(terms) == 1 else None
        if names is None:
            yield terms
        else:
            yield from (((1, name),) for name in names)


def _compare(
    test: Comparison,
    left: Sum,
    right: Sum,
    benchmarks: tuple[str, ...],
    numbers: Numbers,
    seen: dict[tuple[Weighted, float], Compared],
) -> Truth:
    weights: dict[tuple[str, str], float] = {}
    terms = [(sign, cell) for sign, cell in left]
    terms += [(-sign, named_by(cell, left[0][1])) for sign, cell in right]
    for sign, cell in terms:
        for benchmark in benchmarks:
            place = (cell, benchmark)
            weights[place] = weights.get(place, 0.0) + sign / len(benchmarks)
    below = test.operator.startswith("<")
    margin = (-test.margin if below else test.margin) / 100
    difference = numbers.difference(weights, margin)
    truth = _decided(test, difference, numbers.exact)
    seen[tuple(weights.items()), margin] = Compared(
        tuple(weights.items()), margin, difference, truth
    )
    return truth


def _decided(test: Comparison, difference: Difference | None, exact: bool) -> Truth:
    """Return whether the difference has the sign that the test says.

    Measured numbers, and `clearly`, need a clear one. "Not below" fails where it is clearly below.
    """
    if difference is None:
        return Truth.MISSING
    if not difference.clear and (test.clearly or not exact):
        return Truth.UNDECIDED
    compare = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}
    return _truth_of(compare[test.operator](difference.value, 0))


def named_by(name: str, cell: str) -> str:
    """Return the cell that `its parent`, `its root` or `its direct-rl` names, else the name.

    >>> named_by("its parent", "base+kd+rl"), named_by("its direct-rl", "base+kd+rl")
    ('base+kd', 'base+rl')
    """
    root = cell.partition("+")[0]
    named = {
        "its parent": cell.rpartition("+")[0] or root,
        "its root": root,
        "its direct-rl": f"{root}+rl",
    }
    return named.get(name, name)


# -------------------------------------------------------------------------------- of print alone


def _of_print(
    expression: Equality | Counts | TrainedModels, printed: Printed, groups: Groups
) -> Truth:
    if isinstance(expression, TrainedModels):
        roots = {cell.partition("+")[0] for cell in printed.cells if "+" in cell}
        return _truth_of(len(roots) == expression.number)
    if isinstance(expression, Counts):
        values = [
            printed.value(cell, name)
            for cell in _cells(expression.cells, groups)
            for name in expression.benchmarks
        ]
        return share("all", [_is_share(value, expression.problems) for value in values])
    truths = [
        _are_equal(printed.value(expression.cell, name), _right(expression.value, name, printed))
        for name in expression.benchmarks
    ]
    return share("all", truths)


def _right(value: float | str, benchmark: str, printed: Printed) -> float | None:
    return printed.value(value, benchmark) if isinstance(value, str) else value


def _are_equal(first: float | None, second: float | None) -> Truth:
    if first is None or second is None:
        return Truth.MISSING
    return _truth_of(abs(first - second) < 1e-9)


def _is_share(value: float | None, problems: int) -> Truth:
    """Say whether a percentage with one decimal is k / problems, rounded or cut."""
    if value is None:
        return Truth.MISSING
    above = [100 * right / problems - value for right in range(problems + 1)]
    return _truth_of(any(-0.05 - 1e-9 < part < 0.1 - 1e-9 for part in above))
