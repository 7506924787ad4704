"""The sentences below a table."""

import pandas as pd

from scripts.lib.scores.marks import Marks
from scripts.lib.tables.frame import Cells, rows_of, verdicts_differ

NO_WEIGHTS = {"rule": "no weights"}  # a training that ended at a number that is none


def short_notes(table: dict, frame: pd.DataFrame, cells: Cells, marks: Marks) -> list[str]:
    """Return the notes without which the entries cannot be read: for print."""
    seeds = max(len(record["seeds"]) for record in cells.values())
    notes = [table["note"]] if table["note"] else []
    notes.append(
        "Accuracy in percent with its 95% interval, "
        + (
            f"mean over {seeds} seeds; the interval holds the spread over seeds and problems."
            if seeds > 1
            else "one seed; the interval holds the spread over problems and samples of this run, "
            "not over trainings."
        )
        + " Bold: the highest of a column, by whatever margin."
    )
    if frame["mark"].any():
        notes.append(
            f"A star marks what differs from the untrained model it started from: {marks.meaning}."
        )
    if frame["reported"].notna().any():
        notes.append(_paper_note(frame))
    apart = [
        f"{row['method']} on {label} {100 * row['lighteval_accuracy']:.1f}"
        for row, label in _with_labels(table, frame)
        if verdicts_differ(row)
    ]
    if apart:
        notes.append(
            "§ LightEval's own verdict differs from ours by more than 2 points; by it the accuracy "
            f"is: {', '.join(apart)}."
        )
    losses = {row["label"]: lost_seeds(row, cells, table) for row in rows_of(table)}
    collapsed = [f"{label}: {lost}" for label, lost in losses.items() if lost]
    if collapsed:
        notes.append(
            f"‡ Training collapsed ({'; '.join(collapsed)}). Collapsed seeds are in the mean, but "
            "for those that left no weights; a dash stands where no seed left any."
        )
    return notes


def long_notes(table: dict, frame: pd.DataFrame, cells: Cells, marks: Marks) -> list[str]:
    """Return all notes: sizes, chance levels, choices and limits too."""
    notes = short_notes(table, frame, cells, marks)
    sizes, chances = [], []
    for benchmark in table["benchmarks"]:
        group = [cells[row["cell"], benchmark["name"]] for row in rows_of(table)]
        sizes.append(f"{benchmark['label']} {group[0]['problems']} × {group[0]['samples']}")
        levels = [record["chance"]["accuracy"] for record in group if record["chance"]]
        if levels:
            chances.append(f"{benchmark['label']} {100 * levels[0]:.1f}")
    notes.append(f"Problems × samples: {', '.join(sizes)}.")
    if chances:
        notes.append(f"Always giving the most common answer would score: {', '.join(chances)}.")
    if table["chosen"]:
        notes.append(
            "Of the cells trained from one model, the one with the highest mean of these columns "
            "is shown after training; it was chosen by these very numbers, which favours it."
        )
    for label, tokens in table["context"].items():
        notes.append(f"The context of {label} holds {tokens} tokens; longer completions are cut.")
    return notes


def _paper_note(frame: pd.DataFrame) -> str:
    note = "Below a row stands what the paper prints"
    if frame["z"].notna().any():
        note += (
            ", and in brackets how far our accuracy by LightEval's verdict is from it, in standard "
            "errors of one more run of ours: below 2 compatible, above 3 different (only where "
            "several samples or seeds tell this error)"
        )
    if (frame["source"] != "").any():
        note += "; (q): quoted there from others, and not compared"
    return note + "."


def _with_labels(table: dict, frame: pd.DataFrame) -> list[tuple[dict, str]]:
    labels = {benchmark["name"]: benchmark["label"] for benchmark in table["benchmarks"]}
    return [(row, labels[row["benchmark"]]) for row in frame.to_dict("records")]


def lost_seeds(row: dict, cells: Cells, table: dict) -> str:
    """Return `1 of 3 seeds, as ...` for the collapsed seeds of a row; empty where none is."""
    runs = cells[row["cell"], table["benchmarks"][0]["name"]]["runs"]
    lost = [run for run in runs if run["status"] == "collapsed"]
    reasons = dict.fromkeys(
        mark["rule"] for run in runs for mark in run.get("marks", []) or [NO_WEIGHTS] if run in lost
    )
    seeds = f"{len(lost)} of {len(runs)} seed{'s' if len(runs) > 1 else ''}"
    return f"{seeds}, {', '.join(reasons)}" if lost else ""
