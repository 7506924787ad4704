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
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["tables"]["table1"]["sections"][-1]["rows"] = [{"best": "base"}]
    assert set(candidates) < set(validated_study(config, []).cells_of_table("table1"))
    assert STUDY.candidates("base+rl") == ["qwen2.5-0.5b+rl"]


def test_every_prefix_of_a_cell_is_a_cell_so_that_nothing_is_trained_twice():
    cells = set(STUDY.cells())
    assert {parent_of(cell) for cell in cells} - {None} <= cells


def test_labels_are_the_papers_row_names():
    assert STUDY.label("qwen2.5-0.5b-instruct+kd-lora+rl") == "Qwen2.5-0.5B-Instruct+KD (LoRA)+RL"


ROOT_CELL, TRAINED = "qwen2.5-0.5b", "qwen2.5-0.5b+sft"


def test_cells_of_tables_2_and_3_are_evaluated_under_other_prompts():
    assert STUDY.prompts_of(TRAINED) == ["boxed", "training"]
    assert STUDY.prompts_of(ROOT_CELL) == ["boxed", "training", "plain"]
    assert STUDY.prompts_of("openthinker-7b") == ["boxed"]
    assert len(STUDY.sensitivity_cells()) == 20


def test_a_task_is_a_benchmark_under_a_prompt():
    tasks = STUDY.tasks_of(TRAINED)
    assert tasks[:5] == STUDY.benchmarks()
    assert tasks[5:] == [f"training/{name}" for name in STUDY.benchmarks()]
    assert STUDY.prompt_and_benchmark("gsm8k") == ("boxed", "gsm8k")
    assert STUDY.prompt_and_benchmark("training/gsm8k") == ("training", "gsm8k")


def test_own_prompts_are_declared_for_roots_and_the_training_prompt_else():
    own = {cell: STUDY.own_prompt(cell) for cell in (ROOT_CELL, f"{ROOT_CELL}-instruct", TRAINED)}
    assert list(own.values()) == ["plain", "boxed", "training"]
    assert STUDY.own_prompt("openthinker-7b") == "boxed"
