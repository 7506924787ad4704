"""Compare every trained cell with its parent, on the same problems of each benchmark.

A cell's parent is what its last stage started from. Accuracies are those of the seeds in which
both left a model, collapsed or not. `p_holm` is the p-value adjusted for all the tests of the file.
"""

from pathlib import Path

from scripts.cli import job_arguments, planned_run
from scripts.lib.scores.statistics import Comparison, accuracy, compare_paired, holm
from scripts.lib.scores.table_cells import fixed, write_csv
from scripts.lib.scores.verdicts import Evaluation, read_evaluations, stack_correct

COLUMNS = [
    "cell",
    "parent",
    "benchmark",
    "n",
    "k",
    "seeds",
    "parent_accuracy",
    "accuracy",
    "difference",
    "interval_low",
    "interval_high",
    "p_value",
    "p_holm",
    "test",
]


def paired_runs(
    cell: list[Evaluation], parent: list[Evaluation]
) -> tuple[list[Evaluation], list[Evaluation]]:
    """Return the runs of the seeds in which cell and parent left a model, in equal order."""
    of_parent = {run.record["seed"]: run for run in parent if run.verdicts is not None}
    runs = [run for run in cell if run.verdicts is not None and run.record["seed"] in of_parent]
    return runs, [of_parent[run.record["seed"]] for run in runs]


def compare_runs(cell: list[Evaluation], parent: list[Evaluation]) -> Comparison:
    """Return the paired comparison of runs of the same seeds."""
    means = stack_correct(cell + parent)
    return compare_paired(means[: len(cell)], means[len(cell) :], cell[0].record["samples"])


def comparison_rows(
    settings: dict, found: dict[tuple[str, int, str], Evaluation], seeds: list[int]
) -> list[dict]:
    """Return the rows of the comparisons, in the order of the pairs and benchmarks given."""
    rows, p_values = [], []
    for pair in settings["pairs"]:
        for benchmark in settings["benchmarks"]:
            cell, parent = ([found[name, seed, benchmark] for seed in seeds] for name in pair)
            row = {
                "cell": pair[0],
                "parent": pair[1],
                "benchmark": benchmark,
                "n": cell[0].record["problems"],
                "k": cell[0].record["samples"],
            }
            after, before = paired_runs(cell, parent)
            row["seeds"] = len(after)
            if not after:
                row["test"] = "none (collapsed)"
            else:
                comparison = compare_runs(after, before)
                numbers = {
                    "parent_accuracy": accuracy(stack_correct(before)),
                    "accuracy": accuracy(stack_correct(after)),
                    "difference": comparison.difference,
                    "interval_low": comparison.low,
                    "interval_high": comparison.high,
                }
                row |= {name: fixed(value) for name, value in numbers.items()}
                row |= {"p_value": f"{comparison.p_value:.3g}", "test": comparison.test}
                p_values.append(comparison.p_value)
            rows.append(row)
    tested = [row for row in rows if "p_value" in row]
    for row, adjusted in zip(tested, holm(p_values), strict=True):
        row["p_holm"] = f"{adjusted:.3g}"
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
