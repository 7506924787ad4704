"""Draw the accuracies that the paper prints against this study's, as PDF and PNG.

One panel per benchmark, one point per printed number whose cell is in the study; what the paper
quotes from others is hollow, and a ring marks what is more than three standard errors apart. Equal
inputs make equal bytes.
"""

from matplotlib.figure import Figure

from scripts.cli import Run
from scripts.figure_cli import write_figure
from scripts.lib.figures.reported import draw_reported
from scripts.lib.frames import read_frame


def draw(run: Run) -> Figure:
    """Return the figure of a planned job."""
    (reproduction,) = run.paths("reproduction")
    return draw_reported(run.settings, read_frame(reproduction))


if __name__ == "__main__":
    write_figure(__doc__, "plot_reported", draw)
