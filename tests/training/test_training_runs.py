"""Whole trainings of a tiny model: one after the other, collapsed, shared."""

import json
import shutil
from pathlib import Path

import pytest

from scripts.lib.files import read_jsonl, write_json
from scripts.lib.model.weights import checkpoint_of
from tests.training_case import (
    GRPO,
    LORA,
    SFT,
    case,
    record_of,
    run_case,
    start,
    tiny_model,
    wait_for,
    work_of,
)

RECIPES = {"sft": ("train_sft", SFT), "grpo": ("train_grpo", GRPO)}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """The record of a tiny random model."""
    return tiny_model(tmp_path_factory.mktemp("tiny"))


class JoulePerReading:
    """A meter of a device that uses one joule between two readings."""

    def lap(self):
        return 1.0


@pytest.mark.slow
def test_a_training_records_the_energy_of_every_step_and_of_its_end(tiny, tmp_path, monkeypatch):
    path = case(tmp_path, tiny, *RECIPES["sft"])
    with monkeypatch.context() as patch:
        patch.setattr("scripts.lib.training.run.job_meter", JoulePerReading)
        run_case(path)
    record = record_of(path)
    assert record["joules"] == record["steps"] + 1
    files = record["files"]
    run_case(path)  # anew, on a device without a counter
    assert record_of(path)["joules"] is None
    assert record_of(path)["files"] == files


@pytest.mark.slow
def test_dr_grpo_is_a_recipe_and_learns_otherwise(tiny, tmp_path):
    """Rewards of two sizes, so that a group's spread and a completion's length matter."""

    def length_reward(completions, **_):
        return [len(turns[0]["content"]) / 10 for turns in completions]

    weights = []
    for name, loss in {"grpo": {}, "dr": {"loss_type": "dr_grpo", "scale_rewards": "none"}}.items():
        path = case(tmp_path / name, tiny, "train_grpo", GRPO | loss)
        run_case(path, length_reward)
        record = record_of(path)
        assert (record["status"], record["steps"]) == ("ok", GRPO["max_steps"])
        weights.append(record["files"]["model.safetensors"])
    assert weights[0] != weights[1]


@pytest.mark.slow
def test_the_trained_checkpoint_is_the_next_parent(tiny, tmp_path):
    """A LoRA stage, then full GRPO on its merged weights, in bfloat16 throughout."""
    parent = tiny_model(tmp_path / "model", dtype="bfloat16")
    run_case(case(tmp_path / "lora", parent, "train_sft", SFT | {"lora": LORA}))
    lora = tmp_path / "lora" / "out" / "training.json"
    run_case(case(tmp_path / "rl", lora, "train_grpo", GRPO))

    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    weights = [
        load_file(folder / "model.safetensors")
        for folder in map(checkpoint_of, (parent, lora, tmp_path / "rl" / "out" / "training.json"))
    ]
    assert {str(tensor.dtype) for one in weights for tensor in one.values()} == {"torch.bfloat16"}
    assert weights[0].keys() == weights[1].keys() == weights[2].keys()
    names = {path.name for path in (lora.parent / "checkpoint").iterdir()}
    assert names == {path.name for path in checkpoint_of(parent).iterdir()}
    model = AutoModelForCausalLM.from_pretrained(lora.parent / "checkpoint")
    assert model.generation_config.do_sample and len(model.generation_config.eos_token_id) == 2
    assert (lora.parent / "adapter" / "adapter_model.safetensors").exists()
    log = record_of(tmp_path / "rl" / "case.json")["log"]
    cut_off = [entry["completions/clipped_ratio"] for entry in log]
    assert len(cut_off) == 6 and min(cut_off) > 0.5  # a random model seldom stops in 12 tokens


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sft", "grpo"])
def test_a_training_that_blows_up_is_recorded_as_collapsed(kind, tiny, tmp_path):
    rule, recipe = RECIPES[kind]
    path = case(tmp_path, tiny, rule, recipe | {"learning_rate": 1.0e38})
    stale = tmp_path / "out" / "checkpoint"
    stale.mkdir(parents=True)
    run_case(path)
    record = record_of(path)
    assert (record["status"], record["files"]) == ("collapsed", {})
    assert record["reason"] and record["evidence"] and record["steps"] < 6
    assert not stale.exists()
    if kind == "grpo":  # what it sampled before that
        first = read_jsonl(tmp_path / "out" / "rollouts.jsonl")[0]
        assert (first["step"], first["rewards"].keys()) == (1, {"odd_length", "accuracy_reward"})


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sft", "grpo"])
def test_a_training_of_no_step_is_an_error_with_its_reason(kind, tiny, tmp_path, monkeypatch):
    rule, recipe = RECIPES[kind]
    if kind == "sft":  # whatever the cause
        monkeypatch.setattr("scripts.lib.training.run.run_trainer", lambda *_: ([], None))
        path, reason = case(tmp_path, tiny, rule, recipe), "0 steps, .* 24 examples"
    else:
        path = case(tmp_path, tiny, rule, recipe | {"global_batch_size": 100})
        reason = "24 problems are left, but a step takes 25"
    with pytest.raises(SystemExit, match=reason):
        run_case(path)
    assert not (tmp_path / "out" / "training.json").exists()


@pytest.mark.slow
def test_rollouts_inherit_nothing_from_the_hubs_generation_config(tiny, tmp_path):
    from transformers import TrainerCallback

    from scripts.lib.training.run import Inputs
    from scripts.train_grpo import build_trainer

    folder = Path(shutil.copytree(checkpoint_of(tiny), tmp_path / "model"))
    hub = {"do_sample": True, "repetition_penalty": 1.1, "top_k": 20, "top_p": 0.8, "min_p": 0.1}
    write_json(folder / "generation_config.json", hub)
    settings = json.loads(case(tmp_path, tiny, "train_grpo", GRPO).read_text())["settings"]
    rows = [json.loads(line) for line in (tmp_path / "examples.jsonl").read_text().splitlines()]
    watch = TrainerCallback()
    trainer, _ = build_trainer(Inputs(settings, folder, rows, tmp_path / "work", watch))
    asked = trainer.generation_config
    assert (asked.temperature, asked.top_p, asked.top_k) == (1.0, 1.0, 0)
    assert (asked.repetition_penalty, asked.min_p) == (1.0, None)
    assert asked.eos_token_id == trainer.eos_token_ids and len(asked.eos_token_id) == 2
    kept = trainer.model.generation_config
    assert (kept.top_k, kept.top_p, kept.repetition_penalty, kept.min_p) == (0, 1.0, 1.0, None)


@pytest.mark.slow
def test_the_second_of_two_writers_ends_at_once(tiny, tmp_path):
    path = case(tmp_path, tiny, "train_sft", SFT | {"max_steps": 100_000})
    first = start(path)
    try:
        wait_for(work_of(path) / "checkpoint-2" / "complete.json", first)
        second = start(path)
        _, errors = second.communicate(timeout=600)
        assert second.returncode == 1
        assert f"another process is training here (process {first.pid} on " in errors
        assert "Traceback" not in errors
        assert first.poll() is None
    finally:
        first.kill()
        first.wait()
