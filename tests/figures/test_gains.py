"""The figure of gains: one line per trained cell, its mark and Holm's sign, nothing overlapping."""

import pytest

from scripts.lib.figures.gains import HOLM, comparisons_frame, draw_gains
from tests.figures.drawn import markers_of, overlapping, strings_of
from tests.score_samples import BENCHMARKS, comparison

SETTINGS = {
    "sections": [
        {"section": "SFT on", "rows": [{"cell": "toy+sft", "label": "Toy-0.5B"}]},
        {
            "section": "RL on Toy-0.5B",
            "rows": [
                {"cell": "toy+rl", "label": "untrained"},
                {"cell": "toy+sft+rl", "label": "SFT"},
                {"cell": "toy+kd+rl", "label": "KD"},
            ],
        },
    ],
    "roots": {"toy": "Toy-0.5B"},
    "benchmarks": BENCHMARKS,
    "prompt": "boxed",
    "note": None,
}


def gain(cell, difference, mark="", holm="1", **others):
    """Return a row of the family `parent` with a test of methods; 4 points to both sides."""
    numbers = {"difference": "", "interval_low": "", "interval_high": ""}
    if difference is not None:
        numbers["difference"] = f"{difference:.6f}"
        numbers["interval_low"] = f"{difference - 0.04:.6f}"
        numbers["interval_high"] = f"{difference + 0.04:.6f}"
    named = {"against": "parent", "basis": "method", "method_p_holm": holm, "runs_p_holm": "0"}
    return comparison(cell, "gsm8k", mark, **(named | numbers | others))


ROWS = [
    gain("toy+sft", 0.12, "*", "0.01"),
    gain("toy+rl", -0.08, "*", "0.20"),
    gain("toy+sft+rl", 0.01),
    gain("toy+kd+rl", None, basis="", runs_p="") | {"method_p_holm": "", "runs_p_holm": ""},
    gain("toy+rl", 0.9, prompts="training"),
    gain("toy+rl", 0.8) | {"against": "root"},
]


def test_a_cell_stands_at_its_difference_from_its_parent_filled_where_marked():
    points = markers_of(draw_gains(SETTINGS, ROWS).axes[0])
    assert [line.get_xdata()[0] for line in points] == pytest.approx([12, -8, 1])
    assert [line.get_ydata()[0] for line in points] == [-1, -3, -4]
    filled = [line.get_markerfacecolor() != "white" for line in points]
    assert filled == [True, True, False]


def test_holms_sign_stands_where_its_p_value_says_so():
    axes = draw_gains(SETTINGS, ROWS).axes[0]
    assert [text.xy[1] for text in axes.texts if text.get_text() == HOLM] == [-1]


def test_a_mark_of_runs_is_holms_and_has_no_second_sign():
    runs = [row | {"basis": "this run", "method_p_holm": ""} for row in ROWS[:3]]
    figure = draw_gains(SETTINGS, runs)
    assert HOLM not in strings_of(figure)
    assert "Holm's p ≤ .05 too" not in strings_of(figure)
    assert comparisons_frame(runs)["holm"].tolist() == [True, True, True]


def test_a_collapsed_cell_and_one_without_comparison_keep_their_lines():
    figure = draw_gains(SETTINGS, ROWS)
    texts = strings_of(figure)
    assert "KD‡" in texts
    assert "‡" in [text.get_text() for text in figure.axes[0].texts]
    assert markers_of(figure.axes[1]) == []  # nothing was compared on the second benchmark


@pytest.mark.parametrize("count", [1, 2, 5])
def test_nothing_overlaps_at_the_width_of_a_column(count):
    names = ["GSM8K", "OlympiadBench", "MATH500", "MINERVA", "AMC23"][:count]
    benchmarks = [{"name": name, "label": name} for name in names]
    rows = [row | {"benchmark": name} for row in ROWS for name in names]
    settings = SETTINGS | {"benchmarks": benchmarks, "note": "Toy models of few parameters. " * 4}
    figure = draw_gains(settings, rows)
    assert figure.get_figwidth() == pytest.approx(3.3)
    assert overlapping(figure) == []
    for axes in figure.axes:
        assert len(axes.get_xticks()) > 1
