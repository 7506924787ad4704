"""`plan`: the same jobs as Snakemake's, times that follow the config, nothing run or written."""

import copy
import os
import re
import statistics
from collections import Counter

import pytest
import yaml
from snakemake.utils import update_config

from scripts.lib.dag.jobs import job as planned_job
from scripts.lib.dag.targets import targets
from scripts.lib.files import read_json, write_json
from scripts.lib.price.costs import PADDING, Costs
from scripts.lib.price.schedule import critical_path, wall_time
from scripts.lib.price.total import price_of
from scripts.lib.price.walk import cell_targets, dag_of
from scripts.lib.study.cells import Study
from scripts.lib.training.passes import TOKENS_PER_PASS
from scripts.plan import lines_of, part_lines, rule_lines
from tests.workflow import DEMO, ROOT, planned, snakemake

PAPER = yaml.safe_load((ROOT / "config.yaml").read_text())
MINE = """
tables: {table2: {sections: [{section: Mine, rows: [base+sft+kd-lora+rl, base+sft]}]}}
tabulate: [table2]
seeds: [7, 8]
evaluate: [amc23]
"""
CELL = "qwen2.5-0.5b+kd+rl"


def study_of(*overrides):
    config = copy.deepcopy(PAPER)
    for override in overrides:
        update_config(config, copy.deepcopy(override))
    return Study(config)


def counted(dag):
    return Counter(job.rule for job in dag)


def seconds(study, rule, never_stop=0.0, tokens_per_pass=None, **wildcards):
    costs = Costs(study, never_stop, ROOT / "no-results", tokens_per_pass or {})
    return costs.seconds(planned_job(study, rule, **wildcards))


@pytest.mark.parametrize("override", ["", MINE, DEMO.read_text()], ids=["paper", "mine", "demo"])
def test_the_jobs_are_those_that_snakemake_plans_from_nothing(override, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(override or "{}")
    jobs = planned("--configfile", file, "--", "all", folder=tmp_path)
    jobs.pop("all")
    study = study_of(yaml.safe_load(file.read_text()))
    assert counted(dag_of(study, targets(study)["all"])) == jobs


@pytest.mark.parametrize("cell", ["qwen2.5-0.5b", CELL])
def test_a_cells_jobs_are_those_that_snakemake_plans_for_it(cell, tmp_path):
    jobs = planned(f"results/paper/cells/{cell}/gsm8k.json", folder=tmp_path)
    study = study_of()
    assert counted(dag_of(study, cell_targets(study, cell))) == jobs


def test_time_follows_the_config():
    study, sft = study_of(), {"cell": "qwen2.5-0.5b+sft", "seed": 0}
    longer = study_of({"recipes": {"sft": {"num_train_epochs": 8}}})
    startup = PAPER["costs"]["devices"]["h100"]["seconds"]["train_sft"]
    once, twice = (seconds(s, "train_sft", **sft) - startup for s in (study, longer))
    assert twice == pytest.approx(2 * once, rel=0.01)
    quarter = {sft["cell"]: TOKENS_PER_PASS // 4}
    assert seconds(study, "train_sft", tokens_per_pass=quarter, **sft) - startup > 1.5 * once
    no_reference = study_of({"recipes": {"grpo": {"beta": 0.0}}})
    grpo = {"rule": "train_grpo", "cell": CELL, "seed": 0}
    assert seconds(no_reference, **grpo) < seconds(study, **grpo)


MEASURED = [
    (name, case["figures"])
    for path in sorted((ROOT / "benchmarks" / "results").glob("*-h100*.json"))
    for found in (read_json(path), read_json(path).get("repeats") or {})
    for name, case in found.get("cases", {}).items()
    if case["figures"] and name.startswith("sft")
]


@pytest.mark.parametrize(("name", "figures"), MEASURED, ids=[name for name, _ in MEASURED])
def test_the_model_is_near_what_an_h100_took(name, figures):
    """Each step of a case had `micro_steps` passes, of as many tokens with padding."""
    steps = len(figures["step_seconds"])
    padded = figures["tokens_with_padding"] / steps
    recipe = {"gradient_checkpointing": "checkpointing" in name}
    lengths = int(re.search(r"-(\d+)-b", name)[1])
    costs = Costs(study_of(), 0.0, ROOT / "no-results", {CELL: padded / figures["micro_steps"]})
    found = costs.update_seconds(CELL, recipe, padded / PADDING / lengths, lengths)
    assert found == pytest.approx(statistics.median(figures["step_seconds"]), rel=0.20)


def test_the_parts_of_a_plan_are_its_whole(tmp_path):
    price = price_of(study_of(), tmp_path)
    parts = {name: likely for name, likely, _, _ in price.parts()}
    assert sum(parts.values()) == pytest.approx(price.total(price.dag))
    assert {"RL updates", "RL rollouts", "evaluation", "tails of evaluation", "start-up"} <= set(
        parts
    )
    assert "evaluation" in "\n".join(part_lines(price))


def test_completions_that_never_stop_cost_most_in_evaluation():
    low, high = (seconds(study_of(), "evaluate", share, cell=CELL, seed=0) for share in (0.0, 0.3))
    assert high > 5 * low


def test_a_larger_model_costs_more_and_an_unknown_size_is_named():
    larger = study_of({"models": {"qwen2.5-0.5b": {"parameters": 7_000_000_000}}})
    evaluate = {"rule": "evaluate", "cell": "qwen2.5-0.5b", "seed": 0}
    assert seconds(larger, **evaluate) > seconds(study_of(), **evaluate)
    unknown = study_of()
    del unknown.config["models"]["qwen2.5-0.5b"]["parameters"]
    with pytest.raises(SystemExit, match=r"models\.qwen2\.5-0\.5b\.parameters: not given"):
        seconds(unknown, **evaluate)


def test_a_local_models_parameters_are_counted_in_its_weights(tmp_path):
    import safetensors.torch
    import torch

    shards = {"a": torch.zeros(3, 4), "b": torch.zeros(5)}
    for name, tensor in shards.items():
        safetensors.torch.save_file({name: tensor}, tmp_path / f"{name}.safetensors")
    index = {"weight_map": {name: f"{name}.safetensors" for name in shards}}
    write_json(tmp_path / "model.safetensors.index.json", index)
    study = study_of({"models": {"mine": {"label": "Mine", "path": os.fspath(tmp_path)}}})
    costs = Costs(study, 0.0, ROOT / "no-results")
    assert costs.parameters("mine") == 17
    study.config["models"]["mine"]["parameters"] = 18
    assert costs.parameters("mine") == 18


def test_the_papers_price_is_near_the_estimate_it_was_checked_against(tmp_path):
    """18 trainings x 3 seeds at about 170 H100-hours, 77 to 460 (a simple model, not measured)."""
    price = price_of(study_of({"sensitivity": {"prompts": []}}), tmp_path)
    low, likely, high = (
        price.total(price.dag, c) / 3600 for c in (price.low, price.likely, price.high)
    )
    assert 40 < low < likely < high < 600
    assert 77 < likely < 340
    prompts = price_of(study_of(), tmp_path)
    added = prompts.total(prompts.dag, prompts.likely) / 3600 - likely
    assert 10 < added < (likely + added) / 4  # else fewer samples under the other prompts


def test_the_wall_time_lies_between_its_bounds(tmp_path):
    price = price_of(study_of(), tmp_path)
    chain = sum(price.likely[job] for job in critical_path(price.dag, price.likely))
    work = sum(price.likely.values())
    for slots in (1, 8):
        wall = wall_time(price.dag, price.likely, slots)
        assert max(chain, work / slots) <= wall * (1 + 1e-9)
        assert wall <= work * (1 + 1e-9)
    assert wall_time(price.dag, price.likely, len(price.dag)) == pytest.approx(chain)


def training(study, results, seed, device, device_seconds):
    """Write the record of a finished training of `base+sft` as a run leaves it."""
    job = planned_job(study, "train_sft", cell="qwen2.5-0.5b+sft", seed=seed)
    record = {
        "key": job.key,
        "status": "ok",
        "config": job.settings,
        "device": device,
        "device_seconds": device_seconds,
    }
    folder = results / study.name / "models" / "qwen2.5-0.5b+sft" / f"seed-{seed}"
    write_json(folder / "training.json", record)


def sft_seconds(price):
    return {
        (job.wildcards["cell"], job.wildcards["seed"]): price.likely[job]
        for job in price.dag
        if job.rule == "train_sft"
    }


def test_a_measured_training_replaces_the_model_for_its_recipe(tmp_path):
    study = study_of()
    before = sft_seconds(price_of(study, tmp_path))
    training(study, tmp_path, 1, "NVIDIA H100 80GB HBM3", 7200.0)
    price = price_of(study_of(), tmp_path)
    after = sft_seconds(price)
    assert {after["qwen2.5-0.5b+sft", seed] for seed in (0, 1, 2)} == {7200.0}
    factor = 7200.0 / before["qwen2.5-0.5b+sft", 0]
    alike = "qwen2.5-0.5b-instruct+sft", 0
    assert after[alike] == pytest.approx(factor * before[alike])
    lora = "qwen2.5-0.5b+sft-lora", 0
    assert after[lora] == before[lora]
    text = "\n".join(lines_of(price, tmp_path / "paper", tmp_path / "logs"))
    assert "measured for 3 jobs" in text
    assert "Done: 1 of the 144 trainings and evaluations" in text


def test_records_of_another_device_or_recipe_do_not_count(tmp_path):
    study = study_of()
    before = sft_seconds(price_of(study, tmp_path))
    training(study, tmp_path, 0, "cpu", 7200.0)
    other = study_of({"recipes": {"sft": {"learning_rate": 1.0}}})
    training(other, tmp_path, 1, "NVIDIA H100 80GB HBM3", 7200.0)
    assert sft_seconds(price_of(study_of(), tmp_path)) == before


def test_records_of_another_study_count_where_the_config_names_it(tmp_path):
    small = study_of({"study": "small"})
    training(small, tmp_path, 0, "NVIDIA H100 80GB HBM3", 7200.0)
    study = study_of({"costs": {"measured": [os.fspath(tmp_path / "small")]}})
    assert sft_seconds(price_of(study, tmp_path))["qwen2.5-0.5b+sft", 2] == 7200.0


def test_logged_times_stand_beside_the_prediction(tmp_path):
    study = study_of()
    log = tmp_path / "train_sft" / "qwen2.5-0.5b+sft_seed-0.tsv"
    log.parent.mkdir()
    log.write_text("s\th:m:s\n10.0\t0:00:10\n")
    text = "\n".join(lines_of(price_of(study, tmp_path), tmp_path, tmp_path))
    assert "predicted / measured" in text


def test_plan_prints_and_leaves_a_running_studys_config_alone(tmp_path):
    run = snakemake("--cores", "1", "plan", folder=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    for expected in ("GPU-hours", "Prefix sharing", "Critical path", "Downloads", CELL):
        assert expected in run.stdout
    assert not (tmp_path / "results" / "paper" / "config.json").exists()
    assert snakemake("--cores", "1", "plan", folder=tmp_path).stdout == run.stdout  # asked again


def test_an_unknown_device_is_named_before_anything_runs(tmp_path):
    run = snakemake(
        "--cores", "1", "--config", "costs={device: h200}", "--", "plan", folder=tmp_path
    )
    assert run.returncode != 0
    assert "costs.device: unknown device 'h200'; did you mean 'h100'?" in run.stderr


def test_the_price_follows_the_profiles_tokens_per_pass(tmp_path):
    expression = "train_sft:tokens_per_pass=128 if wildcards.stage == 'kd' else 32768"
    asked = ["--cores", "1", "--set-resources", expression, "--", "plan"]
    run = snakemake(*asked, folder=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    kd = {f"{model}+kd": 128 for model in ("qwen2.5-0.5b", "qwen2.5-0.5b-instruct")}
    usual, asked_for = (rule_lines(price_of(study_of(), tmp_path, tokens)) for tokens in ({}, kd))
    assert set(asked_for) <= set(run.stdout.splitlines())
    assert usual != asked_for
