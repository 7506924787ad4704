"""What a comparison says once it was made under several prompts.

    holds       marked with one sign under each of the prompts, and each side under its own
    reverses    marked with one sign under one of them, and with the other under another
    depends on the prompt   the difference itself differs between two of them, by a mark
    undecided   else

A change of sign between two differences without marks says nothing. The largest p-value counts
where all must be marked, so that nothing further is corrected for. With one prompt there is no
such word.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from scripts.lib.frames import Column
from scripts.lib.scores.comparisons import Compared, compare_family
from scripts.lib.scores.marks import METHOD
from scripts.lib.scores.pairs import Evaluations, Pair, finished_runs, pairs_of
from scripts.lib.scores.verdicts import Evaluation, stack_correct

HOLDS, REVERSES, DEPENDS, UNDECIDED = "holds", "reverses", "depends on the prompt", "undecided"
ONE_PROMPT = "one prompt"
COLUMNS = [
    Column("against", "text", "the question: parent, root, direct RL, full"),
    Column("cell", "text", "the cell"),
    Column("other", "text", "what it is compared with"),
    Column("benchmark", "text", "name of the benchmark in the config"),
    Column("prompts", "text", "prompts that it was made under; own: each side under its own"),
    Column(
        "conclusion", "text", "holds, reverses, depends on the prompt, undecided; or one prompt"
    ),
    Column("basis", "text", "what the marks speak of: method, or this run"),
    Column("lowest", "fraction", "lowest of the differences under these prompts"),
    Column("highest", "fraction", "highest of them"),
    Column("largest_p", "probability", "largest of their corrected p-values"),
    Column("change", "fraction", "the clearest change of the difference between two prompts"),
    Column("change_between", "text", "those two prompts"),
    Column("change_p", "probability", "its corrected p-value"),
    Column("change_family_size", "count", "changes that are corrected for together"),
]
Row = dict[str, str]


def word(differences: Sequence[float], marks: Sequence[str], changed: bool) -> str:
    """Return the word for a comparison from its differences and marks under all prompts.

    `changed` says that one of the differences of these differences is marked.

    >>> word([0.1, 0.3], ["*", "*"], True), word([0.1, -0.3], ["", "*"], False)
    ('holds', 'undecided')
    """
    if len(differences) < 2:
        return ONE_PROMPT
    signs = [math.copysign(1, d) for d, mark in zip(differences, marks, strict=True) if mark]
    if len(set(signs)) > 1:
        return REVERSES
    if len(signs) == len(differences):
        return HOLDS
    return DEPENDS if changed else UNDECIDED


def conclusion_rows(
    comparisons: list[Row], families: list[dict], benchmarks: list[str], evaluations: Evaluations
) -> list[dict[str, Any]]:
    """Return one row per question, pair and benchmark, from the rows of comparisons.csv."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in comparisons:
        if row.get("difference"):
            found.setdefault(_names(row), []).append(row)
    changes = changes_of(families, benchmarks, evaluations)
    return [_row(names, rows, changes.get(names, [])) for names, rows in found.items()]


def changes_of(
    families: list[dict], benchmarks: list[str], evaluations: Evaluations
) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """Return the differences of the differences under the main prompt and under each other basis.

    Those of one question, over all pairs, benchmarks and prompts, are one family.
    """
    questions: dict[str, list[dict]] = {}
    for family in families:
        questions.setdefault(family["against"], []).append(family)
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for asked in questions.values():
        by_prompts = {
            family["prompts"]: {
                _names(p.names): p for p in pairs_of(family, benchmarks, evaluations)
            }
            for family in asked
        }
        main = by_prompts.pop(evaluations.main_prompt, {})
        compared = [
            difference_of_differences(main[names], pair)
            for pairs in by_prompts.values()
            for names, pair in pairs.items()
            if names in main
        ]
        for row in compare_family([c for c in compared if c is not None]):
            found.setdefault(_names(row), []).append(row)
    return found


def difference_of_differences(first: Pair, second: Pair) -> Compared | None:
    """Return how the difference of two cells changes from one pair of prompts to another.

    Each side becomes its own change between the prompts, on the same problems and seeds; None where
    a side left no model.
    """
    cells = finished_runs(first.cell, first.other, first.pairing)
    again = finished_runs(second.cell, second.other, second.pairing)
    if not all([*cells, *again]):
        return None
    changes, levels, samples = [], [], []
    for before, after in zip(cells, again, strict=True):
        one, two = stack_correct(before), stack_correct(after)
        check_same_problems(before[0], after[0])
        changes.append(one - two)
        levels += [one.mean(), two.mean()]
        samples += [before[0].record["samples"], after[0].record["samples"]]
    names = {name: first.names[name] for name in ("against", "cell", "other", "benchmark")}
    names["between"] = f"{first.names['prompts']}, {second.names['prompts']}"
    level = float(np.mean(levels))
    return Compared(names, changes[0], changes[1], math.lcm(*samples), first.pairing, level)


def check_same_problems(first: Evaluation, second: Evaluation) -> None:
    """Exit with an error if two evaluations of a cell are not on the same problems."""
    if first.verdicts and second.verdicts and first.verdicts.problems != second.verdicts.problems:
        raise SystemExit(
            f"{first.record['cell']}: {first.record['task']} and {second.record['task']} were "
            "evaluated on other problems; delete both records and start Snakemake again"
        )


def _names(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("against", "cell", "other", "benchmark"))


def _row(names: tuple[str, ...], rows: list[Row], changes: list[dict[str, Any]]) -> dict[str, Any]:
    differences = [float(row["difference"]) for row in rows]
    marks = [row["mark"] for row in rows]
    clearest = min(changes, key=_p_value, default=None)
    changed = any(change["mark"] for change in changes)
    row = dict(zip(("against", "cell", "other", "benchmark"), names, strict=True)) | {
        "prompts": " ".join(row["prompts"] for row in rows),
        "conclusion": word(differences, marks, changed),
        "basis": rows[0]["basis"],
        "lowest": f"{min(differences):.6f}",
        "highest": f"{max(differences):.6f}",
        "largest_p": f"{max(map(_p_value, rows)):.3g}",
    }
    if clearest:
        row |= {
            "change": clearest["difference"],
            "change_between": clearest["between"],
            "change_p": f"{_p_value(clearest):.3g}",
            "change_family_size": clearest["family_size"],
        }
    return row


def _p_value(row: dict[str, Any]) -> float:
    """Return the adjusted p-value that a row's mark rests on."""
    return float(row["method_p_bh" if row["basis"] == METHOD else "runs_p_holm"])
