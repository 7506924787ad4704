"""A recipe inherits another by name, in the config of a study and in overrides of it."""

import copy

import yaml
from snakemake.utils import update_config

from scripts.lib.study.cells import Study
from scripts.lib.study.recipes import ancestors, label_of, recipe_of, resolved
from tests.workflow import DEMO, ROOT

PAPER = yaml.safe_load((ROOT / "config.yaml").read_text())


def study_of(override):
    config = copy.deepcopy(PAPER)
    update_config(config, override)
    return Study(config)


def test_a_recipe_says_what_it_does_otherwise():
    recipes = {
        "sft": {"learning_rate": 1.0, "bf16": True},
        "lora": {"inherit": "sft", "learning_rate": 2.0, "lora": {"r": 8, "lora_alpha": 16}},
        "tokens": {"inherit": "lora", "lora": {"r": 4}},
    }
    assert resolved(recipes, "sft") == recipes["sft"]
    assert resolved(recipes, "tokens") == {
        "learning_rate": 2.0,
        "bf16": True,
        "lora": {"r": 4, "lora_alpha": 16},
    }
    assert recipes["lora"]["lora"] == {"r": 8, "lora_alpha": 16}


def test_an_override_of_a_recipe_reaches_those_that_inherit_it():
    study = study_of({"recipes": {"sft": {"num_train_epochs": 7}}})
    for stage in ("sft", "kd", "sft-lora", "kd-lora-tokens"):
        assert recipe_of(study, stage)["num_train_epochs"] == 7
    assert recipe_of(study, "sft-lora")["learning_rate"] == 1.0e-4
    demo = study_of(yaml.safe_load(DEMO.read_text()))
    assert recipe_of(demo, "kd-lora")["max_length"] == 512
    assert recipe_of(demo, "kd-lora")["lora"] == PAPER["recipes"]["sft-lora"]["lora"]


def test_a_recipe_of_another_file_is_inherited_by_name_and_a_stage_overrides_one_value():
    mine = {
        "recipes": {"mine": {"inherit": "grpo", "learning_rate": 2.0e-6}},
        "stages": {
            "rl-mine": {"label": "RL", "trainer": "grpo", "data": "gsm8k", "recipe": "mine"},
            "rl-beta0": {"label": "RL", "trainer": "grpo", "data": "gsm8k", "recipe": "grpo"},
            "rl": {"override": {"beta": 0.1, "model_init_kwargs": {"dtype": "bfloat16"}}},
        },
    }
    mine["stages"]["rl-beta0"]["override"] = {"beta": 0.0}
    study = study_of(mine)
    grpo = PAPER["recipes"]["grpo"]
    assert recipe_of(study, "rl-mine") == grpo | {"learning_rate": 2.0e-6}
    assert recipe_of(study, "rl-beta0") == grpo | {"beta": 0.0}
    changed = {"beta": 0.1, "model_init_kwargs": {"dtype": "bfloat16"}}
    assert recipe_of(study, "rl") == grpo | changed
    assert [label_of(study, stage) for stage in ("rl-mine", "rl-beta0")] == ["mine", "rl-beta0"]


def test_the_ancestors_of_a_circle_end():
    assert ancestors({"a": {"inherit": "b"}, "b": {"inherit": "a"}}, "a") == ["b", "a"]
    assert ancestors({"a": {"inherit": "b"}}, "a") == ["b"]
