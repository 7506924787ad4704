"""Draw what each stage added to the cell that it started from, as PDF and PNG.

A forest plot of the family `parent` of comparisons.csv under the tables' prompt: one panel per
benchmark, one line per trained cell, grouped by its last stage. Bars are paired 95% intervals, a
filled marker is marked there. Equal inputs make equal bytes.
"""

from matplotlib.figure import Figure

from scripts.cli import Run
from scripts.figure_cli import write_figure
from scripts.lib.figures.gains import draw_gains
from scripts.lib.scores.marks import read_comparisons


def draw(run: Run) -> Figure:
    """Return the figure of a planned job."""
    (comparisons,) = run.paths("comparisons")
    return draw_gains(run.settings, read_comparisons(comparisons))


if __name__ == "__main__":
    write_figure(__doc__, "plot_gains", draw)
