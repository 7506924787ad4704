"""What the stored completions of one evaluation say beside their mean: pass@k, maj@k, shares."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from scripts.lib.evaluation.details import read_columns
from scripts.lib.grading.tags import in_format

Row = dict[str, Any]

COLUMNS = ["completion", "extracted", "correct", "status"]
NAMES = ("pass_at_k", "maj_at_k", "unreadable", "in_format")


def read_samples(path: Path) -> list[Row]:
    """Return the completions of an evaluation's parquet file, with what was found in each."""
    return read_columns(path, COLUMNS).to_pylist()


def sample_shares(rows: Sequence[Row], samples: int) -> dict[str, float]:
    """Return the shares of an evaluation's completions, k being its `samples` per problem.

    pass_at_k   problems of which at least one sample is right (Chen et al. 2021, k of k samples)
    maj_at_k    problems whose most frequent answer is right (Wang et al. 2023, self-consistency)
    unreadable  completions in which the grader found no answer
    in_format   completions in the format of paper 3.3
    """
    problems = [rows[start : start + samples] for start in range(0, len(rows), samples)]
    return {
        "pass_at_k": fmean(any(row["correct"] for row in problem) for problem in problems),
        "maj_at_k": fmean(map(majority, problems)),
        "unreadable": fmean(row["status"] != "ok" for row in rows),
        "in_format": fmean(in_format(row["completion"]) for row in rows),
    }


def majority(problem: Sequence[Row]) -> float:
    """Return 1 if the most frequent answer of a problem's samples is right, 0 if it is not.

    Right answers are one answer, whatever their form; others are the same if their text is. What
    has no answer does not vote. Of n equally frequent answers each counts for 1/n.

    >>> votes = [("18", True), ("18.0", True), ("7", False), ("7", False), (None, False)]
    >>> majority([{"extracted": text, "correct": right} for text, right in votes])
    0.5
    """
    votes = Counter(
        "right" if row["correct"] else f"wrong {row['extracted']}"
        for row in problem
        if row["extracted"] is not None
    )
    most = max(votes.values(), default=0)
    return 1 / sum(count == most for count in votes.values()) if votes["right"] == most > 0 else 0.0
