"""The comparisons of one family: two hypotheses tested, one mark.

runs    these checkpoints are equally often right: exact sign-flip test over problems, Holm;
method  the method changes nothing, its seeds being a sample: moderated t test, Benjamini-Hochberg.

The mark is the method test's; where a family has none (one seed, or too few comparisons to pool
their spreads), that of the runs.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from scripts.lib.frames import Column
from scripts.lib.scores.families import benjamini_hochberg, holm
from scripts.lib.scores.marks import METHOD, RUNS
from scripts.lib.scores.methods import (
    FEWEST,
    Pairing,
    can_contrast,
    compare_methods,
    contrast,
    joined,
    smallest_visible,
)
from scripts.lib.scores.runs import mean_differences, run_interval, run_p_value, run_spread
from scripts.lib.scores.statistics import accuracy, t_quantile
from scripts.lib.scores.table_cells import fixed

LEVEL = 0.05
P_VALUES = ("runs_p", "runs_p_holm", "method_p", "method_p_bh", "method_p_holm")
COLUMNS = [
    Column("against", "text", "the question: parent, root, direct RL, full"),
    Column("prompts", "text", "the prompt of both sides, or own: each side under its own"),
    Column("cell", "text", "the cell"),
    Column("other", "text", "what it is compared with"),
    Column("benchmark", "text", "name of the benchmark in the config"),
    Column("cell_prompt", "text", "prompt of the cell"),
    Column("other_prompt", "text", "prompt of the other"),
    Column("n", "count", "problems"),
    Column("k", "count", "samples per problem: the accuracies are multiples of 1/k"),
    Column("seeds", "count", "runs of the cell"),
    Column("other_seeds", "count", "runs of the other"),
    Column("other_accuracy", "fraction", "accuracy of the other"),
    Column("accuracy", "fraction", "accuracy of the cell"),
    Column("difference", "fraction", "accuracy less other_accuracy, on the same problems"),
    Column("interval_low", "fraction", "lower end of the difference's 95% interval"),
    Column("interval_high", "fraction", "upper end of it"),
    Column("basis", "text", "what interval and mark speak of: method, or this run"),
    Column("family_size", "count", "tests that are corrected for together"),
    Column("runs_p", "probability", "these runs are equally often right: sign-flips over problems"),
    Column("runs_p_holm", "probability", "the same, Holm over the family"),
    Column("method_p", "probability", "the method changes nothing: t test, seeds at random"),
    Column("method_p_bh", "probability", "the same, Benjamini-Hochberg over the family"),
    Column("method_p_holm", "probability", "the same, Holm over the family"),
    Column("mark", "text", "a star where basis's corrected p is .05 or less"),
    Column("smallest_visible", "fraction", "difference that one test at .05 sees with 80% power"),
    Column("smallest_visible_holm", "fraction", "the same, corrected for the family"),
]


class Compared:
    """A cell and another on one benchmark: means of verdicts (seeds, problems), and their row.

    `names` are the first columns of the row; each mean is a multiple of 1 / `samples`. A side
    without runs has no number: they collapsed. `level` is the accuracy at which the sides stand,
    where they are no accuracies themselves.
    """

    def __init__(
        self,
        names: dict[str, Any],
        cell: np.ndarray,
        other: np.ndarray,
        samples: int,
        pairing: Pairing,
        level: float | None = None,
    ) -> None:
        self.cell, self.other, self.samples, self.pairing = cell, other, samples, pairing
        self.level = level
        self.row = {**names, "k": samples, "seeds": len(cell), "other_seeds": len(other)}
        self.tested = len(cell) > 0 and len(other) > 0
        if self.tested:
            self.differences = mean_differences(cell, other)  # (problems,)
            numbers = accuracy(other), accuracy(cell), float(self.differences.mean())
            named = zip(("other_accuracy", "accuracy", "difference"), numbers, strict=True)
            self.row |= {name: fixed(value) for name, value in named}

    @property
    def has_seeds(self) -> bool:
        """Say whether there are seeds enough to measure their spread."""
        sizes = len(self.cell), len(self.other), self.cell.shape[-1]
        return self.tested and can_contrast(*sizes, self.pairing)


def compare_family(compared: Sequence[Compared]) -> list[dict[str, Any]]:
    """Return the rows of a family's comparisons, on all benchmarks, in the order given."""
    tested = [pair for pair in compared if pair.tested]
    _test_runs(tested)
    size = len(tested)
    if methods := _test_methods(tested):
        size = len(methods)
        _mark(methods, "method_p_bh")
    else:
        _mark(tested, "runs_p_holm")
    for benchmark in {pair.row["benchmark"] for pair in compared}:
        _note_smallest([p for p in methods or tested if p.row["benchmark"] == benchmark], size)
    return [{"mark": "", **pair.row, "family_size": size} for pair in compared]


def _test_runs(tested: Sequence[Compared]) -> None:
    p_values = [run_p_value(pair.cell, pair.other, pair.samples) for pair in tested]
    for pair, p_value, adjusted in zip(tested, p_values, holm(p_values), strict=True):
        low, high = run_interval(pair.differences)
        pair.row |= {"runs_p": p_value, "runs_p_holm": adjusted, "basis": RUNS}
        pair.row |= {"interval_low": fixed(low), "interval_high": fixed(high)}
        pair.row |= {"variance": run_spread(pair.differences)[1], "freedom": math.inf}


def _test_methods(tested: Sequence[Compared]) -> list[Compared]:
    """Return the comparisons that the method test could be made for, with its numbers added."""
    found: list[Compared] = []
    for benchmark in dict.fromkeys(pair.row["benchmark"] for pair in tested):
        pairs = [p for p in tested if p.row["benchmark"] == benchmark and p.has_seeds]
        if len(pairs) < FEWEST:
            continue
        one_each = [contrast(p.cell[None], p.other[None], p.pairing, p.level) for p in pairs]
        for pair, *numbers in zip(pairs, *compare_methods(joined(one_each)), strict=True):
            variance, freedom, p_value = map(float, numbers)
            difference = float(pair.differences.mean())
            half = t_quantile(freedom) * math.sqrt(variance)
            pair.row |= {"method_p": p_value, "basis": METHOD}
            pair.row |= {"variance": variance, "freedom": freedom}
            pair.row["interval_low"] = fixed(max(-1.0, difference - half))
            pair.row["interval_high"] = fixed(min(1.0, difference + half))
        found += pairs
    p_values = [pair.row["method_p"] for pair in found]
    adjusted = zip(found, benjamini_hochberg(p_values), holm(p_values), strict=True)
    for pair, by_bh, by_holm in adjusted:
        pair.row |= {"method_p_bh": by_bh, "method_p_holm": by_holm}
    return found


def _mark(pairs: Sequence[Compared], column: str) -> None:
    for pair in pairs:
        pair.row["mark"] = "*" if pair.row[column] <= LEVEL else ""


def _note_smallest(pairs: Sequence[Compared], tests: int) -> None:
    """Add the smallest differences that can be seen on one benchmark, from the mean variance."""
    if not pairs:
        return
    variance = float(np.mean([pair.row["variance"] for pair in pairs]))
    freedom = float(np.median([pair.row["freedom"] for pair in pairs]))
    smallest = {
        "smallest_visible": fixed(smallest_visible(variance, freedom, LEVEL)),
        "smallest_visible_holm": fixed(smallest_visible(variance, freedom, LEVEL / tests)),
    }
    for pair in pairs:
        pair.row |= smallest


def as_text(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as it stands in the CSV: p-values to three digits, the file's columns alone."""
    texts = {column.name: row[column.name] for column in COLUMNS if column.name in row}
    for name in P_VALUES:
        if name in row:
            texts[name] = f"{row[name]:.3g}"
    return texts
