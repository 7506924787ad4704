"""Set the paper's printed accuracies beside the study's: reproduction.csv.

One row per printed number whose cell is in the study, by LightEval's verdicts, as the paper's are,
under the tables' prompt. What the paper quotes from others is compared with nothing.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scripts.cli import job_arguments, planned_run
from scripts.lib.frames import Column, write_frame
from scripts.lib.paper.reported import read_benchmarks, reported_numbers
from scripts.lib.paper.reproduction import Runs, seed_variances, standard_error, verdict
from scripts.lib.scores.intervals import accuracy_interval
from scripts.lib.scores.verdicts import (
    Evaluation,
    check_together,
    read_evaluations,
    verdicts_of,
)

COLUMNS = [
    Column("table", "text", "table of the paper"),
    Column("section", "text", "its section there"),
    Column("method", "text", "its label there"),
    Column("cell", "text", "the cell of this study"),
    Column("benchmark", "text", "name of the benchmark in the config"),
    Column("reported", "fraction", "accuracy that the paper prints"),
    Column("source", "text", "where the paper has it from; empty for its own number"),
    Column(
        "column", "text", "assumed or unknown where the paper does not say which benchmark it is"
    ),
    Column(
        "accuracy", "fraction", "this study's accuracy by LightEval's verdicts, mean of its seeds"
    ),
    Column("low", "fraction", "lower end of its 95% interval"),
    Column("high", "fraction", "upper end of it"),
    Column("seeds", "count", "seeds that left a model"),
    Column("problems", "count", "problems of the benchmark"),
    Column("samples", "count", "samples per problem and seed"),
    Column("standard_error", "fraction", "of the difference, the paper's taken for one more run"),
    Column("z", "standard errors", "accuracy less reported"),
    Column("verdict", "text", "compatible below 2 standard errors, differs above 3, else unclear"),
    Column("reason", "text", "why there is no verdict"),
]
QUOTED = "quoted from others"
UNKNOWN_COLUMN = "the paper does not say which benchmark it is"
BUILT = "a model that the study builds stands in for the paper's"
NO_MODEL = "no seed left a model"
ONE_SAMPLE = "one sample per problem: the spread within problems is not known"
NO_SPREAD = "no sample of a problem differs from another"
NO_SEEDS = "the spread of trainings is not known: it takes two seeds and six trained cells"


def runs_of(evaluations: list[Evaluation], trained: bool) -> Runs | None:
    """Return a cell's runs on a benchmark by LightEval's verdicts; None where none left a model."""
    finished = [evaluation for evaluation in evaluations if evaluation.verdicts is not None]
    if not finished:
        return None
    check_together(finished)
    means = np.stack([verdicts_of(evaluation).lighteval for evaluation in finished])
    return Runs(means, finished[0].record["samples"], trained)


def reproduction(
    reported: pd.DataFrame,
    runs: Mapping[tuple[str, str], Runs | None],
    cells: Mapping[str, str],
    built: Collection[str],
) -> pd.DataFrame:
    """Return the rows of reproduction.csv from the printed numbers.

    `runs` is {(cell, benchmark): runs}; `cells` is {cell as the paper's rows name it: cell of the
    study}; of those in `built` the model is another than the paper's, and no distance is known.
    """
    variances: dict[tuple[str, str], float] = {}
    for benchmark in {name for _, name in runs}:
        of_benchmark = {
            c: r for (c, name), r in runs.items() if name == benchmark and r is not None
        }
        found = seed_variances(of_benchmark)
        variances |= {(cell, benchmark): variance for cell, variance in found.items()}
    rows = []
    for row in reported.to_dict("records"):
        place = (cells.get(row["cell"], ""), row["benchmark"])
        if place in runs:
            is_built = place[0] in built
            rows.append(_row(row, place[0], runs[place], variances.get(place), is_built))
    return pd.DataFrame(rows, columns=[column.name for column in COLUMNS])


def _row(
    printed: dict[str, Any], cell: str, runs: Runs | None, variance: float | None, is_built: bool
) -> dict[str, Any]:
    reported = float(printed["printed"]) / 100
    row = printed | {"cell": cell, "reported": reported, "verdict": "", "reason": NO_MODEL}
    if runs is None:
        return row
    accuracy = float(runs.means.mean())
    seeds, problems = runs.means.shape
    interval = accuracy_interval(runs.means, runs.samples)
    row |= {"accuracy": accuracy, "low": interval.low, "high": interval.high}
    row |= {"seeds": seeds, "problems": problems, "samples": runs.samples}
    if printed["source"]:
        return row | {"reason": QUOTED}
    if printed["column"]:
        return row | {"reason": UNKNOWN_COLUMN}
    if is_built:
        return row | {"reason": BUILT}
    if runs.samples < 2:
        return row | {"reason": ONE_SAMPLE}
    if variance is None:
        return row | {"reason": NO_SEEDS}
    error = standard_error(runs, variance)
    if error is None:
        return row | {"reason": NO_SPREAD}
    z = (accuracy - reported) / error
    return row | {"standard_error": error, "z": z, "verdict": verdict(z), "reason": ""}


def main() -> None:
    """Read the flags and write the frame."""
    parser = job_arguments(__doc__)
    parser.add_argument("--reproduction", type=Path, required=True, help="the CSV file to write")
    parser.add_argument("--legend", type=Path, required=True, help="its columns, beside it")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "compare_reported")
    settings = run.settings
    found: dict[tuple[str, str], list[Evaluation]] = {}
    for (cell, _, task), evaluation in read_evaluations(run.paths("scores")).items():
        found.setdefault((cell, task), []).append(evaluation)
    runs = {place: runs_of(of, place[0] in settings["trained"]) for place, of in found.items()}
    reported = reported_numbers(settings["reported"], read_benchmarks(settings["benchmarks"]))
    frame = reproduction(reported, runs, settings["cells"], settings["built"])
    write_frame(args.reproduction, frame, COLUMNS)
    run.write_record(args.output, args.reproduction, args.legend)


if __name__ == "__main__":
    main()
