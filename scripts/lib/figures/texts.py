"""Texts around the panels: heading, footer and legend, and how wide a text is.

Lengths are in inches, sizes of fonts in points.
"""

import functools
import math

from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from scripts.lib.figures.style import SMALL, STYLE, TITLE

EDGE = 0.04  # between the figure's edge and what stands at it
LEADING = 1.35  # line height / font size
DPI = 300


@functools.cache
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return a text's width on paper; `size` is in points."""
    font = FontProperties(family=str(STYLE["font.family"]), weight=weight, size=size)
    width, _, _ = _renderer().get_text_width_height_descent(text, font, ismath=False)
    return float(width) / DPI


@functools.cache
def _renderer() -> RendererAgg:
    return RendererAgg(1, 1, DPI)


def heading_height(width: float, title: str, note: str | None) -> float:
    """Return the height of what `write_heading` writes."""
    lines = len(wrapped(note, width, SMALL)) if note else 0
    return 2 * EDGE + (TITLE * LEADING * bool(title) + SMALL * LEADING * lines) / 72


def write_heading(figure: Figure, title: str, note: str | None) -> None:
    """Write title and note at the figure's upper left."""
    width, height = figure.get_size_inches()
    y = height - EDGE
    if title:
        figure.text(EDGE / width, y / height, title, va="top", size=TITLE)
        y -= TITLE * LEADING / 72
    for line in wrapped(note or "", width, SMALL):
        figure.text(EDGE / width, y / height, line, va="top", size=SMALL, style="italic")
        y -= SMALL * LEADING / 72


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Return a text as lines that fit in a width."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= width - 2 * EDGE:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def footer_height(width: float, text: str, handles: list[Artist], columns: int) -> float:
    """Return the height of what `write_footer` writes."""
    legend = math.ceil(len(handles) / columns) * SMALL * 1.55
    return 2 * EDGE + (len(wrapped(text, width, SMALL)) * SMALL * LEADING + legend) / 72


def write_footer(figure: Figure, text: str, handles: list[Artist], columns: int) -> None:
    """Write what the axes mean, and the legend below it, at the figure's lower left."""
    width, height = figure.get_size_inches()
    y = footer_height(width, text, handles, columns) - EDGE
    for line in wrapped(text, width, SMALL):
        figure.text(EDGE / width, y / height, line, va="top", size=SMALL)
        y -= SMALL * LEADING / 72
    if handles:
        figure.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0, 0),
            ncols=columns,
            labelspacing=0.35,
            handletextpad=0.5,
        )
