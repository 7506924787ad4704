"""Judging the completions of a run again, with this checkout's grader."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from scripts.lib.console import report
from scripts.lib.evaluation.completions import graded_text, mean_over_problems
from scripts.lib.evaluation.details import read_columns
from scripts.lib.evaluation.finished import Row
from scripts.lib.grading.grader import Grader
from scripts.lib.records import Record
from scripts.lib.runs.numbers import unlike_evaluations
from scripts.lib.runs.side import Place, Side

COLUMNS = ["problem", "sample", "prompt", "completion", "gold", "extracted", "correct"]
COLUMNS += ["strict_correct", "status", "strict_status", "lighteval_correct"]
TIMEOUT = "timeout"
EVERY = 25  # evaluations per line of progress


class Regraded(NamedTuple):
    """An evaluation judged again: how many verdicts differ, and the accuracy on either side."""

    completions: int
    lenient: int  # verdicts that differ
    strict: int
    timeouts: int  # of either side: they depend on the machine, and are no difference
    recorded: float | None  # accuracy of the completions judged, by the recorded verdicts
    accuracy: float | None  # by this checkout's


class RegradedRun(NamedTuple):
    """A run judged again, and which of its numbers are not those of their completions, in words."""

    evaluations: dict[Place, Regraded]
    wrong: list[str]


def regrade_run(side: Side, most: int | None, timeout: float) -> RegradedRun:
    """Judge at most so many completions of each evaluation again; check the numbers on all."""
    found: dict[Place, Regraded] = {}
    wrong = unlike_evaluations(side)
    with Grader(timeout=timeout) as grader:
        for number, (place, record) in enumerate(side.evaluations.items(), start=1):
            rows = read_columns(side.details(place), COLUMNS).to_pylist()
            if not is_number_of(rows, record):
                wrong.append(str(side.scores(place).relative_to(side.root)))
            rules = str(record["settings"]["grader"]["rules"])
            found[place] = regrade(spaced(rows, most), rules, grader)
            if number % EVERY == 0:
                report(f"{number} of {len(side.evaluations)} evaluations of the archive judged")
    return RegradedRun(found, wrong)


def regrade(rows: Sequence[Row], rules: str, grader: Grader) -> Regraded:
    """Judge completions again, lenient and strict."""
    items = [(rules, row["gold"], graded_text(row)) for row in rows]
    found = {mode: grader.grade_many(items, mode=mode) for mode in ("lenient", "strict")}
    counts = {"lenient": 0, "strict": 0}
    timeouts = 0
    for mode, verdict, status in (
        ("lenient", "correct", "status"),
        ("strict", "strict_correct", "strict_status"),
    ):
        for row, judged in zip(rows, found[mode], strict=True):
            if TIMEOUT in (row[status], judged.status):
                timeouts += 1
            elif row[verdict] is not judged.correct:
                counts[mode] += 1
    again = [{**r, "correct": v.correct} for r, v in zip(rows, found["lenient"], strict=True)]
    means = [mean_over_problems(of, "correct") if of else None for of in (list(rows), again)]
    return Regraded(len(rows), counts["lenient"], counts["strict"], timeouts, *means)


def is_number_of(rows: Sequence[Row], record: Record) -> bool:
    """Say whether an evaluation's accuracy is that of the verdicts on its completions."""
    if not rows:
        return record["accuracy"] is None
    return math.isclose(mean_over_problems(list(rows), "correct"), record["accuracy"])


def spaced(rows: Sequence[Any], most: int | None) -> list[Any]:
    """Return at most so many rows, evenly spaced.

    >>> spaced(list(range(10)), 4), spaced([1, 2], None)
    ([0, 2, 5, 7], [1, 2])
    """
    if most is None or len(rows) <= most:
        return list(rows)
    return [rows[n * len(rows) // most] for n in range(most)]
