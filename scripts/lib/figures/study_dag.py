"""The figure of the study's DAG: from untrained models through stages to cells, and their data.

Its layout is computed: untrained models and data sets stand at the left, the nth stage of a cell in
the nth column to their right. A data set's line runs down beside each column that reads it. Lengths
are in inches.
"""

from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from scripts.lib.figures.panels import panel_grid
from scripts.lib.figures.style import COLUMN, NORMAL, PALE, SMALL, looks, styled
from scripts.lib.figures.texts import (
    EDGE,
    footer_height,
    heading_height,
    text_width,
    write_footer,
    write_heading,
)
from scripts.lib.figures.tree import tree_rows
from scripts.lib.study.cells import stages_of

TITLE = "The cells of the study, and what they are trained from"
ROW, BOX, PAD, GAP = 0.175, 0.135, 0.04, 0.26  # a row, a box, its inner margin, between columns
TRUNK, LANE, PORT = 0.07, 0.055, 0.033  # where lines turn, between data sets, off a box's middle
WIDEST = 0.6  # a gap between columns
DASHES = ((0, ()), (0, (3, 1)), (0, (1, 1)), (0, (5, 1, 1, 1)))
Place = tuple[float, float]


def draw_box(axes: Axes, place: Place, width: float, label: str, **style: Any) -> None:
    """Draw a node: its left end and middle at `place`."""
    x, y = place
    box = {"fc": "white", "ec": "black", "lw": 0.6, "zorder": 3} | style
    axes.add_patch(Rectangle((x, y - BOX / 2), width, BOX, **box))
    axes.text(x + PAD, y, label, size=SMALL, va="center_baseline", zorder=4)


def column_widths(settings: dict[str, Any], rows: Iterable[str]) -> list[float]:
    """Return the widths of the columns: of models and data sets, and of every further stage."""
    texts: dict[int, list[str]] = {0: [*settings["datasets"]]}
    for name in rows:
        texts.setdefault(len(stages_of(name)), []).append(settings["labels"][name])
    return [
        2 * PAD + max(text_width(text, SMALL) for text in texts[depth]) for depth in sorted(texts)
    ]


def _draw_tree(
    axes: Axes, settings: dict[str, Any], places: dict[str, Place], widths: list
) -> None:
    for name, (x, y) in places.items():
        depth = len(stages_of(name))
        style: dict[str, Any] = {"fc": PALE} if depth == 0 else {}
        if name not in settings["evaluated"]:
            style |= {"ls": (0, (2, 1.5))}
        draw_box(axes, (x, y), widths[depth], settings["labels"][name], **style)
        if depth:
            parent_x, parent_y = places[name.rpartition("+")[0]]
            start, end = parent_x + widths[depth - 1], y - PORT
            turn = start + TRUNK
            axes.plot([start, turn, turn, x], [parent_y, parent_y, end, end], color="black", lw=0.6)


def _draw_data(
    axes: Axes, settings: dict[str, Any], places: dict[str, Place], top: Place, width: float
) -> None:
    names = settings["datasets"]
    styles = looks(names)
    for number, name in enumerate(names):
        y, colour = top[1] - number * ROW, styles[name].colour
        line = {"color": colour, "lw": 0.8, "ls": DASHES[number % len(DASHES)], "zorder": 2}
        draw_box(axes, (top[0], y), width, name, ec=colour, lw=1.0)
        readers = [places[cell] for cell, data in settings["data"].items() if data == name]
        for x in sorted({x for x, _ in readers}):
            lane = x - 0.07 - LANE * (len(names) - 1 - number)
            lowest = min(end for at, end in readers if at == x) + PORT
            axes.plot([top[0] + width, lane, lane], [y, y, lowest], **line)
            for at, end in readers:
                if at == x:
                    axes.plot([lane, x], [end + PORT] * 2, **line | {"ls": "-"})
                    axes.plot(x - 0.015, end + PORT, ">", ms=2.2, mew=0, color=colour, zorder=2)


@styled
def draw_dag(settings: dict[str, Any]) -> Figure:
    """Return the figure; `settings` as dag/figures.py plans them."""
    rows = tree_rows(settings["data"])
    widths = column_widths(settings, rows)
    free = (COLUMN - 2 * EDGE - sum(widths)) / max(1, len(widths) - 1)
    gap = min(WIDEST, max(GAP, free))
    columns = [EDGE + sum(widths[:depth]) + depth * gap for depth in range(len(widths))]
    width = max(COLUMN, columns[-1] + widths[-1] + EDGE)
    others = settings["untrained"]
    wide = 2 * PAD + max((text_width(label, SMALL) for label in others), default=0.0)
    per_row = max(1, int((width - EDGE) / (wide + EDGE)))
    heads = len(settings["datasets"]) + 0.4
    leaves = max(rows.values(), default=-1) + 1
    below = 1.4 + -(-len(others) // per_row) if others else 0
    height = ROW * (heads + leaves + below)
    styles = [Patch(fc=PALE, ec="black", lw=0.6, label="untrained model")]
    styles += [Patch(fc="white", ec="black", lw=0.6, label="stage = cell")]
    if any(name not in settings["evaluated"] for name in rows):
        dashed = {"ls": (0, (2, 1.5)), "fc": "white", "ec": "black", "lw": 0.6}
        styles.append(Patch(**dashed, label="not evaluated"))
    styles.append(Patch(fc="white", ec=looks(["0"])["0"].colour, label="data set"))
    text = (
        "A cell is an untrained model and all stages on the way from it. Every cell and model is "
        f"evaluated on {', '.join(settings['benchmarks'])}."
    )
    footer = (text, styles, len(styles))
    figure, (axes,) = panel_grid(
        1, 1, (width, height), width=width, left=0, gaps=(0, 0),
        top=heading_height(width, TITLE, settings["note"]) + 0.04,
        bottom=footer_height(width, *footer) + 0.06,
    )  # fmt: skip
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    top = height - ROW / 2
    places = {
        name: (columns[len(stages_of(name))], top - ROW * (heads + row))
        for name, row in rows.items()
    }
    _draw_tree(axes, settings, places, widths)
    _draw_data(axes, settings, places, (EDGE, top), widths[0])
    y = top - ROW * (heads + leaves + 0.4)
    if others:
        axes.text(EDGE, y, "Evaluated, not trained", size=NORMAL, weight="bold", va="center")
    for number, label in enumerate(others):
        row, column = divmod(number, per_row)
        place = (EDGE + column * (wide + EDGE), y - ROW * (row + 1))
        draw_box(axes, place, wide, label, fc=PALE)
    write_heading(figure, TITLE, settings["note"])
    write_footer(figure, *footer)
    return figure
