"""The figure of prompts: accuracies above, differences below, nothing overlapping."""

import pandas as pd
import pytest

from scripts.lib.figures.gains import comparisons_frame
from scripts.lib.figures.prompts import draw_prompts
from scripts.lib.figures.scores import scores_frame
from scripts.lib.figures.style import save_figure
from tests.figures.drawn import overlapping, strings_of, without_signs
from tests.score_samples import BENCHMARKS
from tests.scores.test_prompts import CELLS, COMPARISONS, SETTINGS

FRAME = pd.concat(
    [scores_frame(cells.values()).assign(prompt=prompt) for prompt, cells in CELLS.items()]
)


@pytest.fixture
def figure():
    return draw_prompts(SETTINGS, FRAME, comparisons_frame(COMPARISONS))


def positions(axes):
    """Return where a panel's markers stand on its x axis."""
    lines = [line for line in axes.lines if line.get_marker() not in (None, "None")]
    return sorted(line.get_xdata()[0] for line in lines)


def test_the_figure_shows_accuracies_above_and_differences_below(figure):
    assert positions(figure.axes[0]) == pytest.approx([40, 50, 51, 60, 90])
    assert positions(figure.axes[len(BENCHMARKS)]) == pytest.approx([1, 30, 50])
    assert positions(figure.axes[len(BENCHMARKS) + 1]) == []  # nothing was compared there


def test_the_legend_names_every_prompt(figure):
    texts = set(strings_of(figure))
    assert texts >= {"prompt boxed", "prompt training", "each under its own prompt"}


def test_a_study_without_trained_cells_has_no_differences():
    figure = draw_prompts(SETTINGS, FRAME, comparisons_frame([]))
    assert positions(figure.axes[len(BENCHMARKS)]) == []
    assert "each under its own prompt" not in strings_of(figure)


def test_nothing_overlaps(figure):
    assert overlapping(figure, without_signs) == []


def test_equal_records_make_equal_bytes(figure, tmp_path):
    save_figure(figure, tmp_path / "one.png")
    again = draw_prompts(SETTINGS, FRAME, comparisons_frame(COMPARISONS))
    save_figure(again, tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
