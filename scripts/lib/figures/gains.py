"""The figure of gains: what each stage added to the cell that it started from, as a forest plot."""

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
from scripts.lib.figures.style import COLUMN, GREY, MARK, NORMAL, Look, looks, styled
from scripts.lib.figures.texts import footer_height, heading_height, write_footer, write_heading
from scripts.lib.scores.comparisons import LEVEL
from scripts.lib.scores.marks import METHOD, Row, marks_against
from scripts.lib.study.cells import model_of

TITLE = "What each stage added"
LINE, TITLES, AXIS, GAPS = 0.118, 0.16, 0.2, (0.14, 0.4)  # inches
PER_ROW = 3
HOLM = "+"


def comparisons_frame(rows: list[Row]) -> pd.DataFrame:
    """Return comparisons.csv as a frame: differences in points, marks as truth values.

    `holm` says that the test behind the mark is at most .05 by Holm's correction too. Where a side
    left no model, difference, low and high are NaN.
    """
    names = ("against", "prompts", "cell", "other", "benchmark", "basis")
    frame = pd.DataFrame([{name: row[name] for name in names} for row in rows], columns=names)
    for name, column in (
        ("difference", "difference"),
        ("low", "interval_low"),
        ("high", "interval_high"),
    ):
        frame[name] = 100 * pd.to_numeric(pd.Series([row.get(column, "") for row in rows]))
    frame["marked"] = [row["mark"] == "*" for row in rows]
    frame["holm"] = [_by_holm(row) for row in rows]
    return frame


def _by_holm(row: Row) -> bool:
    value = row.get("method_p_holm" if row["basis"] == METHOD else "runs_p_holm", "")
    return bool(value) and float(value) <= LEVEL


def draw_panel(
    axes: Axes, rows: list[Line], frame: pd.DataFrame, roots: dict[str, Look], plus: bool
) -> None:
    """Draw one benchmark: `plus` says whether Holm's sign is shown beside the mark."""
    axes.axvline(0, color="black", lw=0.6, zorder=1)
    found = frame.set_index("cell")
    place = {"textcoords": "offset points", "va": "center", "size": NORMAL}
    for row in rows:
        if row["cell"] not in found.index:
            continue
        gain, look, y = found.loc[row["cell"]], roots[model_of(row["cell"])], row["y"]
        if pd.isna(gain["difference"]):
            axes.annotate("‡", (0, y), (2, 0), **place, color=look.colour)
            continue
        axes.hlines(y, gain["low"], gain["high"], color=look.colour, lw=0.9, zorder=3)
        face = look.colour if gain["marked"] else "white"
        point = {"marker": look.marker, "mfc": face, "mec": look.colour, "mew": 0.8}
        axes.plot(gain["difference"], y, **point, ms=MARK, lw=0, zorder=4)
        if plus and gain["holm"]:
            axes.annotate(HOLM, (gain["high"], y), (1, 0), **place, color=look.colour)
    low, high = frame["low"].min(), frame["high"].max()
    if not pd.isna(low):
        span = max(high, 1) - min(low, -1)
        value_axis(axes, min(low, -1) - 0.05 * span, max(high, 1) + 0.12 * span)


def legend_handles(labels: dict[str, str], roots: dict[str, Look], signs: bool) -> list[Line2D]:
    """Return what the figure's marks mean; `labels` are those of the untrained models."""
    handles = [look.handle(f"from {labels[root]}") for root, look in roots.items()]
    grey = {"color": GREY, "marker": "o", "ms": MARK, "lw": 0}
    handles += [
        Line2D([], [], **grey, label="marked"),
        Line2D([], [], **grey, mfc="white", label="not marked"),
    ]
    if signs:
        shown = grey | {"marker": f"${HOLM}$"}
        handles.append(Line2D([], [], **shown, label="Holm's p ≤ .05 too"))
    return handles


@styled
def draw_gains(settings: dict[str, Any], comparisons: list[Row]) -> Figure:
    """Return the figure of the family `parent`; `settings` as dag/figures.py plans them.

    A cell that has no comparison keeps its line, empty.
    """
    lines = figure_lines(settings["sections"])
    rows = [line for line in lines if "cell" in line]
    benchmarks = settings["benchmarks"]
    every = comparisons_frame(comparisons)
    family = (every["against"] == "parent") & (every["prompts"] == settings["prompt"])
    frame = every[family]
    roots = looks(list(dict.fromkeys(model_of(row["cell"]) for row in rows)))
    signs = bool((frame["basis"] == METHOD).any())
    daggers = set(frame.loc[frame["difference"].isna(), "cell"])
    text = (
        "Difference from the cell before the stage, in points of accuracy, with its paired 95% "
        "interval."
    )
    if meaning := marks_against(comparisons, "parent", settings["prompt"]).meaning:
        text += f" Marked: {meaning}."
    if daggers:
        text += " ‡ training collapsed."
    footer = (text, legend_handles(settings["roots"], roots, signs), 2)
    left = labels_width(lines, daggers)
    figure, panels = panel_grid(
        len(benchmarks), PER_ROW, (0, LINE * len(lines)), width=COLUMN, left=left,
        top=heading_height(COLUMN, TITLE, settings["note"]) + TITLES,
        bottom=AXIS + footer_height(COLUMN, *footer), gaps=GAPS,
    )  # fmt: skip
    for number, (axes, benchmark) in enumerate(zip(panels, benchmarks, strict=True)):
        cell_axis(axes, lines, 0 if number % PER_ROW else left, daggers)
        own = frame[frame["benchmark"] == benchmark["name"]]
        draw_panel(axes, rows, own, roots, signs)
        panel_title(axes, benchmark["label"])
    write_heading(figure, TITLE, settings["note"])
    write_footer(figure, *footer)
    return figure
