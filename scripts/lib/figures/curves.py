"""The figure of training curves: loss, and what reinforcement learning logs, step by step.

One row of panels per quantity, one column per untrained model, one line per cell.
"""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from scripts.lib.figures.logs import QUANTITIES, Quantity, mean_curve
from scripts.lib.figures.panels import (
    panel_grid,
    panel_title,
)
from scripts.lib.figures.style import COLUMN, NORMAL, SMALL, Look, looks, styled
from scripts.lib.figures.texts import (
    EDGE,
    footer_height,
    heading_height,
    write_footer,
    write_heading,
)
from scripts.lib.study.cells import model_of

TITLE = "Training curves"
HEIGHT, LEFT, TITLES, AXIS, GAPS = 0.6, 0.76, 0.16, 0.34, (0.12, 0.19)  # inches
MARKERS_PER_LINE = 5


def draw_panel(
    axes: Axes, frame: pd.DataFrame, column: str, cells: dict[str, Look], ended: set
) -> None:
    """Draw one quantity of the cells given; `ended` holds the (cell, seed) that collapsed."""
    for cell, look in cells.items():
        own = frame[frame["cell"] == cell]
        values = own.pivot(index="step", columns="seed", values=column).dropna(how="all")
        for seed, curve in values.items():
            one = curve.dropna()
            axes.plot(one.index, one, color=look.colour, lw=0.4, alpha=0.45, zorder=2)
            if (cell, seed) in ended and len(one):
                end = (one.index[-1], one.iloc[-1])
                place = {"textcoords": "offset points", "va": "center", "size": NORMAL}
                axes.annotate("‡", end, (1, 0), **place, color=look.colour, annotation_clip=False)
        mean = mean_curve(values)
        every = max(1, len(mean) // MARKERS_PER_LINE)
        shape = {"marker": look.marker, "ms": 2.4, "markevery": (every // 2, every)}
        axes.plot(mean.index, mean, color=look.colour, lw=1.0, **shape, zorder=3)


def _finish(axes: Axes, quantity: Quantity, first: bool, last: bool) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True, steps=[1, 2, 5, 10]))
    if quantity.share:
        axes.set_ylim(-0.04, 1.04)
        axes.set_yticks([0, 0.5, 1])
    axes.tick_params(labelleft=first, labelbottom=last)
    if first:
        place = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "center"}
        axes.annotate(quantity.label, (0, 0.5), (72 * (EDGE - LEFT), 0), **place, size=SMALL)


def _share_limits(group: list[Axes], quantity: Quantity) -> None:
    limits = [axes.get_ylim() for axes in group]
    low, high = min(low for low, _ in limits), max(high for _, high in limits)
    for axes in group:
        if high > quantity.linear:
            axes.set_yscale("symlog", linthresh=quantity.linear / 10)
            low = -quantity.linear / 50
        axes.set_ylim(low, high)


@styled
def draw_curves(
    settings: dict[str, Any], frame: pd.DataFrame, ended: Iterable[tuple[str, int]] = ()
) -> Figure:
    """Return the figure; `settings` as dag/figures.py plans them, `frame` as curves_frame makes it.

    `ended` are the (cell, seed) whose training collapsed: while it ran, or when it was scored.
    """
    cells, ended = settings["cells"], set(ended)
    roots = [root for root in settings["roots"] if any(model_of(c["cell"]) == root for c in cells)]
    quantities = [q for q in QUANTITIES if any(cell["trainer"] == q.trainer for cell in cells)]
    methods = looks(list(dict.fromkeys(cell["method"] for cell in cells)))
    handles: list[Line2D] = [look.handle(method, ms=2.4) for method, look in methods.items()]
    text = (
        "Thin: one seed; thick: mean over seeds, moving average over a twentieth of the steps. In "
        "RL's panels the colour is that of the stage before, or of RL alone."
    )
    if ended:
        text += " ‡ training collapsed."
    footer = (text, handles, 3)
    figure, panels = panel_grid(
        len(quantities) * len(roots), len(roots), (0, HEIGHT), width=COLUMN, left=LEFT,
        top=heading_height(COLUMN, TITLE, settings["note"]) + TITLES,
        bottom=AXIS + footer_height(COLUMN, *footer), gaps=GAPS,
    )  # fmt: skip
    for row, quantity in enumerate(quantities):
        group = panels[row * len(roots) : (row + 1) * len(roots)]
        last = row + 1 == len(quantities) or quantities[row + 1].trainer != quantity.trainer
        for root, axes in zip(roots, group, strict=True):
            shown = {
                cell["cell"]: methods[cell["method"]]
                for cell in cells
                if model_of(cell["cell"]) == root and cell["trainer"] == quantity.trainer
            }
            draw_panel(axes, frame, quantity.column, shown, ended)
            _finish(axes, quantity, axes is group[0], last)
            if row == 0:
                panel_title(axes, settings["roots"][root])
        _share_limits(group, quantity)
        if row + 1 == len(quantities):
            for axes in group:
                axes.set_xlabel("step", labelpad=1)
    write_heading(figure, TITLE, settings["note"])
    write_footer(figure, *footer)
    return figure
