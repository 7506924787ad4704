"""What the study's figures share: style, lines of cells, labels, and how a file is written."""

import os
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito 2008
GREY = "#6b6b6b"
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "pdf.fonttype": 42,
}
WIDTH, LINE, GAP = 7.2, 0.165, 0.1  # inches: the page's text width, a line, between panels
TOP, NOTE, BOTTOM = 0.66, 0.16, 0.78  # inches for titles, note, and axis with legend
Cells = dict[tuple[str, str], dict]  # {(cell, benchmark): record}, as score_cell writes them


def figure_lines(sections: list[dict]) -> list[dict]:
    """Return the figure's lines from top to bottom: section titles and rows, each cell once."""
    lines, drawn = [], set()
    for section in sections:
        rows = [row for row in section["rows"] if row["cell"] not in drawn]
        drawn |= {row["cell"] for row in rows}
        if rows:
            lines += [{"section": section["section"]}, *rows]
    return [line | {"y": -index} for index, line in enumerate(lines)]


def panel_title(axes: Axes, label: str, record: dict) -> None:
    """Write a benchmark's name and size above its panel."""
    size = f"{record['problems']} × {record['samples']}"
    axes.annotate(
        label, (0.5, 1), (0, 13), **_OFFSET, size=7.5, weight="bold", ha="center", va="bottom"
    )
    axes.annotate(size, (0.5, 1), (0, 4), **_OFFSET, size=6.5, color=GREY, ha="center", va="bottom")


_OFFSET = {"xycoords": "axes fraction", "textcoords": "offset points"}


def write_labels(figure: Figure, axes: Axes, lines: list[dict], records: list[Cells]) -> float:
    """Write section titles and cell labels left of the first panel; return their width in inches.

    The labels start at the figure's left edge.
    """
    widest = 0.0
    for line in lines:
        title = "section" in line
        text = line["section"] if title else "  " + line["label"]
        if not title and any(group[line["cell"]]["status"] == "collapsed" for group in records):
            text += "‡"
        label = axes.annotate(
            text,
            (0.004, line["y"]),
            xycoords=("figure fraction", "data"),
            va="center",
            weight="bold" if title else "normal",
            annotation_clip=False,
        )
        extent = label.get_window_extent(figure.canvas.get_renderer())
        widest = max(widest, extent.width / figure.dpi)
    return widest


def save_figure(figure: Figure, path: Path) -> None:
    """Save a figure whole or not at all, without the date or version of the program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{os.getpid()}.{path.name}")
    fields = ("CreationDate", "Creator", "Producer") if path.suffix == ".pdf" else ("Software",)
    figure.savefig(aside, dpi=200, metadata=dict.fromkeys(fields))
    aside.replace(path)
