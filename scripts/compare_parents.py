"""Compare every trained cell with its parent, its root, direct RL and full training, by benchmark.

Each of these questions is a family of its own (`against`), whose p-values are adjusted for its own
tests alone. Seeds that left no model are left out; where seeds are paired, of both sides.
"""

from pathlib import Path

import numpy as np

from scripts.cli import job_arguments, planned_run
from scripts.lib.scores.comparisons import COLUMNS, Compared, as_text, compare_family
from scripts.lib.scores.methods import Pairing
from scripts.lib.scores.table_cells import write_csv
from scripts.lib.scores.verdicts import Evaluation, read_evaluations, stack_correct


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


def comparison_rows(
    settings: dict, found: dict[tuple[str, int, str], Evaluation], seeds: list[int]
) -> list[dict]:
    """Return the rows of all families, in the order of their pairs and of the benchmarks."""
    rows = []
    for family in settings["families"]:
        compared = []
        for cell, other, pairing in family["pairs"]:
            for benchmark in settings["benchmarks"]:
                ours, theirs = (
                    [found[name, seed, benchmark] for seed in seeds] for name in (cell, other)
                )
                names = {"against": family["against"], "cell": cell, "other": other}
                names["benchmark"] = benchmark
                compared.append(compare_runs(names, ours, theirs, pairing))
        rows += [as_text(row) for row in compare_family(compared)]
    return rows


def main() -> None:
    """Read the flags and write the comparisons."""
    parser = job_arguments(__doc__)
    parser.add_argument("--comparisons", type=Path, required=True, help="the CSV file to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "compare_parents")
    found = read_evaluations(run.paths("scores"))
    write_csv(args.comparisons, COLUMNS, comparison_rows(run.settings, found, run.study.seeds()))
    run.write_record(args.output, args.comparisons)


if __name__ == "__main__":
    main()
