"""The one style of the study's figures, and how a figure becomes a file.

Colours are those of Okabe and Ito (2008), which colour-blind readers can tell apart. Every colour
comes with a marker of its own, so that a figure can also be read in grey. Sizes are those of the
printed page: a figure is placed as it is, not scaled.
"""

from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scripts.lib.files import written_aside

matplotlib.use("Agg")

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
GREY, PALE = "#6b6b6b", "#e6e6e6"
COLUMN, PAGE = 3.3, 7.0  # inches: the widths of a column and of the page's text
SMALL, NORMAL, TITLE = 6.0, 6.5, 7.5  # points; nothing is smaller
MARK = 3.4  # points: a marker
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": NORMAL,
    "axes.linewidth": 0.6,
    "axes.titlesize": NORMAL,
    "axes.labelsize": NORMAL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.pad": 2.0,
    "ytick.major.pad": 2.0,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.borderaxespad": 0.2,
    "legend.columnspacing": 1.2,
    "legend.handlelength": 1.6,
    "pdf.fonttype": 42,  # TrueType: text stays text
}
styled = matplotlib.rc_context(STYLE)  # the decorator of every function that draws a figure


class Look(NamedTuple):
    """How one of several things that are compared is drawn."""

    colour: str
    marker: str

    def handle(self, label: str, **others: object) -> Line2D:
        """Return its entry in a legend."""
        given = {"color": self.colour, "marker": self.marker, "ms": MARK, "lw": 1.2} | others
        return Line2D([], [], label=label, **given)


OTHER = Look("black", "D")  # what belongs to none of them


def looks(names: list[str]) -> dict[str, Look]:
    """Return a colour and a marker for each name, in their order; 36 differ from each other."""
    return {
        name: Look(COLOURS[n % len(COLOURS)], MARKERS[(n + n // len(COLOURS)) % len(MARKERS)])
        for n, name in enumerate(names)
    }


@styled
def save_figure(figure: Figure, path: Path) -> None:
    """Save a figure whole or not at all, without the date or version of the program."""
    form = path.suffix.removeprefix(".")
    fields = ("CreationDate", "Creator", "Producer") if form == "pdf" else ("Software",)
    with written_aside(path) as aside:
        figure.savefig(aside, dpi=300, format=form, metadata=dict.fromkeys(fields))
