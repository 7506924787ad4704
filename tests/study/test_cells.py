"""The grammar of cells."""

import yaml

from scripts.lib.study.cells import model_of, parent_of, stages_of
from scripts.lib.study.validation import validated_study
from tests.workflow import ROOT

STUDY = validated_study(yaml.safe_load((ROOT / "config.yaml").read_text()), [])


def test_a_cell_is_a_model_and_its_stages_in_order():
    cell = "qwen2.5-0.5b+kd-lora+rl"
    assert model_of(cell) == "qwen2.5-0.5b"
    assert stages_of(cell) == ["kd-lora", "rl"]
    assert parent_of(cell) == "qwen2.5-0.5b+kd-lora"
    assert parent_of("qwen2.5-0.5b") is None


def test_roles_are_replaced_by_their_models():
    assert STUDY.cell_of_row("base+kd+rl") == "qwen2.5-0.5b+kd+rl"
    assert STUDY.cell_of_row("qwen2.5-0.5b-instruct") == "qwen2.5-0.5b-instruct"


def test_the_tables_name_twelve_models_and_eighteen_trained_cells():
    cells = STUDY.cells()
    assert len(cells) == len(set(cells)) == 30
    assert sum(parent_of(cell) is not None for cell in cells) == 18


def test_the_best_row_of_a_root_is_chosen_among_its_trained_cells():
    candidates = STUDY.candidates({"best": "base"})
    assert len(candidates) == 9
    assert all(model_of(cell) == "qwen2.5-0.5b" and stages_of(cell) for cell in candidates)
    assert set(candidates) < set(STUDY.cells_of_table("table1"))
    assert STUDY.candidates("base+rl") == ["qwen2.5-0.5b+rl"]


def test_every_prefix_of_a_cell_is_a_cell_so_that_nothing_is_trained_twice():
    cells = set(STUDY.cells())
    assert {parent_of(cell) for cell in cells} - {None} <= cells


def test_labels_are_the_papers_row_names():
    assert STUDY.label("qwen2.5-0.5b-instruct+kd-lora+rl") == "Qwen2.5-0.5B-Instruct+KD (LoRA)+RL"
