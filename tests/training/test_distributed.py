"""Trainings in two processes, started as scripts/launch.py starts them (DDP, on the CPU).

tests/engines/test_deepspeed.py has the same for ZeRO-2.
"""

import contextlib
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from scripts.lib.files import read_jsonl
from scripts.lib.training.launcher import ending
from scripts.lib.training.preemption import RESUME_ME
from scripts.lib.training.processes import STRATEGY, check_trainer
from scripts.lib.training.resume import check_resume
from tests.training_case import (
    COMPARABLE,
    SFT,
    case,
    examples,
    largest_differences,
    record_of,
    run_case,
    start_together,
    tiny_model,
    train_alone,
    wait_for,
    work_of,
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """The record of a tiny random model."""
    return tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def alone(tiny, tmp_path_factory) -> Path:
    """The case of a full SFT in one process."""
    return train_alone(case(tmp_path_factory.mktemp("alone"), tiny, "train_sft", SFT))


def ended(run, seconds: float = 240) -> tuple[int, str]:
    """Return the exit code and the stderr of a run, which has so many seconds."""
    _, errors = run.communicate(timeout=seconds)
    return run.returncode, errors


def kill(workers: list[psutil.Process]) -> None:
    """Leave nothing of a test that failed."""
    for worker in workers:
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.kill()


@pytest.mark.slow
@pytest.mark.parametrize("kind", COMPARABLE)
def test_two_processes_train_as_one_does(kind, tiny, tmp_path):
    recipe = COMPARABLE[kind]
    one = train_alone(case(tmp_path / "1", tiny, *recipe))
    two = case(tmp_path / "2", tiny, *recipe)
    code, errors = ended(start_together(two, "fixed_completions"))
    assert code == 0, errors
    records = [record_of(path) for path in (one, two)]
    assert [record["processes"] for record in records] == [1, 2]
    assert [record["distributed"] for record in records] == ["none", "ddp"]
    assert records[0]["tokens"] == records[1]["tokens"]
    assert records[0]["steps"] == 6 and records[0]["log"][0]["grad_norm"] > 0
    losses, weights = largest_differences(one, two)
    print(f"{kind}: losses differ by {losses:.1e}, weights by {weights:.1e}")
    # With 16 bits AdamW makes a step of what rounding leaves of a gradient that is nearly 0.
    assert losses < 1e-4 and weights < (2e-3 if kind == "sft-bf16" else 1e-4)
    if kind == "grpo":
        samples = [read_jsonl(path.parent / "out" / "rollouts.jsonl") for path in (one, two)]
        without = [[{**row, "advantage": 0} for row in rows] for rows in samples]
        assert without[0] == without[1]
        assert len(without[0]) == 6 * 4


@pytest.mark.slow
def test_the_last_step_of_an_epoch_counts_no_example_twice(tiny, tmp_path):
    """accelerate gives every process as many examples: of 21, two processes get 24."""
    recipe = {name: value for name, value in SFT.items() if name != "max_steps"}
    recipe |= {"num_train_epochs": 2}
    paths = [case(tmp_path / number, tiny, "train_sft", recipe) for number in ("1", "2")]
    for path in paths:
        examples(path.parent / "examples.jsonl", count=21)
    train_alone(paths[0])
    code, errors = ended(start_together(paths[1]))
    assert code == 0, errors
    assert [record_of(path)["steps"] for path in paths] == [12, 12]
    losses, weights = largest_differences(*paths)
    assert losses < 1e-4 and weights < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("told", ["the launcher, twice", "one of them"])
def test_two_processes_stop_at_one_step_and_leave_none_behind(told, tiny, tmp_path):
    path = case(tmp_path, tiny, "train_sft", SFT | {"max_steps": 200})
    run = start_together(path)
    wait_for(work_of(path) / "checkpoint-2" / "complete.json", run)
    workers = psutil.Process(run.pid).children(recursive=True)
    assert len(workers) == 2
    try:
        for pid in [run.pid] * 2 if "launcher" in told else [workers[1].pid]:
            os.kill(pid, signal.SIGTERM)
        code, errors = ended(run, seconds=60)
        left = [worker for worker in workers if worker.is_running()]
    finally:
        run.kill()
        kill(workers)
    assert not left
    assert code == RESUME_ME, errors
    assert errors.count("; resumes from step ") == 1
    assert "Traceback" not in errors and "Error" not in errors


@pytest.mark.slow
def test_another_number_of_processes_goes_on_where_the_last_stopped(tiny, alone, tmp_path):
    path = case(tmp_path, tiny, "train_sft", SFT, runtime=1.0)  # all of it margin: one step
    assert ended(start_together(path))[0] == RESUME_ME
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as end:
        run_case(path)
    signal.signal(signal.SIGTERM, before)
    assert end.value.code == RESUME_ME
    code, errors = ended(start_together(case(tmp_path, tiny, "train_sft", SFT)))
    assert code == 0, errors
    assert "6 steps, from step 2\n" in errors
    record = record_of(path)
    assert (record["starts"], record["processes"], record["distributed"]) == (3, 2, "ddp")
    assert max(largest_differences(alone, path)) < 1e-4


@pytest.mark.slow
def test_processes_are_not_left_behind_by_a_killed_launcher(tiny, tmp_path):
    path = case(tmp_path, tiny, "train_sft", SFT | {"max_steps": 100_000})
    run = start_together(path)
    wait_for(work_of(path) / "checkpoint-2" / "complete.json", run)
    workers = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    run.communicate()
    _, alive = psutil.wait_procs(workers, timeout=600)
    kill(alive)
    assert not alive


@pytest.mark.slow
def test_a_batch_that_cannot_be_divided_is_said_once(tiny, tmp_path):
    odd = SFT | {"global_batch_size": 5}
    code, errors = ended(start_together(case(tmp_path, tiny, "train_sft", odd)))
    assert code == 1
    message = "recipe: global_batch_size 5 cannot be shared equally by 2 processes"
    assert errors.startswith(message)
    assert len(errors.splitlines()) == 1


def failed(**codes: int) -> SimpleNamespace:
    """Return torchrun's error for processes that ended so, in their order."""
    failures = {
        rank: SimpleNamespace(exitcode=code, message="", error_file="<N/A>")
        for rank, code in enumerate(codes.values())
    }
    return SimpleNamespace(failures=failures, get_first_failure=lambda: (0, failures[0]))


def test_the_launcher_ends_as_its_processes_do():
    assert ending(failed(first=RESUME_ME, second=RESUME_ME)) == RESUME_ME
    assert ending(failed(first=-signal.SIGTERM, second=1)) == RESUME_ME
    assert ending(failed(first=2, second=-signal.SIGTERM)) == 2
    assert ending(failed(first=-signal.SIGKILL, second=RESUME_ME)) == 128 + signal.SIGKILL


def built(strategy: str = "MULTI_CPU", processes: int = 2, precision: str = "no"):
    """Return what check_trainer asks of a trainer with the recipe SFT."""
    state = SimpleNamespace(deepspeed_plugin=SimpleNamespace(zero_stage=2))
    accelerator = SimpleNamespace(
        distributed_type=strategy,
        num_processes=processes,
        mixed_precision=precision,
        state=state,
    )
    args = SimpleNamespace(
        bf16=False, fp16=False, per_device_train_batch_size=2, gradient_accumulation_steps=1
    )
    return SimpleNamespace(accelerator=accelerator, args=args)


@pytest.mark.parametrize(
    ("trainer", "deepspeed", "message"),
    [
        (built(), True, "distributed zero2, but would run with ddp"),
        (built("DEEPSPEED"), False, "distributed ddp, but would run with zero2"),
        (built(processes=1), False, "distributed ddp, but would run with none"),
        (built(processes=4), False, "processes 2, but would run with 4"),
        (built(precision="bf16"), False, "mixed precision no, but would run with bf16"),
    ],
)
def test_a_training_that_libraries_would_run_otherwise_is_refused(
    trainer, deepspeed, message, monkeypatch
):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv(STRATEGY, "zero2" if deepspeed else "ddp")
    with pytest.raises(SystemExit, match=message):
        check_trainer(trainer, 4)
    if not deepspeed:
        assert check_trainer(built(), 4) == "ddp"
        with pytest.raises(SystemExit, match="sequences per step 8, but would run with 4"):
            check_trainer(built(), 8)


def test_a_checkpoint_of_zero2_is_resumed_by_as_many_processes_alone(tmp_path):
    plain, parts = tmp_path / "checkpoint-1", tmp_path / "checkpoint-2"
    plain.mkdir()
    (parts / "global_step2").mkdir(parents=True)
    for rank in range(4):
        name = f"bf16_zero_pp_rank_{rank}_mp_rank_00_optim_states.pt"
        (parts / "global_step2" / name).touch()
    for strategy, processes in (("none", 1), ("ddp", 8)):
        check_resume(plain, strategy, processes)
        with pytest.raises(SystemExit, match="by ZeRO-2 on 4 GPUs, .* without ZeRO-2: give"):
            check_resume(parts, strategy, processes)
    check_resume(parts, "zero2", 4)
    with pytest.raises(SystemExit, match="by ZeRO-2 on 4 GPUs, .* by ZeRO-2 on 2 GPUs: give"):
        check_resume(parts, "zero2", 2)
    with pytest.raises(SystemExit, match="without ZeRO-2, .* by ZeRO-2 on 2 GPUs: give the"):
        check_resume(plain, "zero2", 2)
