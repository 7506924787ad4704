"""Draw the training curves of all trained cells, as PDF and PNG.

The loss of SFT and KD, and of RL the reward and its parts, the KL divergence from the parent, the
entropy, the length of completions and the share of them that is cut off. Equal records make equal
bytes.
"""

from matplotlib.figure import Figure

from scripts.cli import Run
from scripts.figure_cli import write_figure
from scripts.lib.figures.curves import draw_curves
from scripts.lib.figures.logs import curves_frame
from scripts.lib.files import read_json


def draw(run: Run) -> Figure:
    """Return the figure of a planned job."""
    ended = [
        (record["cell"], of["seed"])
        for record in map(read_json, run.paths("cells"))
        for of in record["runs"]
        if of["status"] == "collapsed"
    ]
    return draw_curves(run.settings, curves_frame(map(read_json, run.paths("trainings"))), ended)


if __name__ == "__main__":
    write_figure(__doc__, "plot_curves", draw)
