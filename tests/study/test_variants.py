"""The studies beside the main one: what each plans once the main one is done."""

import copy

import pytest
import yaml
from snakemake.utils import update_config

from tests.dag.edits import changed, config_of, units
from tests.workflow import ROOT, planned

VARIANTS = {path.stem: path for path in sorted((ROOT / "studies").glob("*.yaml"))}
VARIANTS.pop("pilot")  # a study of its own (test_pilot.py)
BEYOND = {  # jobs that take a GPU, and those that make their data
    "one-sample": {"evaluate": 30},  # one seed of every cell
    "one-seed": {},
    "temperature-1": {"evaluate": 90},
    "rl-beta-0": {"train_grpo": 6, "evaluate": 6},  # two roots, three seeds
    "rl-rollouts-1": {"train_grpo": 6, "evaluate": 6},
    "rl-dr-grpo": {"train_grpo": 6, "evaluate": 6},
    "gkd": {"train_gkd": 6, "train_grpo": 6, "evaluate": 12},
    # From two untrained parents and two of each seed: every parent answers for itself.
    "dpo": {"sample_traces": 8, "make_pairs": 8, "train_dpo": 12, "evaluate": 12},
    # KD in full and with LoRA, alone and with RL behind it; the teacher is in Table 1 already
    "own-traces": {"sample_traces": 1, "train_sft": 12, "train_grpo": 12, "evaluate": 24},
}
TRAININGS = ("train_sft", "train_grpo", "train_gkd", "train_dpo")
RULES = (*TRAININGS, "evaluate", "sample_traces", "make_pairs", "fetch_model")


def test_every_variant_is_in_this_table_and_in_the_readme():
    assert VARIANTS.keys() == BEYOND.keys()
    readme = (ROOT / "README.md").read_text()
    assert [name for name in VARIANTS if f"studies/{name}.yaml" not in readme] == []


@pytest.mark.parametrize("name", BEYOND)
def test_a_variant_plans_this_beyond_the_main_study(name):
    config = config_of("paper")
    before = units(config)
    varied = copy.deepcopy(config)
    update_config(varied, yaml.safe_load(VARIANTS[name].read_text()))
    beyond = changed(before, units(varied))
    assert {rule: beyond[rule] for rule in RULES if rule in beyond} == BEYOND[name]


def test_a_variant_of_rl_changes_these_values_of_its_recipe_alone():
    changes = {
        "rl-beta-0": {"beta": 0.0},
        "rl-rollouts-1": {"temperature": 1.0},
        "rl-dr-grpo": {"loss_type": "dr_grpo", "scale_rewards": "none"},
    }
    for name, value in changes.items():
        stage = yaml.safe_load(VARIANTS[name].read_text())["stages"][name]
        of_study = config_of("paper")["stages"]["rl"]
        assert {**stage, "label": "", "override": {}} == {**of_study, "label": "", "override": {}}
        assert stage["override"] == value


@pytest.mark.parametrize("name", BEYOND)
def test_snakemake_plans_a_variant(name, tmp_path):
    jobs = planned(
        "--profile", "slurm", "--configfile", VARIANTS[name], "--", "all", folder=tmp_path
    )
    of_cells = {"one-sample": 10, "one-seed": 10, "temperature-1": 30, "own-traces": 30, "dpo": 30}
    assert jobs["train_grpo"] == of_cells.get(name, 36)
