"""The figure of reported and reproduced accuracies, from a made-up frame."""

import numpy as np
import pandas as pd
import pytest

from scripts.lib.figures.reported import draw_reported, points_of
from scripts.lib.figures.style import save_figure
from tests.figures.drawn import markers_of, overlapping, strings_of
from tests.score_samples import BENCHMARKS

SETTINGS = {"benchmarks": BENCHMARKS, "note": None}
COLUMNS = ["table", "section", "method", "cell", "benchmark", "reported", "source"]
COLUMNS += ["accuracy", "low", "high", "z"]
FRAME = pd.DataFrame(
    [
        ["t1", "s", "Toy", "toy", "gsm8k", 0.30, "own", 0.32, 0.28, 0.36, 1.0],
        ["t2", "s", "Toy", "toy", "gsm8k", 0.30, "own", 0.32, 0.28, 0.36, 1.0],  # again
        ["t1", "s", "Toy+SFT", "toy+sft", "gsm8k", 0.40, "", 0.60, 0.55, 0.65, 4.2],
        ["t1", "s", "Big", "big", "gsm8k", 0.70, "[3]", 0.65, np.nan, np.nan, np.nan],
        ["t1", "s", "Toy+RL", "toy+rl", "gsm8k", 0.50, "own", np.nan, np.nan, np.nan, np.nan],
        ["t1", "s", "Toy", "toy", "amc23", 0.10, "own", 0.12, 0.05, 0.2, 0.4],
    ],
    columns=COLUMNS,
)


def test_every_number_is_one_point_in_percent():
    points = points_of(FRAME)
    assert points["accuracy"].tolist() == pytest.approx([32, 60, 65, 12])
    assert points["own"].tolist() == [True, True, False, True]
    assert points["far"].tolist() == [False, True, False, False]


def test_points_stand_at_reported_and_reproduced_on_equal_axes():
    axes = draw_reported(SETTINGS, FRAME).axes[0]
    points = [line for line in axes.lines if line.get_marker() in ("o", "^")]
    found = {(round(line.get_xdata()[0]), round(line.get_ydata()[0])) for line in points}
    assert found == {(30, 32), (40, 60), (70, 65)}
    assert axes.get_xlim() == axes.get_ylim()
    (equal,) = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert equal.get_slope() == 1


def test_quoted_numbers_are_hollow_and_far_ones_ringed():
    axes = draw_reported(SETTINGS, FRAME).axes[0]
    hollow = [line for line in markers_of(axes) if line.get_markerfacecolor() == "white"]
    rings = [line for line in markers_of(axes) if line.get_markerfacecolor() == "none"]
    assert [line.get_xdata()[0] for line in hollow] == [70]
    assert [line.get_xdata()[0] for line in rings] == [40]
    texts = strings_of(draw_reported(SETTINGS, FRAME[FRAME["benchmark"] == "amc23"]))
    assert "quoted by the paper" not in texts
    assert "over 3 standard errors apart" not in texts


@pytest.mark.parametrize("count", [1, 2, 5])
def test_nothing_overlaps_at_the_width_of_a_column(count):
    names = ["gsm8k", "amc23", "a", "b", "c"][:count]
    settings = {"benchmarks": [{"name": n, "label": f"Benchmark {n}"} for n in names]}
    figure = draw_reported(settings | {"note": "Toy models."}, FRAME)
    assert figure.get_figwidth() == pytest.approx(3.3)
    assert overlapping(figure) == []


def test_equal_frames_are_equal_bytes(tmp_path):
    for name in ("one.pdf", "two.pdf"):
        save_figure(draw_reported(SETTINGS, FRAME), tmp_path / name)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
