"""The figure of the paper's accuracies against this study's: one panel per benchmark."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from scripts.lib.figures.panels import (
    panel_grid,
    panel_title,
)
from scripts.lib.figures.style import COLOURS, COLUMN, GREY, MARK, styled
from scripts.lib.figures.texts import footer_height, heading_height, write_footer, write_heading
from scripts.lib.study.cells import stages_of

TITLE = "Reported and reproduced accuracy"
SIDE, LEFT, TITLES, AXIS, GAPS = 1.2, 0.42, 0.16, 0.36, (0.34, 0.5)  # inches
PER_ROW = 2
OWN = ("", "own")  # the source of a number that the paper measured itself
FAR = 3.0  # standard errors
MARKERS = {False: "o", True: "^"}  # of a trained cell: the second


def points_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per point, in percent, with what its marker says.

    A number that the paper prints in several tables is one point; what this study has no accuracy
    for has none.
    """
    points = frame.dropna(subset=["reported", "accuracy"])
    points = points.drop_duplicates(["cell", "benchmark", "reported", "accuracy"]).copy()
    for name in ("reported", "accuracy", "low", "high"):
        points[name] = 100 * points[name].astype(float)
    points["own"] = points["source"].fillna("").isin(OWN)
    points["far"] = points["z"].astype(float).abs() > FAR
    points["trained"] = [bool(stages_of(cell)) for cell in points["cell"]]
    return points


def draw_panel(axes: Axes, points: pd.DataFrame) -> None:
    """Draw one benchmark; both axes have the same limits, which hold all points and intervals."""
    values = points[["reported", "accuracy", "low", "high"]]
    low, high = (0.0, 100.0) if points.empty else (values.min().min(), values.max().max())
    space = 0.06 * max(high - low, 1.0)
    limits = (max(0.0, low - space), min(100.0, high + space))
    axes.axline((limits[0],) * 2, slope=1, color=GREY, lw=0.7, ls="--", zorder=1)
    for point in points.itertuples():
        colour = COLOURS[1] if point.far else COLOURS[0]
        if not pd.isna(point.low):
            axes.vlines(point.reported, point.low, point.high, color=colour, lw=0.7, zorder=2)
        shape = {"marker": MARKERS[point.trained], "mec": colour, "mew": 0.8, "lw": 0}
        face = colour if point.own else "white"
        axes.plot(point.reported, point.accuracy, **shape, mfc=face, ms=MARK, zorder=3)
        if point.far:
            ring = {"marker": "o", "ms": MARK + 4, "mfc": "none", "mec": colour, "mew": 0.7}
            axes.plot(point.reported, point.accuracy, **ring, lw=0, zorder=3)
    axes.set(xlim=limits, ylim=limits)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))


def legend_handles(points: pd.DataFrame) -> list[Line2D]:
    """Return what the markers mean, of those that are drawn."""
    shape = {"color": COLOURS[0], "ms": MARK, "lw": 0}
    handles = [
        Line2D([], [], **shape, marker=MARKERS[trained], label=label)
        for trained, label in ((False, "untrained model"), (True, "trained cell"))
        if (points["trained"] == trained).any()
    ]
    if not points["own"].all():
        hollow = {"marker": "o", "mfc": "white", "mew": 0.8}
        handles.append(Line2D([], [], **shape, **hollow, label="quoted by the paper"))
    if points["far"].any():
        ring = {"marker": "o", "ms": MARK + 4, "mfc": "none", "color": COLOURS[1], "lw": 0}
        handles.append(Line2D([], [], **ring, label=f"over {FAR:g} standard errors apart"))
    handles.append(Line2D([], [], color=GREY, lw=0.7, ls="--", label="equal"))
    return handles


@styled
def draw_reported(settings: dict[str, Any], frame: pd.DataFrame) -> Figure:
    """Return the figure of a frame of reported and reproduced accuracies.

    `frame` has the columns cell, benchmark, reported, accuracy, low, high (fractions), source
    (empty or `own`: measured by the paper) and z (standard errors, NaN where unknown); `settings`
    has benchmarks, each with name and label, and note.
    """
    points = points_of(frame)
    benchmarks = settings["benchmarks"]
    text = "Accuracy in percent; vertical lines: 95% interval of this study's."
    footer = (text, legend_handles(points), 2)
    figure, panels = panel_grid(
        len(benchmarks), PER_ROW, (SIDE, SIDE), width=COLUMN, left=LEFT,
        top=heading_height(COLUMN, TITLE, settings["note"]) + TITLES,
        bottom=AXIS + footer_height(COLUMN, *footer), gaps=GAPS,
    )  # fmt: skip
    for number, (axes, benchmark) in enumerate(zip(panels, benchmarks, strict=True)):
        draw_panel(axes, points[points["benchmark"] == benchmark["name"]])
        panel_title(axes, benchmark["label"])
        axes.set_xlabel("reported", labelpad=1)
        if number % PER_ROW == 0:
            axes.set_ylabel("reproduced", labelpad=2)
    write_heading(figure, TITLE, settings["note"])
    write_footer(figure, *footer)
    return figure
