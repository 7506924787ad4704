"""The smoke test: what it takes of a study, what fails it, what `plan` makes of its speeds."""

import copy

import pytest
import yaml

from scripts import smoke
from scripts.lib.files import write_json
from scripts.lib.price.total import price_of
from scripts.lib.smoke import checks
from scripts.lib.smoke.checks import check_agreement
from scripts.lib.smoke.plan import smoke_inputs, smoke_model, smoke_stages, tokens_of_stage
from scripts.lib.study.cells import Study
from tests.workflow import ROOT

PAPER = Study(yaml.safe_load((ROOT / "config.yaml").read_text()))


def test_the_papers_study_is_tried_with_a_model_of_its_trainings_and_gsm8k():
    assert smoke_model(PAPER) == "qwen2.5-0.5b-instruct"
    assert smoke_stages(PAPER) == {"sft": "sft", "grpo": "rl"}
    inputs = smoke_inputs(PAPER, "results/paper")
    assert inputs["sft"] == inputs["rl"] == "results/paper/data/gsm8k/examples.jsonl"
    assert tokens_of_stage({"qwen2.5-0.5b+sft+rl": 20_480}, "rl") == 20_480


def test_completions_that_begin_otherwise_fail_it():
    alike = {"completions": [[1] * 8 + [n] for n in range(8)]}
    other = {"completions": [[1] * 8 + [0] for _ in range(8)]}
    facts = {"completions": 8, "begin alike": 8, "are the same": 1}
    assert check_agreement(alike, other) == facts
    wrong = {"completions": [[2] * 9] * 3 + other["completions"][3:]}
    with pytest.raises(SystemExit, match="5 of 8 greedy completions of vLLM begin as those"):
        check_agreement(alike, wrong)


def test_a_check_that_fails_is_told_and_the_others_run(monkeypatch):
    def alone(work, *arguments):
        if work.__name__ == "grpo":
            raise SystemExit("vLLM's log-probabilities differ")
        return {"step_seconds": 1.0}

    monkeypatch.setattr(smoke, "alone", alone)
    machine = smoke.Machine(PAPER, smoke_model(PAPER), *[None] * 3, "transformers", {}, None)
    found = smoke.run_checks(machine)
    assert {name: check["passed"] for name, check in found.items()} == {
        "speed of generation": True,
        "GRPO": False,
        "SFT, preempted and resumed": True,
        "memory of the longest sequences": True,
    }
    lines = "\n".join(smoke.lines_of(found, {"speeds": {"train_sft": 1.5}}))
    assert "FAILED  GRPO" in lines and "vLLM's log-probabilities differ" in lines
    assert "train_sft: 1.50 times what `plan` predicted" in lines


def test_the_plan_takes_the_speeds_of_the_planned_device_and_model_alone(tmp_path):
    study = Study(copy.deepcopy(PAPER.config))
    before = price_of(study, tmp_path)
    record = {"device": "NVIDIA H100 80GB HBM3", "speeds": {"train_grpo": 2.0}}
    record["model"] = smoke_model(study)
    write_json(tmp_path / "paper" / "smoke.json", record)
    after = price_of(study, tmp_path)
    rl = [job for job in before.dag if job.rule == "train_grpo"]
    assert after.total(rl) == pytest.approx(2 * before.total(rl))
    assert (before.tried, after.tried) == (False, True)
    for other in ({"device": "NVIDIA A100"}, {"model": "qwen2.5-7b-instruct"}):
        write_json(tmp_path / "paper" / "smoke.json", record | other)
        assert price_of(study, tmp_path).total(rl) == pytest.approx(before.total(rl))


def test_a_vllm_that_cannot_load_trained_weights_is_said_in_words(monkeypatch):
    def trained(*_):
        raise AttributeError("'Parameter' object has no attribute 'weight_loader'")

    monkeypatch.setattr(checks, "trained", trained)
    with pytest.raises(SystemExit, match="vLLM's CPU build cannot load synchronised weights"):
        checks.grpo(None, "rl")
