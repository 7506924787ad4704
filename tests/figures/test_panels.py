"""Panels and texts: ticks with room, lines of text that fit, colours with markers."""

import pytest

from scripts.lib.figures.panels import panel_grid, value_axis
from scripts.lib.figures.style import COLUMN, looks, styled
from scripts.lib.figures.texts import text_width, wrapped
from tests.figures.drawn import overlapping

BOX = {"width": COLUMN, "left": 0.8, "top": 0.3, "bottom": 0.4, "gaps": (0.14, 0.4)}


@styled
def ticks_of(low, high, columns):
    figure, panels = panel_grid(columns, columns, (0, 1.0), **BOX)
    for axes in panels:
        value_axis(axes, low, high)
        axes.tick_params(labelleft=False)
    assert overlapping(figure) == []
    first, last = panels[0].get_xlim()
    assert first == low and last >= high
    ticks = list(panels[0].get_xticks())
    assert all(first <= tick <= last for tick in ticks)
    return ticks


@pytest.mark.parametrize("columns", [2, 3, 5])
@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 100), (0, 6.5), (-31, 12), (-1.2, 1.3), (-100, 100), (-105, 100), (0, 0.8)],
)
def test_labels_of_ticks_meet_neither_each_other_nor_the_next_panels(low, high, columns):
    ticks = ticks_of(low, high, columns)
    assert 0 in ticks
    assert len(ticks) > 1  # a lone one tells no scale


def test_ticks_are_round_and_more_in_a_wider_panel():
    assert ticks_of(0, 95, 1) == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert ticks_of(0, 95, 3) == [0, 25, 50, 75]


def test_a_grid_fills_its_rows_from_the_left():
    figure, panels = panel_grid(5, 3, (0, 1.0), **BOX)
    boxes = [axes.get_position() for axes in panels]
    assert figure.get_figheight() == pytest.approx(0.3 + 1.0 + 0.4 + 1.0 + 0.4)
    assert boxes[3].x0 == pytest.approx(boxes[0].x0)
    assert boxes[3].y1 < boxes[0].y0
    assert boxes[2].x1 * COLUMN == pytest.approx(COLUMN - 0.08)


def test_text_is_wrapped_where_it_would_leave_the_page():
    lines = wrapped("word " * 40, COLUMN, 6.0)
    assert " ".join(lines).split() == ["word"] * 40
    assert all(text_width(line, 6.0) <= COLUMN for line in lines)
    assert len(lines) < 5
    assert wrapped("", COLUMN, 6.0) == []


def test_no_two_of_36_names_look_alike():
    assert len(set(looks([str(n) for n in range(36)]).values())) == 36
