"""The figure of the study's DAG: every cell a box, every data set a line to its readers."""

import pytest
from matplotlib.patches import Rectangle

from scripts.lib.figures.study_dag import draw_dag
from scripts.lib.figures.tree import tree_rows
from tests.figures.drawn import overlapping, strings_of

LABELS = {"toy": "Toy", "toy+kd": "KD", "toy+kd+rl": "RL", "toy+rl": "RL"}
SETTINGS = {
    "labels": LABELS,
    "data": {"toy+kd": "traces", "toy+kd+rl": "gsm8k", "toy+rl": "gsm8k"},
    "datasets": ["traces", "gsm8k"],
    "evaluated": ["toy", "toy+kd+rl", "toy+rl"],
    "untrained": ["A large model of 7B", "Another large model of 7B", "A third one"],
    "benchmarks": ["GSM8K", "AMC23"],
    "note": None,
}


def test_a_prefix_stands_in_the_middle_of_what_is_trained_from_it():
    rows = tree_rows(["a+x+y", "a+z", "b+x"])
    assert rows == {"a+x+y": 0, "a+x": 0, "a+z": 1, "a": 0.5, "b+x": 2.5, "b": 2.5}


def test_every_cell_model_and_data_set_is_a_box_with_its_name():
    figure = draw_dag(SETTINGS)
    boxes = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert len(boxes) == len(LABELS) + 2 + 3
    texts = strings_of(figure)
    assert texts.count("RL") == 2
    for name in ("Toy", "KD", "traces", "gsm8k", *SETTINGS["untrained"]):
        assert name in texts


def test_boxes_hold_their_names_and_do_not_overlap():
    figure = draw_dag(SETTINGS)
    assert overlapping(figure) == []
    boxes = [patch.get_window_extent() for patch in figure.axes[0].patches]
    for index, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])
    for text in figure.axes[0].texts:
        extent = text.get_window_extent()
        if text.get_weight() != "bold":
            assert any(box.x0 <= extent.x0 and extent.x1 <= box.x1 for box in boxes)


def test_every_stage_has_one_arrow_from_its_data_set():
    axes = draw_dag(SETTINGS).axes[0]
    arrows = [line.get_color() for line in axes.lines if line.get_marker() == ">"]
    borders = {
        text.get_text(): patch.get_edgecolor()
        for text, patch in zip(axes.texts, axes.patches, strict=False)
    }
    assert len(arrows) == 3
    assert sorted(arrows.count(colour) for colour in set(arrows)) == [1, 2]
    assert borders["traces"] != borders["gsm8k"]


def test_what_is_trained_on_the_way_alone_is_dashed():
    assert "not evaluated" in strings_of(draw_dag(SETTINGS))
    every = SETTINGS | {"evaluated": list(LABELS)}
    assert "not evaluated" not in strings_of(draw_dag(every))


@pytest.mark.parametrize("depth", [1, 4])
def test_deep_studies_get_a_wider_page(depth):
    cells = ["m" + "+a" * (n + 1) for n in range(depth)]
    labels = {"m": "A model's name"} | dict.fromkeys(cells, "a stage's name")
    settings = SETTINGS | {
        "labels": labels,
        "data": dict.fromkeys(cells, "gsm8k"),
        "datasets": ["gsm8k"],
        "untrained": [],
        "evaluated": list(labels),
    }
    figure = draw_dag(settings)
    assert (figure.get_figwidth() > 3.3) == (depth == 4)
    assert overlapping(figure) == []
