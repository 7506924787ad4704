"""Collect every cell record into one tidy table: a row per cell, benchmark, prompt and seed.

A row's interval is conditional on that run.
A collapsed run keeps its numbers, unless its training ended at a number that is none. The last
columns are those of the cell over its seeds, the same in each of its rows.
"""

from pathlib import Path

import pandas as pd

from scripts.cli import job_arguments, planned_run
from scripts.lib.files import read_json
from scripts.lib.frames import Column, write_frame
from scripts.lib.scores.samples import NAMES

COLUMNS = [
    Column("cell", "text", "model and stages"),
    Column("benchmark", "text", "name of the benchmark in the config"),
    Column("prompt", "text", "name of the prompt in the config"),
    Column("seed", "count", "number of the seed"),
    Column("n", "count", "problems"),
    Column("k", "count", "samples per problem"),
    Column("accuracy", "fraction", "samples that the study's grader judged right"),
    Column("interval_low", "fraction", "lower end of the 95% interval of this run"),
    Column("interval_high", "fraction", "upper end of the 95% interval of this run"),
    Column("strict_accuracy", "fraction", "the same where only tags and boxes count"),
    Column("lighteval_accuracy", "fraction", "the same by LightEval's own verdicts"),
    Column("pass_at_k", "fraction", "problems of which at least one of the k samples is right"),
    Column("maj_at_k", "fraction", "problems whose most frequent answer is right"),
    Column("unreadable", "fraction", "samples in which the grader found no answer"),
    Column("in_format", "fraction", "samples in the format of paper 3.3"),
    Column("cut_off", "fraction", "samples that reached the limit of new tokens"),
    Column("mean_tokens", "tokens", "mean length of the samples"),
    Column("timeouts", "count", "samples that the grader gave up on"),
    Column("status", "text", "ok, or collapsed"),
    Column("reason", "text", "why the run is marked as collapsed"),
    Column("cell_accuracy", "fraction", "accuracy of the cell, mean of its seeds"),
    Column("cell_interval_low", "fraction", "its 95% interval for problems like these"),
    Column("cell_interval_high", "fraction", "upper end of the same"),
    Column("cell_same_problems_low", "fraction", "its 95% interval for these very problems"),
    Column("cell_same_problems_high", "fraction", "upper end of the same"),
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
                **shares,
                "mean_tokens": run["mean_tokens"],
                "timeouts": run["timeouts"],
                "status": run["status"],
                "reason": run["reason"],
                **of_cell,
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
    parser.add_argument("--legend", type=Path, required=True, help="its columns, beside it")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "collect_scores")
    rows = [row for path in run.paths("cells") for row in score_rows(read_json(path))]
    write_frame(args.scores, pd.DataFrame(rows), COLUMNS)
    run.write_record(args.output, args.scores, args.legend)


if __name__ == "__main__":
    main()
