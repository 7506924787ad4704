"""Two cells on one benchmark: their runs, under the prompts that are compared."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from scripts.lib.scores.comparisons import Compared
from scripts.lib.scores.methods import Pairing
from scripts.lib.scores.verdicts import Evaluation, stack_correct
from scripts.lib.study.cells import task_of


class Evaluations(NamedTuple):
    """The evaluations of a study, {(cell, seed, task): evaluation}, its seeds and main prompt."""

    found: dict[tuple[str, int, str], Evaluation]
    seeds: list[int]
    main_prompt: str

    def of(self, cell: str, prompt: str, benchmark: str) -> list[Evaluation]:
        """Return a cell's evaluations on a benchmark under a prompt, one per seed."""
        task = task_of(prompt, benchmark, self.main_prompt)
        return [self.found[cell, seed, task] for seed in self.seeds]


class Pair(NamedTuple):
    """A cell and another on one benchmark, each under a prompt; `names` tell it from others."""

    names: dict[str, Any]
    cell: list[Evaluation]
    other: list[Evaluation]
    pairing: Pairing


def pairs_of(
    family: dict[str, Any], benchmarks: list[str], evaluations: Evaluations
) -> Iterator[Pair]:
    """Yield a family's pairs on all benchmarks; `family` is one of dag/score.py's families."""
    for cell, other, pairing, cell_prompt, other_prompt in family["pairs"]:
        for benchmark in benchmarks:
            names = {"against": family["against"], "prompts": family["prompts"]}
            names |= {"cell": cell, "other": other, "benchmark": benchmark}
            names |= {"cell_prompt": cell_prompt, "other_prompt": other_prompt}
            ours = evaluations.of(cell, cell_prompt, benchmark)
            theirs = evaluations.of(other, other_prompt, benchmark)
            yield Pair(names, ours, theirs, pairing)


def finished_runs(
    cell: list[Evaluation], other: list[Evaluation], pairing: Pairing
) -> tuple[list[Evaluation], list[Evaluation]]:
    """Return the runs that left a model, collapsed or not; where seeds are paired, in pairs."""
    ours = [run for run in cell if run.verdicts is not None]
    theirs = [run for run in other if run.verdicts is not None]
    if pairing == "seed":
        of_other = {run.record["seed"]: run for run in theirs}
        ours = [run for run in ours if run.record["seed"] in of_other]
        theirs = [of_other[run.record["seed"]] for run in ours]
    return ours, theirs


def compare_runs(
    names: dict, cell: list[Evaluation], other: list[Evaluation], pairing: Pairing
) -> Compared:
    """Return two cells' runs on one benchmark, ready to be compared."""
    ours, theirs = finished_runs(cell, other, pairing)
    first = cell[0].record
    means = stack_correct(ours + theirs) if ours + theirs else np.empty((0, first["problems"]))
    names = names | {"n": first["problems"]}
    return Compared(names, means[: len(ours)], means[len(ours) :], first["samples"], pairing)
