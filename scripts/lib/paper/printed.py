"""The numbers that the paper prints in its tables, and what one run's error is."""

import csv
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from scripts.lib.paper.numbers import Difference, Weights

Row = Mapping[str, str]
Place = tuple[str, str]  # cell, benchmark
NOT_BENCHMARKS = ("table", "section", "method", "cell", "source", "column")
COLLAPSED = "‡"


def read_reported(path: Path) -> list[dict[str, str]]:
    """Read the rows of paper/reported.csv."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def read_sizes(path: Path) -> dict[str, int]:
    """Read the number of problems of each benchmark from paper/benchmarks.csv."""
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["benchmark"]: int(row["problems"]) for row in csv.DictReader(lines)}


class Printed(NamedTuple):
    """The printed accuracies (shares), by table, cell and benchmark.

    Where tables print a cell differently, `numbers` has one of the values, and `others` says which
    tables print which.
    """

    numbers: dict[Place, float]
    by_table: dict[tuple[str, str, str], float]  # {(table, cell, benchmark): share}
    marked: frozenset[str]  # cells with a double dagger
    cells: tuple[str, ...]
    benchmarks: tuple[str, ...]
    tables: tuple[str, ...]
    problems: Mapping[str, int]  # of each benchmark

    @property
    def exact(self) -> bool:
        """Return that the sign of a printed difference decides."""
        return True

    def difference(self, weights: Weights, margin: float) -> Difference | None:
        """Return a sum of printed accuracies, less the margin; None where one is not printed.

        Its standard error is the binomial one of one run and one sample per problem, unpaired.
        """
        from scripts.lib.scores.statistics import Z95  # SciPy, which no dry run needs

        values = {place: self._number(*place) for place in weights}
        if any(value is None for value in values.values()):
            return None
        numbers = {place: value for place, value in values.items() if value is not None}
        total = sum(weights[place] * numbers[place] for place in weights) - margin
        total = round(total, 9)  # 5.0 less 5.0 is 0
        variance = sum(
            weights[cell, name] ** 2 * share * (1 - share) / self.problems[name]
            for (cell, name), share in numbers.items()
        )
        clear = abs(total) > Z95 * math.sqrt(variance)
        return Difference(total, clear and total != 0, None)

    def collapsed(self, cell: str) -> bool | None:
        """Say whether the row is marked as collapsed; None where it has no numbers either way."""
        if cell in self.marked:
            return True
        return False if any(place[0] == cell for place in self.numbers) else None

    def value(self, cell: str, benchmark: str) -> float | None:
        """Return a printed number in percent, as printed."""
        share = self._number(cell, benchmark)
        return None if share is None else round(100 * share, 1)

    def _number(self, cell: str, benchmark: str) -> float | None:
        name, _, table = cell.partition("@")
        if table:
            return self.by_table.get((table, name, benchmark))
        return self.numbers.get((name, benchmark))


def printed_numbers(rows: Sequence[Row], problems: Mapping[str, int]) -> Printed:
    """Return the printed numbers; of several values of one place that of the last table.

    A row with an empty field lost its alignment (paper/README.md) and has no numbers here.
    """
    benchmarks = tuple(name for name in rows[0] if name not in NOT_BENCHMARKS)
    by_table: dict[tuple[str, str, str], float] = {}
    for row in rows:
        texts = [row[name] for name in benchmarks]
        if "" not in texts:
            by_table |= {
                (row["table"], row["cell"], name): round(float(text) / 100, 6)
                for name, text in zip(benchmarks, texts, strict=True)
                if text != "-"
            }
    return Printed(
        {(cell, name): share for (_, cell, name), share in by_table.items()},
        by_table,
        frozenset(row["cell"] for row in rows if row["method"].endswith(COLLAPSED)),
        tuple(dict.fromkeys(row["cell"] for row in rows)),
        benchmarks,
        tuple(dict.fromkeys(row["table"] for row in rows)),
        problems,
    )


def conflicts(printed: Printed) -> dict[Place, dict[str, float]]:
    """Return {(cell, benchmark): {table: share}} of what the tables print differently."""
    found: dict[Place, dict[str, float]] = {}
    for (table, cell, name), share in printed.by_table.items():
        found.setdefault((cell, name), {})[table] = share
    return {place: shares for place, shares in found.items() if len(set(shares.values())) > 1}


def alternatives(printed: Printed) -> Iterator[Printed]:
    """Yield the numbers with every choice of what is printed differently, as given first."""
    places = conflicts(printed)
    own = [[printed.numbers[place]] for place in places]
    values = [
        list(dict.fromkeys(first + list(places[place].values())))
        for first, place in zip(own, places, strict=True)
    ]
    for chosen in itertools.product(*values):
        numbers = printed.numbers | dict(zip(places, chosen, strict=True))
        yield printed._replace(numbers=numbers)
