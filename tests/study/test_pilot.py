"""The pilot: the real models on one GPU in an evening, and the same jobs with toys."""

import copy
from collections import Counter

import yaml
from snakemake.utils import update_config

from scripts.lib.dag.targets import targets
from scripts.lib.price.walk import dag_of
from scripts.lib.study.cells import Study
from scripts.lib.study.validation import validated_study
from scripts.plan import price_of
from tests.dag.edits import config_of
from tests.workflow import DEMO, ROOT, planned

PILOT = ROOT / "studies" / "pilot.yaml"
TOYS = """
study: pilot-of-toys
evaluation: {max_model_length: 2048}
roles: {base: toy-base, instruct: toy-instruct}
tables:
  pilot:
    sections:
      - {section: Baselines, rows: [base, instruct, toy-teacher]}
      - {section: Training on Base Model, rows: [base+sft, base+kd, base+rl, base+sft+rl]}
      - section: Training on Instruct Model
        rows: [instruct+sft, instruct+kd, instruct+rl, instruct+sft+rl]
datasets:
  gsm8k-own-traces: {problems: toy-gsm8k, distill: {teacher: toy-teacher, prompt: training}}
"""


def pilot():
    config = copy.deepcopy(config_of("paper"))
    update_config(config, yaml.safe_load(PILOT.read_text()))
    return validated_study(config, [PILOT])


def test_it_costs_eight_hours_of_one_h100_at_most_even_if_all_goes_slowly(tmp_path):
    study = pilot()
    assert study.config["costs"]["device"] == "h100"
    price = price_of(study, tmp_path)
    assert price.total(price.dag, price.high) <= 8 * 3600


def test_it_holds_what_each_method_needs_on_both_roots():
    study = pilot()
    assert study.seeds() == [0]
    trained = {cell.split("+", 1)[1] for cell in study.cells() if "+" in cell}
    assert trained == {"sft", "kd", "rl", "sft+rl"}
    jobs = Counter(job.rule for job in dag_of(study, targets(study)["all"]))
    assert (jobs["train_sft"], jobs["train_grpo"], jobs["sample_traces"]) == (4, 4, 1)
    assert jobs["evaluate"] == len(study.cells()) == 11


def test_its_rl_is_a_share_of_the_studys_steps():
    whole, part = (
        study.config["recipes"]["grpo"] for study in (Study(config_of("paper")), pilot())
    )
    assert part.pop("max_steps") < 7473 / (whole["global_batch_size"] / whole["num_generations"])
    assert part == whole


def test_snakemake_plans_it_on_one_machine(tmp_path):
    jobs = planned("--profile", "workstation", "--configfile", PILOT, "--", "all", folder=tmp_path)
    assert (jobs["train_sft"], jobs["train_grpo"], jobs["sample_traces"]) == (4, 4, 1)


def test_with_toys_it_plans_the_same_trainings_and_evaluations(tmp_path):
    toys = tmp_path / "toys.yaml"
    toys.write_text(TOYS)
    jobs = planned("--configfile", DEMO, PILOT, toys, "--", "all", folder=tmp_path)
    assert (jobs["train_sft"], jobs["train_grpo"], jobs["sample_traces"]) == (4, 4, 1)
    assert jobs["build_model"] == 3
    assert "fetch_model" not in jobs
