"""The figure of what accuracy costs: a point per cell, a line through those that none beats.

Models from which nothing is trained here cost the study no training. They are grey, have their
names beside them, and are no part of the line.
"""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from scripts.lib.figures.style import COLOURS, GREY, MARK, MARKERS, PAGE, SMALL, styled
from scripts.lib.figures.style import TITLE as TITLE_SIZE
from scripts.lib.price.cost_of_cells import pareto_front
from scripts.lib.study.cells import model_of, stages_of

TITLE = "What accuracy costs"
HEIGHT = 3.2  # inches
FRONT = "best accuracy for the hours"
PLACES = [  # points, side
    (x, y, side) for y in (-2, 2, -7, 7, -12, 12) for x, side in ((4, "left"), (-4, "right"))
]


@styled
def draw_costs(settings: Mapping[str, Any], cells: pd.DataFrame) -> Figure:
    """Return the figure; `cells` is cells_frame's, `settings` as dag/figures.py plans them."""
    figure, axes = plt.subplots(figsize=(PAGE, HEIGHT), layout="constrained")
    cells = cells.assign(accuracy=100 * cells["accuracy"])
    known, roots = cells.dropna(subset=["chain_hours", "accuracy"]), trained_roots(cells)
    ours = known["cell"].map(model_of).isin(roots)
    front = pareto_front(known[ours])
    axes.plot(
        front["chain_hours"], front["accuracy"], color=GREY, lw=0.8, ds="steps-post", label=FRONT
    )
    for colour, marker, root in zip(COLOURS, MARKERS, roots, strict=False):
        own = known[known["cell"].map(model_of) == root]
        trained = own["cell"].map(stages_of).astype(bool)
        name = settings["labels"][root]
        for rows, face, label in (
            (own[~trained], "white", f"{name}, untrained"),
            (own[trained], colour, f"from {name}"),
        ):
            points = (rows["chain_hours"], rows["accuracy"])
            axes.plot(*points, marker, ms=MARK, mfc=face, mec=colour, label=label)
    if not ours.all():
        others = known[~ours]
        style = {"ms": MARK, "color": GREY, "label": "not trained here"}
        axes.plot(others["chain_hours"], others["accuracy"], "D", **style)
    axes.set_xlabel(f"{''.join(cells['device'].unique())}-hours of all stages, mean over seeds")
    axes.set_ylabel("accuracy in percent, mean over benchmarks")
    axes.margins(0.08)
    figure.suptitle(TITLE, x=0.0, ha="left", size=TITLE_SIZE)
    figure.legend(loc="outside lower left", ncols=3)
    if settings["note"]:
        axes.set_title(settings["note"], loc="left", size=SMALL, style="italic", wrap=True)
    names = known["stages"].where(ours, known["label"])
    write_names(axes, known.assign(name=names), {*front["cell"]})
    return figure


def trained_roots(cells: pd.DataFrame) -> list[str]:
    """Return the untrained models that a cell is trained from, in the order of the rows."""
    return list(dict.fromkeys(model_of(cell) for cell in cells["cell"] if stages_of(cell)))


def write_names(axes: Axes, known: pd.DataFrame, front: set[str]) -> None:
    """Write each point's `name`, if it has one, where no other is if there is room.

    Cells of the front are in bold type.
    """
    axes.figure.draw_without_rendering()
    points = axes.transData.transform(known[["chain_hours", "accuracy"]].to_numpy(float))
    taken = [Bbox.from_bounds(x - 3, y - 3, 6, 6) for x, y in points]
    for point in known[known["name"] != ""].itertuples():
        text = axes.annotate(
            point.name, (point.chain_hours, point.accuracy), (0, 0), size=SMALL,
            textcoords="offset points", weight="bold" if point.cell in front else "normal",
        )  # fmt: skip
        for x, y, side in (*PLACES, PLACES[0]):
            text.xyann = (x, y)
            text.set_horizontalalignment(side)
            box = text.get_window_extent()
            inside = axes.bbox.x0 < box.x0 and box.x1 < axes.bbox.x1 and axes.bbox.y0 < box.y0
            if inside and not any(box.overlaps(other) for other in taken):
                break
        taken.append(box)
