"""Trainings in two processes that share out the optimizer by DeepSpeed's ZeRO-2, on the CPU."""

from pathlib import Path

import pytest

from scripts.lib.training.preemption import RESUME_ME
from tests.training_case import (
    COMPARABLE,
    SFT,
    case,
    largest_differences,
    record_of,
    run_case,
    start_together,
    tiny_model,
    train_alone,
)

pytestmark = [pytest.mark.slow, pytest.mark.engines]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """The record of a tiny random model."""
    return tiny_model(tmp_path_factory.mktemp("tiny"))


def ended(path: Path, **environment: str) -> tuple[int, str]:
    """Return the exit code and the stderr of a training in two processes."""
    run = start_together(path, "fixed_completions", strategy="zero2", **environment)
    _, errors = run.communicate(timeout=400)
    return run.returncode, errors


@pytest.mark.parametrize("kind", COMPARABLE)
def test_zero2_trains_as_one_process_does(kind, tiny, tmp_path):
    recipe = COMPARABLE[kind]
    one = train_alone(case(tmp_path / "1", tiny, *recipe))
    two = case(tmp_path / "2", tiny, *recipe)
    code, errors = ended(two)
    assert code == 0, errors
    records = [record_of(path) for path in (one, two)]
    assert [record["distributed"] for record in records] == ["none", "zero2"]
    assert [record["processes"] for record in records] == [1, 2]
    assert records[0]["tokens"] == records[1]["tokens"]
    losses, weights = largest_differences(one, two)
    print(f"{kind}: losses differ by {losses:.1e}, weights by {weights:.1e}")
    # Under bf16 DeepSpeed sends the gradients in bf16; with weights cast to it, as it would do by
    # itself, these were 1e-3 and 3.5e-3.
    assert losses < 1e-4 and weights < (3e-3 if "bf16" in kind else 1e-4)


def test_zero2_resumes_on_as_many_processes_and_on_no_others(tiny, tmp_path):
    path = case(tmp_path / "ended", tiny, "train_sft", SFT, runtime=1.0)  # all of it margin
    code, errors = ended(path)
    assert code == RESUME_ME, errors
    assert errors.count("the job's time is nearly over; resumes from step 1\n") == 1
    message = "was saved by ZeRO-2 on 2 GPUs, but the training was started without ZeRO-2: give"
    with pytest.raises(SystemExit, match=message):
        run_case(path)
    code, errors = ended(case(tmp_path / "ended", tiny, "train_sft", SFT))
    assert code == 0, errors
    whole = train_alone(case(tmp_path / "whole", tiny, "train_sft", SFT))
    assert max(largest_differences(whole, path)) < 1e-4


def test_plain_ddp_in_place_of_zero2_ends_the_training(tiny, tmp_path):
    """accelerate turns DeepSpeed off without a word where this variable asks for the CPU."""
    code, errors = ended(case(tmp_path, tiny, "train_sft", SFT), ACCELERATE_USE_CPU="true")
    assert code == 1
    assert "started with distributed zero2, but would run with ddp: " in errors
    assert "Traceback" not in errors
