"""Draw accuracy against cost: one point per cell, the line joins the cells that no other beats.

The cost is the device hours of all of a cell's stages, per seed; an untrained model's is 0. The
accuracy is the mean over benchmarks under the tables' prompt.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from scripts.cli import job_arguments, planned_run
from scripts.lib.frames import read_frame
from scripts.lib.price.cost_of_cells import cells_frame, pareto_front, spent
from scripts.lib.scores.figures import COLOURS, GREY, STYLE, WIDTH, save_figure
from scripts.lib.scores.table_cells import read_cells
from scripts.lib.study.cells import model_of, stages_of

TITLE = "What accuracy costs"
HEIGHT = 3.2  # inches
FRONT = "best accuracy for the hours"
PLACES = ((4, 2, "left"), (4, -7, "left"), (-4, 2, "right"), (-4, -7, "right"))  # points, side


def plot_costs(settings: Mapping[str, Any], cells: pd.DataFrame) -> Figure:
    """Return the figure; `cells` is cells_frame's, `settings` as dag/paper.py plans them."""
    figure, axes = plt.subplots(figsize=(WIDTH, HEIGHT), layout="constrained")
    cells = cells.assign(accuracy=100 * cells["accuracy"])
    known, front = cells.dropna(subset=["chain_hours", "accuracy"]), pareto_front(cells)
    axes.plot(
        front["chain_hours"], front["accuracy"], color=GREY, lw=0.8, ds="steps-post", label=FRONT
    )
    for number, root in enumerate(dict.fromkeys(map(model_of, cells["cell"]))):
        colour = COLOURS[number % len(COLOURS)]
        own = known[known["cell"].map(model_of) == root]
        trained = own["cell"].map(stages_of).astype(bool)
        name = settings["labels"][root]
        for rows, face, label in (
            (own[~trained], "white", f"{name}, untrained"),
            (own[trained], colour, f"from {name}"),
        ):
            points = (rows["chain_hours"], rows["accuracy"])
            axes.plot(*points, "o", ms=4, mfc=face, mec=colour, label=label)
    axes.set_xlabel(f"{''.join(cells['device'].unique())}-hours of all stages, mean over seeds")
    axes.set_ylabel("accuracy in percent, mean over benchmarks")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(0.08)
    axes.set_title(TITLE, loc="left", size=9)
    figure.legend(frameon=False, fontsize=6.5, loc="outside right upper")
    if settings["note"]:
        figure.supxlabel(settings["note"], size=6.5, style="italic")
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
            point.stages, (point.chain_hours, point.accuracy), (0, 0), size=6,
            textcoords="offset points", weight="bold" if point.cell in front else "normal",
        )  # fmt: skip
        for x, y, side in (*PLACES, PLACES[0]):
            text.xyann = (x, y)
            text.set_horizontalalignment(side)
            box = text.get_window_extent()
            if not any(box.overlaps(other) for other in taken):
                break
        taken.append(box)


def main() -> None:
    """Read the flags and write the figure twice."""
    parser = job_arguments(__doc__)
    parser.add_argument("--pdf", type=Path, required=True, help="the PDF file to write")
    parser.add_argument("--png", type=Path, required=True, help="the PNG file to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "plot_costs")
    costs = spent(read_frame(run.paths("costs")[0]))
    with plt.rc_context(STYLE):
        frame = cells_frame(run.settings, costs, read_cells(run.paths("cells")))
        figure = plot_costs(run.settings, frame)
        for path in (args.pdf, args.png):
            save_figure(figure, path)
    run.write_record(args.output, args.pdf, args.png)


if __name__ == "__main__":
    main()
