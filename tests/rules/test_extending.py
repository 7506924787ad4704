"""docs/extending.md by its own blocks: each section's files are planned, and some really run."""

import re
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from scripts.lib.dag.targets import targets
from scripts.lib.files import read_json, read_jsonl
from scripts.lib.price.walk import dag_of
from scripts.lib.study.validation import validated_study
from tests.dag.edits import config_of
from tests.rules.conftest import MINI, begin_with
from tests.training_case import tiny_model
from tests.workflow import ROOT, snakemake

PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```\w+ ([\w.-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {name: dict(BLOCK.findall(text)) for name, text in SECTION.findall(PAGE)}

# A job that each section's study has and the demo has not: its rule, and what it is for.
NEW = {
    "Another hybrid": ("train_grpo", {"cell": "toy-base+sft+kd+rl"}),
    "Your own model": ("train_grpo", {"cell": "my-model+sft+rl"}),
    "A model from the hub": ("fetch_model", {"model": "my-model"}),
    "Your own benchmark": ("fetch_dataset", {"dataset": "my-set"}),
    "Your own data to train on": ("train_sft", {"cell": "toy-base+my-sft"}),
    "Your own stage": ("train_sft", {"cell": "toy-base+sft-slow"}),
    "Your own reward": ("train_grpo", {"cell": "toy-base+rl-short"}),
    "Another teacher": ("select_traces", {"dataset": "toy-gsm8k-distilled"}),
    "Another prompt": ("evaluate", {"cell": "toy-base+rl"}),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def planned(section):
    """Write a section's files into the working folder; return its study and the jobs of `all`."""
    for name, text in FILES[section].items():
        Path(name).write_text(text)
    config = config_of("demo")
    update_config(config, yaml.safe_load(FILES[section]["mine.yaml"]))
    study = validated_study(config, [Path("mine.yaml")])
    return study, dag_of(study, targets(study)["all"])


def test_every_section_with_files_is_tested():
    assert {section for section, files in FILES.items() if files} == NEW.keys()


@pytest.mark.parametrize("section", NEW)
def test_a_sections_files_are_a_study(section, folder):
    if section == "Your own model":
        tiny_model(folder)
        (folder / "checkpoint").rename("my-checkpoint")
    if section == "A model from the hub":
        with pytest.raises(SystemExit, match="python -m scripts.pin_revision my-model --config"):
            planned(section)
        FILES[section]["mine.yaml"] = FILES[section]["mine.yaml"].replace("null", "a" * 40)
    study, jobs = planned(section)
    rows = study.config["tables"]["mine"]["sections"][0]["rows"]
    assert {job.wildcards["cell"] for job in jobs if job.rule == "evaluate"} == {
        study.cell_of_row(row) for row in rows
    }
    rule, wanted = NEW[section]
    assert any(job.rule == rule and wanted.items() <= job.wildcards.items() for job in jobs)
    if section == "Another prompt":
        assert {"gsm8k", "training/gsm8k", "short/gsm8k"} <= set(study.tasks_of("toy-base+rl"))


ALL = """\
study: mine
evaluate: [mine]
tables: {mine: {sections: [{section: Mine, rows: [base+my-sft+rl-short]}]}}
stages: {rl-short: {data: my-train, override: {global_batch_size: 32}}}
"""


@pytest.mark.slow
def test_own_data_reward_and_benchmark_are_really_run(mini_study, folder):
    layers = []
    for section in ("Your own data to train on", "Your own reward", "Your own benchmark"):
        for name, text in FILES[section].items():
            layers += [f"{section}.yaml"] if name == "mine.yaml" else []
            Path(layers[-1] if name == "mine.yaml" else name).write_text(text)
    Path("all.yaml").write_text(ALL)
    begin_with(mini_study, folder, "tokenizers", "models/toy-base")
    (folder / "results" / "mini").rename(folder / "results" / "mine")
    cell = "toy-base+my-sft+rl-short"
    target = f"results/mine/cells/{cell}/mine.json"
    configs = [*MINI, *(folder / name for name in [*layers, "all.yaml"])]
    run = snakemake("--cores", "2", *configs, "--", target, folder=folder)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "build_model" not in run.stdout + run.stderr
    assert 0 <= read_json(folder / target)["accuracy"] <= 1

    trained = folder / "results" / "mine" / "models" / cell / "seed-0"
    record = read_json(trained / "training.json")
    assert (
        record["config"]["rewards"]["length"]["source"] == FILES["Your own reward"]["my_reward.py"]
    )
    for entry in record["log"]:
        assert -1 <= entry["rewards/length_reward"] < 0 <= entry["rewards/accuracy_reward"]
        paper = entry["rewards/format_reward"] + entry["rewards/accuracy_reward"]
        assert entry["reward"] == pytest.approx(paper + 0.2 * entry["rewards/length_reward"])
    names = {"format_reward", "accuracy_reward", "length_reward"}
    assert all(row["rewards"].keys() == names for row in read_jsonl(trained / "rollouts.jsonl"))
    (example, _) = read_jsonl(folder / "results" / "mine" / "data" / "my-train" / "examples.jsonl")
    assert "3 + 4 = 7" in example["completion"][0]["content"] and example["gold"] == "7"
