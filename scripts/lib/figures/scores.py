"""The figure of scores: every cell on every benchmark, with its 95% interval."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scripts.lib.figures.panels import (
    Line,
    cell_axis,
    figure_lines,
    labels_width,
    panel_grid,
    panel_title,
    value_axis,
)
from scripts.lib.figures.style import GREY, MARK, NORMAL, OTHER, PAGE, Look, looks, styled
from scripts.lib.figures.texts import footer_height, heading_height, write_footer, write_heading
from scripts.lib.scores.marks import NONE, Marks
from scripts.lib.study.cells import model_of, parent_of, stages_of

TITLE = "Accuracy of every cell"
LINE, TITLES, AXIS, GAP = 0.142, 0.3, 0.22, 0.14  # inches
LEGEND_COLUMNS = 4
HOLLOW = MARK + 1.2  # points: around a filled marker of the same accuracy it is still seen


def scores_frame(records: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return one row per cell and benchmark from records of score_cell, accuracies in percent.

    Where all seeds collapsed without a model, accuracy, low and high are NaN.
    """
    rows = []
    for record in records:
        low, high = record["interval"] or (None, None)
        chance = record["chance"] and record["chance"]["accuracy"]
        rows.append(
            {name: record[name] for name in ("cell", "benchmark", "problems", "samples")}
            | {"collapsed": record["status"] == "collapsed", "seeds": len(record["seeds"])}
            | {"accuracy": record["accuracy"], "low": low, "high": high, "chance": chance}
        )
    frame = pd.DataFrame(rows)
    parts = ["accuracy", "low", "high", "chance"]
    frame[parts] = 100 * frame[parts].astype(float)
    return frame


def size_of(frame: pd.DataFrame) -> str:
    """Return the size of a benchmark from its rows: problems × samples."""
    if frame.empty:
        return ""
    return f"{frame['problems'].iloc[0]} × {frame['samples'].iloc[0]}"


def draw_panel(
    axes: Axes, rows: list[Line], frame: pd.DataFrame, roots: dict[str, Look], marks: dict[str, str]
) -> None:
    """Draw one benchmark: `frame` is its rows, `roots` the looks of the models that are trained."""
    found = frame.set_index("cell")
    for row in rows:
        cell, y = row["cell"], row["y"]
        if cell not in found.index:
            continue
        score, look = found.loc[cell], roots.get(model_of(cell), OTHER)
        root, parent = (_accuracy(found, name) for name in (model_of(cell), parent_of(cell)))
        if stages_of(cell) and root is not None:
            axes.vlines(root, y - 0.5, y + 0.5, color=look.colour, lw=0.7, alpha=0.5)
        if len(stages_of(cell)) > 1 and parent is not None:
            ring = {"marker": look.marker, "mfc": "none", "mec": look.colour, "mew": 0.7}
            axes.plot(parent, y, **ring, ms=HOLLOW, lw=0, zorder=5, clip_on=False)
        if pd.isna(score["accuracy"]):
            place = {"textcoords": "offset points", "va": "center", "size": NORMAL}
            axes.annotate("‡", (0, y), (3, 0), **place, color=look.colour)
            continue
        axes.hlines(y, score["low"], score["high"], color=look.colour, lw=1.1, zorder=3)
        if mark := marks.get(cell, ""):
            place = {"textcoords": "offset points", "va": "center", "size": NORMAL}
            axes.annotate(mark, (score["high"], y), (1, -1.5), **place, color=look.colour)
        point = {"marker": look.marker, "color": look.colour, "ms": MARK, "lw": 0}
        axes.plot(score["accuracy"], y, **point, zorder=4, clip_on=False)
    if len(chance := frame["chance"].dropna()):
        axes.axvline(chance.iloc[0], color=GREY, lw=0.8, ls=":", zorder=1)
    axes.axvline(0, color="black", lw=0.6, zorder=1)
    end = frame["high"].max()
    value_axis(axes, 0, 100.0 if pd.isna(end) else min(100.0, 1.1 * end))


def _accuracy(found: pd.DataFrame, cell: str | None) -> float | None:
    """Return a cell's accuracy from the rows of a benchmark; None where it has none."""
    known = cell in found.index and not pd.isna(found["accuracy"][cell])
    return float(found["accuracy"][cell]) if known else None


def legend_handles(
    rows: list[Line], roots: dict[str, Look], collapsed: bool, marked: bool
) -> list[Line2D]:
    """Return what the figure's marks mean."""
    labels = {row["cell"]: row["label"] for row in rows}
    handles = [look.handle(f"from {labels.get(root, root)}") for root, look in roots.items()]
    if any(model_of(row["cell"]) not in roots for row in rows):
        handles.append(OTHER.handle("not trained here"))
    grey = {"color": GREY, "lw": 0}
    handles.append(Line2D([], [], **grey, marker="|", ms=7, label="untrained, where it began"))
    if any(len(stages_of(row["cell"])) > 1 for row in rows):
        ring = {"marker": "o", "ms": HOLLOW, "mfc": "none", "mew": 0.7}
        handles.append(Line2D([], [], **grey, **ring, label="the stage before"))
    handles.append(Line2D([], [], color=GREY, lw=0.8, ls=":", label="chance (commonest answer)"))
    if marked:
        handles.append(Line2D([], [], **grey, marker="$*$", ms=4, label="differs from untrained"))
    if collapsed:
        handles.append(Line2D([], [], **grey, marker="$‡$", ms=5, label="training collapsed"))
    return handles


@styled
def draw_scores(settings: dict[str, Any], frame: pd.DataFrame, marks: Marks = NONE) -> Figure:
    """Return the figure; `settings` as dag/figures.py plans them, `frame` as scores_frame makes it.

    A cell that the frame lacks keeps its line, empty.
    """
    lines = figure_lines(settings["sections"])
    rows = [line for line in lines if "cell" in line]
    trained = [model_of(row["cell"]) for row in rows if stages_of(row["cell"])]
    roots = looks(list(dict.fromkeys(trained)))
    benchmarks = settings["benchmarks"]
    daggers = set(frame.loc[frame["collapsed"], "cell"])
    marked = any(marks.of(row["cell"], b["name"]) for row in rows for b in benchmarks)
    spread = "seeds and problems" if frame["seeds"].max() > 1 else "the problems of one run"
    text = f"Accuracy in percent with its 95% interval over {spread}; above: problems × samples."
    if marked:
        text += f" A star: {marks.meaning}."
    handles = legend_handles(rows, roots, bool(daggers), marked)
    footer = (text, handles, LEGEND_COLUMNS)
    left = labels_width(lines, daggers)
    figure, panels = panel_grid(
        len(benchmarks), len(benchmarks), (0, LINE * len(lines)), width=PAGE, left=left,
        top=heading_height(PAGE, TITLE, settings["note"]) + TITLES,
        bottom=AXIS + footer_height(PAGE, *footer), gaps=(GAP, 0),
    )  # fmt: skip
    for number, (axes, benchmark) in enumerate(zip(panels, benchmarks, strict=True)):
        own = {row["cell"]: marks.of(row["cell"], benchmark["name"]) for row in rows}
        group = frame[frame["benchmark"] == benchmark["name"]]
        cell_axis(axes, lines, 0 if number else left, daggers)
        draw_panel(axes, rows, group, roots, own)
        panel_title(axes, benchmark["label"], size_of(group))
    write_heading(figure, TITLE, settings["note"])
    write_footer(figure, *footer)
    return figure
