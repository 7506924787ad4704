"""Draw the accuracy of every cell on every benchmark, with its 95% interval, as PDF and PNG.

One panel per benchmark, one line per cell, in the order and sections of the tables; a cell that
stands in several tables is drawn once. The vertical line through a cell is the accuracy of the
untrained model that it started from, the hollow marker that of the stage before; the dotted line is
chance, always giving the most common answer. A star marks a cell that differs from its untrained
model, by the family `root` of comparisons.csv. Equal records make equal bytes.
"""

from matplotlib.figure import Figure

from scripts.cli import Run
from scripts.figure_cli import write_figure
from scripts.lib.figures.scores import draw_scores, scores_frame
from scripts.lib.scores.marks import root_marks
from scripts.lib.scores.table_cells import read_cells


def draw(run: Run) -> Figure:
    """Return the figure of a planned job."""
    marks = root_marks(run.paths("comparisons"), run.settings["prompt"])
    frame = scores_frame(read_cells(run.paths("cells")).values())
    return draw_scores(run.settings, frame, marks)


if __name__ == "__main__":
    write_figure(__doc__, "plot_scores", draw)
