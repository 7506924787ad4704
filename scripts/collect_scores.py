"""Collect every cell record into one tidy table: a row per cell, benchmark and seed.

Accuracies, intervals and cut-off shares are in [0, 1]; a row's interval is conditional on that run.
A collapsed run has a row without numbers.
"""

from pathlib import Path

from scripts.cli import job_arguments, planned_job
from scripts.lib.scores.table_cells import fixed, read_cells, write_csv

COLUMNS = [
    "cell",
    "benchmark",
    "seed",
    "n",
    "k",
    "accuracy",
    "interval_low",
    "interval_high",
    "strict_accuracy",
    "lighteval_accuracy",
    "cut_off",
    "mean_tokens",
    "timeouts",
    "status",
]


def score_rows(record: dict) -> list[dict]:
    """Return the rows of one cell record, one per seed."""
    rows = []
    for run in record["runs"]:
        low, high = run["interval"] or (None, None)
        shares = {
            "accuracy": run["accuracy"],
            "interval_low": low,
            "interval_high": high,
            "strict_accuracy": run["strict_accuracy"],
            "lighteval_accuracy": run["lighteval_accuracy"],
            "cut_off": run["cut_off"],
        }
        rows.append(
            {
                "cell": record["cell"],
                "benchmark": record["benchmark"],
                "seed": run["seed"],
                "n": record["problems"],
                "k": record["samples"],
                **{name: fixed(value) for name, value in shares.items()},
                "mean_tokens": fixed(run["mean_tokens"], 2),
                "timeouts": run["timeouts"],
                "status": run["status"],
            }
        )
    return rows


def main() -> None:
    """Read the flags and write the scores."""
    parser = job_arguments(__doc__)
    parser.add_argument("--cells", type=Path, required=True, help="folder of the cell records")
    parser.add_argument("--output", type=Path, required=True, help="the CSV file to write")
    args = parser.parse_args()
    job = planned_job(args, "collect_scores")
    cells, benchmarks = job.settings["cells"], job.settings["benchmarks"]
    found = read_cells(args.cells, dict(zip(cells, job.parents, strict=True)), benchmarks)
    rows = [
        row
        for cell in cells
        for benchmark in benchmarks
        for row in score_rows(found[cell, benchmark])
    ]
    write_csv(args.output, COLUMNS, rows)


if __name__ == "__main__":
    main()
