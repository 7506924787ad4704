"""The study's own numbers under one prompt, as the tests of claims ask for them.

A pair that comparisons.csv compares is clear where it is marked there. Of several families that
compare it, the one against the root counts, whose marks the tables show; a pair that it could not
test (all but one of the seeds left no model) is not clear. All else (cells that no family compares,
sums, margins, averages) is clear where the 95% interval of the difference leaves out 0. That
interval is made of the cells' own intervals, unpaired, and is not corrected for the number of
comparisons.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from scripts.lib.paper.numbers import Difference, Weights
from scripts.lib.scores.methods import smallest_visible
from scripts.lib.scores.statistics import Z95

FAMILIES = ("root", "parent", "direct RL", "full")  # of several that compare a pair the first
Place = tuple[str, str]  # cell, benchmark
Row = Mapping[str, str]


class Measured(NamedTuple):
    """Records of cells under one prompt, and the comparisons under it."""

    records: Mapping[Place, dict[str, Any]]  # by the study's names of cells
    compared: Mapping[tuple[str, str, str], Row]  # {(cell, other, benchmark): row}
    roles: Mapping[str, str]
    benchmarks: tuple[str, ...]  # the paper's, evaluated here or not

    @property
    def exact(self) -> bool:
        """Return that a sign alone decides nothing."""
        return False

    def cell(self, name: str) -> str:
        """Return the study's name of a claim's cell, which may be that of a table's row."""
        root, plus, stages = name.partition("@")[0].partition("+")
        return self.roles.get(root, root) + plus + stages

    def difference(self, weights: Weights, margin: float) -> Difference | None:
        """Return a sum of accuracies less a margin; None where a side has no number."""
        named = {(self.cell(cell), name): weight for (cell, name), weight in weights.items()}
        records = {place: self.records.get(place) for place in named}
        numbers = {
            place: record
            for place, record in records.items()
            if record is not None and record["accuracy"] is not None
        }
        if len(numbers) < len(named):
            return None
        tested = self._tested(named) if margin == 0 else None
        return tested or _by_intervals(named, numbers, margin)

    def _tested(self, weights: Weights) -> Difference | None:
        """Return the tested difference of a plain pair; None where no family compares it."""
        plus = [place for place, weight in weights.items() if weight == 1]
        minus = [place for place, weight in weights.items() if weight == -1]
        if not (len(plus) == len(minus) == 1 and len(weights) == 2 and plus[0][1] == minus[0][1]):
            return None
        (cell, benchmark), (other, _) = plus[0], minus[0]
        for first, second, sign in ((cell, other, 1), (other, cell, -1)):
            row = self.compared.get((first, second, benchmark))
            if row and row["difference"]:
                # Empty where its family was tested without it: too few seeds left a model.
                size = row["smallest_visible_holm"]
                smallest = float(size) if size else None
                return Difference(sign * float(row["difference"]), bool(row["mark"]), smallest)
        return None

    def collapsed(self, cell: str) -> bool | None:
        """Say whether a seed of the cell collapsed; None where the cell was not evaluated."""
        found = [r["status"] for place, r in self.records.items() if place[0] == self.cell(cell)]
        return "collapsed" in found if found else None


def _by_intervals(
    weights: Weights, records: Mapping[Place, dict[str, Any]], margin: float
) -> Difference:
    """Return a sum of accuracies with the interval that their own 95% intervals give.

    Zou and Donner (2008, Statistics in Medicine 27:1693): from the sum, the squares of the
    distances to each interval's end add up.
    """
    value, below, above = -margin, 0.0, 0.0
    for place, weight in weights.items():
        record = records[place]
        ends = [weight * (end - record["accuracy"]) for end in record["interval"]]
        value += weight * record["accuracy"]
        below += min(ends) ** 2
        above += max(ends) ** 2
    low, high = value - math.sqrt(below), value + math.sqrt(above)
    variance = ((high - low) / (2 * Z95)) ** 2
    clear = low > 0 or high < 0
    return Difference(round(value, 9), clear, smallest_visible(variance, math.inf))


def comparisons_under(rows: Sequence[Row], prompt: str) -> dict[tuple[str, str, str], Row]:
    """Return {(cell, other, benchmark): row} of comparisons.csv under a prompt, or `own`."""
    found: dict[tuple[str, str, str], Row] = {}
    for family in FAMILIES:
        for row in rows:
            if (row["against"], row["prompts"]) == (family, prompt):
                found.setdefault((row["cell"], row["other"], row["benchmark"]), row)
    return found
