"""The evaluation records of the planned run, and the per-problem verdicts beside them."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scripts.lib.evaluation.details import read_columns
from scripts.lib.files import read_json

COLUMNS = ["problem", "sample", "gold", "correct", "strict_correct", "lighteval_correct"]


class Verdicts(NamedTuple):
    """One run on one benchmark: problem ids and golds, and the means of each verdict (problems,).

    `correct` and `strict` are the study's own verdicts, `lighteval` is LightEval's: no verdict
    counts as wrong.
    """

    problems: list[str]
    golds: list[str]
    correct: np.ndarray
    strict: np.ndarray
    lighteval: np.ndarray


class Evaluation(NamedTuple):
    """An evaluation record and its verdicts; None for a collapsed training."""

    record: dict
    verdicts: Verdicts | None


def read_evaluations(paths: Iterable[Path]) -> dict[tuple[str, int, str], Evaluation]:
    """Read evaluations, checked before, into {(cell, seed, task): evaluation}."""
    found = {}
    for path in paths:
        record = read_json(path)
        verdicts = read_verdicts(path, record) if record["status"] == "ok" else None
        found[record["cell"], record["seed"], record["task"]] = Evaluation(record, verdicts)
    return found


def read_verdicts(record_path: Path, record: dict) -> Verdicts:
    """Read the parquet file beside an evaluation record; its rows must be those of the record."""
    path = Path(record_path).with_suffix(".parquet")
    try:
        table = read_columns(path, COLUMNS)
    except (OSError, ValueError) as error:
        raise SystemExit(
            f"{path}: not the details of an evaluation ({error}); "
            f"delete {record_path} and start Snakemake again"
        ) from None
    shape = (record["problems"], record["samples"])
    columns = table.to_pydict()
    problems, golds = columns["problem"][:: shape[1]], columns["gold"][:: shape[1]]
    if (
        len(problems) != shape[0]
        or columns["problem"] != [problem for problem in problems for _ in range(shape[1])]
        or columns["sample"] != list(range(shape[1])) * shape[0]
    ):
        raise SystemExit(
            f"{path}: does not hold {shape[1]} sample(s) of each of {shape[0]} problems in order, "
            f"as {record_path} says; delete {record_path} and start Snakemake again"
        )
    means = [
        np.array([verdict is True for verdict in columns[name]]).reshape(shape).mean(axis=1)
        for name in ("correct", "strict_correct", "lighteval_correct")
    ]
    return Verdicts(problems, golds, *means)


def verdicts_of(evaluation: Evaluation) -> Verdicts:
    """Return the verdicts of an evaluation of a training that did not collapse."""
    assert evaluation.verdicts is not None
    return evaluation.verdicts


def stack_correct(evaluations: list[Evaluation]) -> np.ndarray:
    """Return the `correct` means of runs on the same problems as (runs, problems)."""
    check_together(evaluations)
    return np.stack([verdicts_of(evaluation).correct for evaluation in evaluations])


def check_together(evaluations: list[Evaluation]) -> None:
    """Exit with an error if runs are not on the same problems, or differ in samples."""
    first = evaluations[0]
    for other in evaluations[1:]:
        if (
            verdicts_of(other).problems != verdicts_of(first).problems
            or other.record["samples"] != first.record["samples"]
        ):
            raise SystemExit(
                f"{first.record['task']}: {first.record['cell']} seed {first.record['seed']} "
                f"and {other.record['cell']} seed {other.record['seed']} were evaluated on other "
                "problems or numbers of samples; delete both records and start Snakemake again"
            )
