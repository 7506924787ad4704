"""GRPO with rollouts by a real vLLM in the trainer's own process."""

import json
import signal
from pathlib import Path

import pytest

from scripts.lib.engines.start import EngineSettings
from scripts.lib.files import read_jsonl
from scripts.lib.model.weights import checkpoint_of
from scripts.lib.training.preemption import RESUME_ME
from scripts.lib.training.run import Inputs
from scripts.train_grpo import build_trainer
from tests.engines.vllm_on_cpu import weights_that_can_change
from tests.training_case import GKD, GRPO, LORA, case, odd_length, run_case, tiny_model

pytestmark = [pytest.mark.slow, pytest.mark.engines]

# A rate at which ten steps change what a random model samples.
RECIPE = GRPO | {"max_steps": 10, "learning_rate": 1.0e-2}
VLLM = {"colocated_gpu_memory_utilization": 0.3}
DIFFERENCE = "sampling/sampling_logp_difference"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("tiny"), heads=1)


@pytest.fixture(scope="module", autouse=True)
def engine():
    with weights_that_can_change():
        yield


def trained(folder, parent, recipe=RECIPE, **options):
    path = case(folder, parent, "train_grpo", recipe, vllm=VLLM, **options)
    run_case(path)
    return json.loads((path.parent / "out" / "training.json").read_text())


@pytest.mark.parametrize("lora", [{}, {"lora": LORA | {"lora_dropout": 0.0}}], ids=["full", "lora"])
def test_vllm_samples_from_the_weights_that_were_just_trained(lora, tiny, tmp_path):
    record = trained(tmp_path, tiny, RECIPE | lora)
    assert (record["steps"], record["engine"]) == (10, "vllm")
    assert max(step[DIFFERENCE] for step in record["log"]) < 0.01


def test_vllm_samples_for_on_policy_distillation(tiny, tmp_path):
    """The student comes nearer to its teacher at what vLLM writes."""
    teacher = tiny_model(tmp_path / "teacher", heads=1, seed=1)
    recipe = GKD | {"max_steps": 10, "learning_rate": 1.0e-2}
    path = case(tmp_path, tiny, "train_gkd", recipe, vllm=VLLM, teacher=teacher)
    run_case(path)
    record = json.loads((path.parent / "out" / "training.json").read_text())
    assert (record["steps"], record["engine"]) == (10, "vllm")
    losses = [entry["loss"] for entry in record["log"]]
    assert sum(losses[-3:]) < 0.7 * sum(losses[:3])
    assert all(entry["completions/mean_length"] > 1 for entry in record["log"])


def test_without_synchronisation_the_run_ends_at_once_with_the_cure(tiny, tmp_path, monkeypatch):
    from trl.generation.vllm_generation import VLLMGeneration

    monkeypatch.setattr(VLLMGeneration, "sync_weights", lambda self: None)
    monkeypatch.setattr("scripts.lib.training.rollouts.LARGEST_DIFFERENCE", 0.01)  # in ten steps
    with pytest.raises(SystemExit, match=r"more than 0.01: its weights were not synchronised"):
        trained(tmp_path, tiny)
    assert not (tmp_path / "out" / "training.json").exists()


def stopped_at(step):
    """Return the reward function of a training that gets a SIGTERM in a step."""
    calls = []

    def reward(prompts, completions, **columns):
        calls.append(len(completions))
        if len(calls) == step:
            signal.raise_signal(signal.SIGTERM)
        return odd_length(prompts, completions, **columns)

    return reward


def test_a_preempted_training_resumes_to_the_same_bytes(tiny, tmp_path):
    whole = trained(tmp_path / "whole", tiny)
    path = case(tmp_path / "preempted", tiny, "train_grpo", RECIPE, vllm=VLLM)
    with pytest.raises(SystemExit) as end:
        run_case(path, stopped_at(5))
    assert end.value.code == RESUME_ME
    run_case(path)
    resumed = json.loads((path.parent / "out" / "training.json").read_text())
    assert (resumed["starts"], resumed["steps"]) == (2, 10)
    assert resumed["files"] == whole["files"]


def test_the_engine_changes_nothing_that_the_algorithm_sees(tiny, tmp_path):
    from transformers import TrainerCallback

    settings = json.loads(case(tmp_path, tiny, "train_grpo", RECIPE).read_text())["settings"]
    rows = read_jsonl(tmp_path / "examples.jsonl")
    made = {}
    for engine in ("transformers", "vllm"):
        watch = TrainerCallback()
        named = EngineSettings(engine, VLLM)
        inputs = Inputs(settings, checkpoint_of(tiny), rows, tmp_path / "work", watch, engine=named)
        trainer, _ = build_trainer(inputs)
        made[engine] = trainer.args.to_dict() | {"stops": trainer.eos_token_ids}
        if engine == "vllm":
            assert (
                trainer.vllm_generation.generation_kwargs["stop_token_ids"] == made[engine]["stops"]
            )
    differing = {name for name in made["vllm"] if made["vllm"][name] != made["transformers"][name]}
    assert differing == {"use_vllm", "vllm_max_model_length", "generation_kwargs"}
