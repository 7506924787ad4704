"""Panels of equal size with one line per cell. Lengths are in inches."""

import math
from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from scripts.lib.figures.style import GREY, PALE, SMALL
from scripts.lib.figures.texts import EDGE, LEADING, text_width

RIGHT = 0.08
APART, DENSEST = 0.05, 0.18  # at least, between labels of ticks, and between ticks
ROUND, LESS_ROUND = (1, 2, 2.5, 5, 10), (1.5, 3, 4, 6)  # steps of ticks
Line = dict[str, Any]


def figure_lines(sections: list[dict[str, Any]]) -> list[Line]:
    """Return the figure's lines from top to bottom: section titles and rows, each cell once."""
    lines: list[Line] = []
    drawn: set[str] = set()
    for section in sections:
        rows = [row for row in section["rows"] if row["cell"] not in drawn]
        drawn |= {row["cell"] for row in rows}
        if rows:
            lines += [{"section": section["section"]}, *rows]
    return [line | {"y": -index} for index, line in enumerate(lines)]


def label_of(line: Line, daggers: Iterable[str] = ()) -> str:
    """Return a line's text; `daggers` are the cells marked as collapsed."""
    if "section" in line:
        return str(line["section"])
    return f"  {line['label']}" + ("‡" if line["cell"] in daggers else "")


def _weight(line: Line) -> str:
    return "bold" if "section" in line else "normal"


def labels_width(lines: list[Line], daggers: Iterable[str] = ()) -> float:
    """Return the width of the widest label, and of the space behind it."""
    return 0.1 + max(text_width(label_of(line, daggers), SMALL, _weight(line)) for line in lines)


def panel_grid(
    count: int,
    columns: int,
    size: tuple[float, float],
    *,
    width: float,
    left: float,
    top: float,
    bottom: float,
    gaps: tuple[float, float],
) -> tuple[Figure, list[Axes]]:
    """Return a figure and its panels, row by row; no row has more than `columns` panels.

    `size` is (width, height) of a panel; a width of 0 stands for what the figure's `width` leaves.
    `gaps` are those between columns and between rows.
    """
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    wide = size[0] or (width - left - RIGHT - (columns - 1) * gaps[0]) / columns
    height = top + rows * size[1] + (rows - 1) * gaps[1] + bottom
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    panels = []
    for number in range(count):
        row, column = divmod(number, columns)
        x = left + column * (wide + gaps[0])
        y = height - top - (row + 1) * size[1] - row * gaps[1]
        box = (x / width, y / height, wide / width, size[1] / height)
        panels.append(figure.add_axes(box))
    return figure, panels


def cell_axis(axes: Axes, lines: list[Line], left: float, daggers: Iterable[str] = ()) -> None:
    """Give a panel its lines of cells; with `left`, write their labels in that space beside it."""
    axes.set_ylim(0.5 - len(lines), 0.5)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelleft=False)
    for line in lines:
        if "cell" in line:
            axes.axhline(line["y"], color=PALE, lw=0.5, zorder=0)
        if left:
            axes.annotate(
                label_of(line, daggers),
                (0, line["y"]),
                (72 * (EDGE - left), 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                size=SMALL,
                weight=_weight(line),
                annotation_clip=False,
            )


def value_axis(axes: Axes, low: float, high: float) -> None:
    """Set the limits of a panel's x axis, and as many ticks as their labels have room for.

    Ticks keep away from the panel's ends, where their labels would meet those of the next panel. A
    panel with room for one tick alone is widened to the next.
    """
    figure = axes.get_figure()
    scale = axes.get_position().width * figure.get_figwidth() / (high - low)  # inches per unit
    axes.set_xlim(low, high)
    widest = max(text_width(f"{round(end):g}", SMALL) for end in (low, high))
    least = max(widest + APART, DENSEST) / scale
    ends = low + (0.02 / scale if low else 0.0), high - 0.08 / scale
    for steps in (ROUND, [*ROUND, *LESS_ROUND]):
        power = 10 ** math.floor(math.log10(least))
        step = min(number * power for number in steps if number * power >= least)
        first, last = math.ceil(ends[0] / step), math.floor(ends[1] / step)
        inside = [number * step for number in range(first, last + 1)]
        if len(inside) > 1:
            break
    else:  # a lone tick tells no scale
        inside.append((last + 1) * step)
        axes.set_xlim(low, inside[-1] + 0.08 / scale)
    axes.set_xticks(inside)


def panel_title(axes: Axes, label: str, size: str = "") -> None:
    """Write a benchmark's name above its panel, and its size below the name."""
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "center"}
    up = 3 + (LEADING * SMALL if size else 0)
    axes.annotate(label, (0.5, 1), (0, up), **place, size=SMALL, weight="bold", va="bottom")
    if size:
        axes.annotate(size, (0.5, 1), (0, 3), **place, size=SMALL, color=GREY, va="bottom")
