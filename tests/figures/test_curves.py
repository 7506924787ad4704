"""The figure of training curves: panels, means over seeds, and where a training ended."""

import numpy as np
import pandas as pd
import pytest

from scripts.lib.figures.curves import draw_curves
from scripts.lib.figures.logs import QUANTITIES, curves_frame, mean_curve
from tests.figures.drawn import overlapping, strings_of

SETTINGS = {
    "cells": [
        {"cell": "toy+sft", "trainer": "sft", "method": "SFT"},
        {"cell": "toy+sft+rl", "trainer": "grpo", "method": "SFT"},
        {"cell": "toy+rl", "trainer": "grpo", "method": "RL"},
        {"cell": "big+rl", "trainer": "grpo", "method": "RL"},
    ],
    "roots": {"toy": "Qwen2.5-0.5B", "big": "Qwen2.5-0.5B-Instruct"},
    "note": "Toy models.",
}

SHOWN = [q for q in QUANTITIES if q.trainer in ("sft", "grpo")]


def training(cell, seed, steps=40, kl=0.1, last=None):
    """Return a training record; `last` replaces the last step's loss."""
    log = []
    for step in range(1, steps + 1):
        entry = {"step": step, "loss": 1 / step + seed}
        if cell.endswith("rl"):
            entry |= {q.column: 0.5 for q in QUANTITIES if q.trainer == "grpo"} | {"kl": kl}
        log.append(entry)
    if last is not None:
        log[-1]["loss"] = last
    return {"cell": cell, "seed": seed, "log": log}


def trainings(seeds=2, **others):
    cells = [cell["cell"] for cell in SETTINGS["cells"]]
    return [training(cell, seed, **others) for cell in cells for seed in range(seeds)]


def test_a_frame_has_a_row_per_step_and_no_infinite_number():
    frame = curves_frame([training("toy+sft", 3, steps=5, last="nan")])
    assert frame["step"].tolist() == [1, 2, 3, 4, 5]
    assert frame["loss"].isna().tolist() == [False] * 4 + [True]
    assert frame["kl"].isna().all()
    assert curves_frame([training("toy+rl", 0, kl="inf")])["kl"].isna().all()


def test_a_mean_ends_where_the_first_seed_ends():
    values = pd.DataFrame({0: [1.0, 2.0, 3.0], 1: [3.0, 4.0, np.nan]}, index=[1, 2, 3])
    assert mean_curve(values).to_dict() == {1: 2.0, 2: 3.0}


def test_each_quantity_has_a_panel_per_untrained_model_and_a_line_per_cell():
    figure = draw_curves(SETTINGS, curves_frame(trainings()))
    assert len(figure.axes) == 2 * len(SHOWN)
    thick = [[line for line in axes.lines if line.get_linewidth() == 1.0] for axes in figure.axes]
    assert [len(lines) for lines in thick] == [1, 0] + [2, 1] * (len(SHOWN) - 1)
    thin = [line for line in figure.axes[0].lines if line.get_linewidth() < 1.0]
    assert len(thin) == 2  # seeds
    assert thick[0][0].get_ydata()[-1] == pytest.approx(
        0.5 + np.mean([1 / 39, 1 / 40, 1 / 38]), abs=0.01
    )


def test_a_study_without_rl_has_the_loss_alone():
    settings = SETTINGS | {"cells": SETTINGS["cells"][:1]}
    figure = draw_curves(settings, curves_frame([training("toy+sft", 0)]))
    assert len(figure.axes) == 1
    assert overlapping(figure) == []


def test_a_collapsed_training_is_marked_where_it_ended():
    records = trainings(seeds=1)
    records[2] = training("toy+rl", 0, steps=20)
    figure = draw_curves(SETTINGS, curves_frame(records), [("toy+rl", 0)])
    reward = figure.axes[2]
    assert [text.xy[0] for text in reward.texts if text.get_text() == "‡"] == [20]
    assert any("‡ training collapsed" in text for text in strings_of(figure))
    assert not any("‡" in text for text in strings_of(draw_curves(SETTINGS, curves_frame(records))))


@pytest.mark.parametrize(("kl", "scale"), [(0.1, "linear"), (30.0, "symlog")])
def test_a_large_kl_has_a_logarithmic_axis(kl, scale):
    figure = draw_curves(SETTINGS, curves_frame([*trainings(1), training("toy+rl", 1, kl=kl)]))
    row = [q.column for q in SHOWN].index("kl")
    assert {axes.get_yscale() for axes in figure.axes[2 * row : 2 * row + 2]} == {scale}


def test_two_trainers_have_a_panel_each_for_what_both_log():
    cells = [{"cell": f"toy+{name}", "trainer": name, "method": name} for name in ("sft", "gkd")]
    frame = curves_frame([training("toy+sft", 0), training("toy+gkd", 1)])
    figure = draw_curves(SETTINGS | {"cells": cells}, frame)
    labels = [q.label for q in QUANTITIES if q.trainer in ("sft", "gkd")]
    assert len(figure.axes) == len(labels) == 4
    assert {"SFT, KD:\nloss", "GKD:\nloss"} <= set(labels)
    assert [axes.lines[0].get_ydata()[0] for axes in figure.axes[:2]] == [1.0, 2.0]


@pytest.mark.parametrize("seeds", [1, 3])
def test_nothing_overlaps_at_the_width_of_a_column(seeds):
    figure = draw_curves(SETTINGS, curves_frame(trainings(seeds)))
    assert figure.get_figwidth() == pytest.approx(3.3)
    assert overlapping(figure) == []
