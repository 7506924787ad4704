"""Draw accuracy against cost: one point per cell, the line joins the cells that no other beats.

The cost is the device hours of all of a cell's stages, per seed; an untrained model's is 0. The
accuracy is the mean over benchmarks under the tables' prompt.
"""

from matplotlib.figure import Figure

from scripts.cli import Run
from scripts.figure_cli import write_figure
from scripts.lib.figures.costs import draw_costs
from scripts.lib.frames import read_frame
from scripts.lib.price.cost_of_cells import cells_frame, spent
from scripts.lib.scores.table_cells import read_cells


def draw(run: Run) -> Figure:
    """Return the figure of a planned job."""
    costs = spent(read_frame(run.paths("costs")[0]))
    frame = cells_frame(run.settings, costs, read_cells(run.paths("cells")))
    return draw_costs(run.settings, frame)


if __name__ == "__main__":
    write_figure(__doc__, "plot_costs", draw)
