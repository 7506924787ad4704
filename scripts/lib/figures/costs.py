"""The figure of what accuracy costs: a point per cell, a line through those that none beats."""

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
PLACES = ((4, 2, "left"), (4, -7, "left"), (-4, 2, "right"), (-4, -7, "right"))  # points, side


@styled
def draw_costs(settings: Mapping[str, Any], cells: pd.DataFrame) -> Figure:
    """Return the figure; `cells` is cells_frame's, `settings` as dag/figures.py plans them."""
    figure, axes = plt.subplots(figsize=(PAGE, HEIGHT), layout="constrained")
    cells = cells.assign(accuracy=100 * cells["accuracy"])
    known, front = cells.dropna(subset=["chain_hours", "accuracy"]), pareto_front(cells)
    axes.plot(
        front["chain_hours"], front["accuracy"], color=GREY, lw=0.8, ds="steps-post", label=FRONT
    )
    for number, root in enumerate(dict.fromkeys(map(model_of, cells["cell"]))):
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        own = known[known["cell"].map(model_of) == root]
        trained = own["cell"].map(stages_of).astype(bool)
        name = settings["labels"][root]
        for rows, face, label in (
            (own[~trained], "white", f"{name}, untrained"),
            (own[trained], colour, f"from {name}"),
        ):
            points = (rows["chain_hours"], rows["accuracy"])
            axes.plot(*points, marker, ms=MARK, mfc=face, mec=colour, label=label)
    axes.set_xlabel(f"{''.join(cells['device'].unique())}-hours of all stages, mean over seeds")
    axes.set_ylabel("accuracy in percent, mean over benchmarks")
    axes.margins(0.08)
    axes.set_title(TITLE, loc="left", size=TITLE_SIZE)
    figure.legend(loc="outside right upper")
    if settings["note"]:
        figure.supxlabel(settings["note"], size=SMALL, style="italic")
    write_names(axes, known, {*front["cell"]})
    return figure


def write_names(axes: Axes, known: pd.DataFrame, front: set[str]) -> None:
    """Write each trained cell's stages beside its point, where no other name is if there is room.

    Cells of the front are in bold type.
    """
    axes.figure.draw_without_rendering()
    points = axes.transData.transform(known[["chain_hours", "accuracy"]].to_numpy(float))
    taken = [Bbox.from_bounds(x - 3, y - 3, 6, 6) for x, y in points]
    for point in known[known["cell"].map(stages_of).astype(bool)].itertuples():
        text = axes.annotate(
            point.stages, (point.chain_hours, point.accuracy), (0, 0), size=SMALL,
            textcoords="offset points", weight="bold" if point.cell in front else "normal",
        )  # fmt: skip
        for x, y, side in (*PLACES, PLACES[0]):
            text.xyann = (x, y)
            text.set_horizontalalignment(side)
            box = text.get_window_extent()
            if not any(box.overlaps(other) for other in taken):
                break
        taken.append(box)
