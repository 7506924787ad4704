"""Draw the study's DAG of cells as PDF and PNG: untrained models, stages, and their data sets.

What is drawn is the config's; equal studies make equal bytes.
"""

from matplotlib.figure import Figure

from scripts.cli import Run
from scripts.figure_cli import write_figure
from scripts.lib.figures.study_dag import draw_dag


def draw(run: Run) -> Figure:
    """Return the figure of a planned job."""
    return draw_dag(run.settings)


if __name__ == "__main__":
    write_figure(__doc__, "plot_dag", draw)
