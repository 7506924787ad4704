"""Draw every cell under every prompt, as PDF and PNG: accuracies above, differences below.

The differences are those of each trained cell from its untrained model, both sides under the same
prompt, or each under its own; bars are 95% intervals, and a filled point is marked in
comparisons.csv. Equal records make equal bytes.
"""

import pandas as pd
from matplotlib.figure import Figure

from scripts.cli import Run
from scripts.figure_cli import write_figure
from scripts.lib.figures.gains import comparisons_frame
from scripts.lib.figures.prompts import draw_prompts
from scripts.lib.figures.scores import scores_frame
from scripts.lib.scores.marks import read_comparisons
from scripts.lib.scores.table_cells import read_cells_by_prompt


def draw(run: Run) -> Figure:
    """Return the figure of a planned job."""
    frames = [
        scores_frame(records.values()).assign(prompt=prompt)
        for prompt, records in read_cells_by_prompt(run.paths("cells")).items()
    ]
    rows = [row for path in run.paths("comparisons") for row in read_comparisons(path)]
    return draw_prompts(run.settings, pd.concat(frames), comparisons_frame(rows))


if __name__ == "__main__":
    write_figure(__doc__, "plot_prompts", draw)
