"""Collect every cell record into one tidy table: a row per cell, benchmark, prompt and seed.

Accuracies, intervals and cut-off shares are in [0, 1]; a row's interval is conditional on that run.
A collapsed run keeps its numbers, unless its training ended at a number that is none. The last
columns are those of the cell over its seeds, the same in each of its rows.
"""

from pathlib import Path

from scripts.cli import job_arguments, planned_run
from scripts.lib.files import read_json
from scripts.lib.scores.samples import NAMES
from scripts.lib.scores.table_cells import fixed, write_csv

COLUMNS = [
    "cell",
    "benchmark",
    "prompt",
    "seed",
    "n",
    "k",
    "accuracy",
    "interval_low",
    "interval_high",
    "strict_accuracy",
    "lighteval_accuracy",
    *NAMES,
    "cut_off",
    "mean_tokens",
    "timeouts",
    "status",
    "reason",
    "cell_accuracy",
    "cell_interval_low",
    "cell_interval_high",
    "cell_same_problems_low",
    "cell_same_problems_high",
]


def score_rows(record: dict) -> list[dict]:
    """Return the rows of one cell record (score_cell's), one per seed of its `runs`."""
    of_cell = {
        "cell_accuracy": record["accuracy"],
        **_ends("cell_interval", record["interval"]),
        **_ends("cell_same_problems", record["same_problems_interval"]),
    }
    rows = []
    for run in record["runs"]:
        shares = {
            "accuracy": run["accuracy"],
            **_ends("interval", run["interval"]),
            "strict_accuracy": run["strict_accuracy"],
            "lighteval_accuracy": run["lighteval_accuracy"],
            **{name: run[name] for name in NAMES},
            "cut_off": run["cut_off"],
        }
        rows.append(
            {
                "cell": record["cell"],
                "benchmark": record["benchmark"],
                "prompt": record["prompt"],
                "seed": run["seed"],
                "n": record["problems"],
                "k": record["samples"],
                **{name: fixed(value) for name, value in shares.items()},
                "mean_tokens": fixed(run["mean_tokens"], 2),
                "timeouts": run["timeouts"],
                "status": run["status"],
                "reason": run["reason"],
                **{name: fixed(value) for name, value in of_cell.items()},
            }
        )
    return rows


def _ends(name: str, interval: list[float] | None) -> dict[str, float | None]:
    low, high = interval or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def main() -> None:
    """Read the flags and write the scores."""
    parser = job_arguments(__doc__)
    parser.add_argument("--scores", type=Path, required=True, help="the CSV file to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "collect_scores")
    rows = [row for path in run.paths("cells") for row in score_rows(read_json(path))]
    write_csv(args.scores, COLUMNS, rows)
    run.write_record(args.output, args.scores)


if __name__ == "__main__":
    main()
