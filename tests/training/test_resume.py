"""Trainings that are ended before their time go on to the bytes of the undisturbed one."""

import json
import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest

from scripts.lib.files import digest_files, sha256_of
from scripts.lib.training.preemption import MARGIN_SECONDS, RESUME_ME, Preemption
from scripts.lib.training.resume import mark_complete
from tests.training_case import (
    DPO,
    GKD,
    GRPO,
    LORA,
    SFT,
    TOKEN_ROWS,
    TOKENS_PER_PASS,
    case,
    record_of,
    run_case,
    start,
    tiny_model,
    wait_for,
    work_of,
)

LONG = {"max_steps": 40, "save_steps": 10}
RECIPES = {
    "sft": ("train_sft", SFT | LONG),
    "lora": ("train_sft", SFT | LONG | {"lora": LORA}),
    "lora-tokens": ("train_sft", SFT | LONG | {"lora": LORA | TOKEN_ROWS}),
    "grpo": ("train_grpo", GRPO | LONG),
    "gkd": ("train_gkd", GKD | LONG),
    "dpo": ("train_dpo", DPO | LONG),
}
TRAINERS = ["sft", "lora", "grpo"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """The record of a tiny random model."""
    return tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def made(tiny, tmp_path_factory):
    """Return a function (folder, kind) that writes down a training; GKD's has a teacher."""
    teacher = tiny_model(tmp_path_factory.mktemp("teacher"), seed=1)

    def written(folder, kind, **options):
        learns = {"teacher": teacher} if kind == "gkd" else {}
        return case(folder, tiny, *RECIPES[kind], **learns, **options)

    return written


@pytest.fixture(scope="module")
def undisturbed(made, tmp_path_factory):
    """Return the record of a recipe's undisturbed training, which runs once."""
    records = {}

    def record(kind):
        if kind not in records:
            path = made(tmp_path_factory.mktemp(kind), kind)
            run_case(path)
            records[kind] = record_of(path)
        return records[kind]

    return record


def check_same(path: Path, whole: dict) -> None:
    """Check that a training which was resumed once left what the undisturbed one did."""
    resumed = record_of(path)
    assert resumed["starts"] == 2
    assert resumed["files"] == whole["files"] == digest_files(path.parent / "out" / "checkpoint")
    assert resumed["adapter_files"] == whole["adapter_files"]
    samples = list((path.parent / "out").glob("rollouts.jsonl"))
    assert {file.name: sha256_of(file) for file in samples} == whole["sample_files"]
    assert resumed["sample_files"] == whole["sample_files"]
    without_times = [
        [{**entry, "step_time": 0} for entry in record["log"]] for record in (whole, resumed)
    ]
    assert without_times[0] == without_times[1]
    assert (resumed["steps"], resumed["tokens"]) == (whole["steps"], whole["tokens"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", RECIPES)
def test_a_killed_training_ends_in_the_same_bytes(kind, made, tiny, undisturbed, tmp_path):
    rule, recipe = RECIPES[kind]
    whole = undisturbed(kind)
    path = made(tmp_path, kind)
    work = work_of(path)
    run = start(path)
    wait_for(work / "checkpoint-20" / "complete.json", run)  # in the second epoch or later
    run.send_signal(signal.SIGKILL)
    run.wait()
    out = path.parent / "out"
    assert not out.exists()
    torn = work / "checkpoint-39"
    torn.mkdir()
    (torn / "trainer_state.json").write_text("{")
    other = path.parent / "checkpoints" / ("b" * 64)
    other.mkdir()
    run_case(path)

    check_same(path, whole)
    assert bool(whole["adapter_files"]) == ("lora" in recipe)
    assert bool(whole["sample_files"]) == (rule == "train_grpo")
    assert rule != "train_grpo" or len({entry["reward"] for entry in whole["log"]}) > 1
    start_of = json.loads(tiny.read_text())["files"]
    assert whole["files"]["model.safetensors"] != start_of["model.safetensors"]
    left = {path.name for path in (path.parent / "checkpoints").iterdir()}
    assert left == {"lock", other.name}  # another recipe's, which somebody may go on with
    for file in sorted(out.rglob("*.json")):
        assert str(tmp_path) not in file.read_text() or file.name == "training.json"


def sigterm_after(file: Path) -> None:
    """Send this process SIGTERM as soon as a file is there."""

    def wait() -> None:
        while not file.exists():
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def saved_steps(path: Path) -> list[int]:
    return sorted(int(one.name.split("-")[1]) for one in work_of(path).glob("checkpoint-*"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRAINERS)
def test_a_preempted_training_ends_in_the_same_bytes(
    kind, made, undisturbed, tmp_path, monkeypatch, capfd
):
    whole = undisturbed(kind)
    path = made(tmp_path, kind)
    sigterm_after(work_of(path) / "checkpoint-10" / "complete.json")

    def and_again_while_it_saves(checkpoint):
        if checkpoint.name not in ("checkpoint-10", "checkpoint-20"):
            os.kill(os.getpid(), signal.SIGTERM)
        mark_complete(checkpoint)

    with monkeypatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr("scripts.lib.training.watch.mark_complete", and_again_while_it_saves)
        run_case(path)
    assert end.value.code == RESUME_ME
    last = saved_steps(path)[-1]
    assert 10 < last < 40
    assert f"stopped by SIGTERM; resumes from step {last}\n" in capfd.readouterr().err
    run_case(path)
    check_same(path, whole)


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRAINERS)
def test_a_training_whose_time_is_over_ends_in_the_same_bytes(
    kind, tiny, undisturbed, tmp_path, capfd
):
    whole = undisturbed(kind)
    path = case(tmp_path, tiny, *RECIPES[kind], runtime=1.0)  # all of it margin
    with pytest.raises(SystemExit) as end:
        run_case(path)
    assert end.value.code == RESUME_ME
    assert saved_steps(path) == [1]
    assert "the job's time is nearly over; resumes from step 1\n" in capfd.readouterr().err
    run_case(case(tmp_path, tiny, *RECIPES[kind]))
    check_same(path, whole)


@pytest.mark.slow
def test_grpo_stops_only_where_it_generates_anew(tiny, tmp_path):
    """Two updates on the same completions, which no checkpoint keeps."""
    twice = GRPO | {"num_iterations": 2}
    run_case(case(tmp_path / "whole", tiny, "train_grpo", twice))
    path = case(tmp_path / "ended", tiny, "train_grpo", twice, runtime=1.0)
    with pytest.raises(SystemExit):
        run_case(path)
    assert saved_steps(path) == [2]
    run_case(case(tmp_path / "ended", tiny, "train_grpo", twice))
    check_same(path, record_of(tmp_path / "whole" / "case.json"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", RECIPES)
def test_a_run_killed_after_its_last_step_trains_no_further(
    kind, made, undisturbed, tmp_path, monkeypatch
):
    path = made(tmp_path, kind)
    with monkeypatch.context() as patch:
        patch.setattr("scripts.lib.training.run.publish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_case(path)
    run_case(path)
    check_same(path, undisturbed(kind))


@pytest.mark.slow
def test_other_save_steps_go_on_from_the_old_checkpoint_to_the_same_bytes(
    tiny, undisturbed, tmp_path
):
    """They stand in no key, so that a training is found again after they were changed."""
    rule, recipe = RECIPES["sft"]
    run = start(case(tmp_path, tiny, rule, recipe))
    path = tmp_path / "case.json"
    wait_for(work_of(path) / "checkpoint-10" / "complete.json", run)
    run.kill()
    run.wait()
    first = saved_steps(path)[-1]
    with pytest.raises(SystemExit):
        run_case(case(tmp_path, tiny, rule, recipe | {"save_steps": 3}, runtime=1.0))
    assert saved_steps(path) == [first, first + 1]  # it went on, for one step
    saved = []

    def and_note(checkpoint):
        saved.append(int(checkpoint.name.split("-")[1]))
        mark_complete(checkpoint)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scripts.lib.training.watch.mark_complete", and_note)
        run_case(case(tmp_path, tiny, rule, recipe | {"save_steps": 3}))
    record = record_of(path)
    assert saved == [*(s for s in range(first + 2, 40) if s % 3 == 0), 40]
    assert record["files"] == undisturbed("sft")["files"]
    assert record["starts"] == 3


def passes_of(record: dict) -> tuple[int, int, int]:
    return record["starts"], record["tokens_per_pass"], record["log"][0]["passes"]


@pytest.mark.slow
def test_other_tokens_per_pass_start_anew_and_leave_the_unfinished_work(tiny, tmp_path):
    rule, recipe = "train_sft", SFT
    with pytest.raises(SystemExit):
        run_case(case(tmp_path, tiny, rule, recipe, runtime=1.0))
    before = work_of(tmp_path / "case.json")
    path = case(tmp_path, tiny, rule, recipe, tokens_per_pass=1_000)
    run_case(path)
    assert passes_of(record_of(path)) == (1, 1_000, 1)
    assert (before / "checkpoint-1" / "complete.json").exists()
    run_case(case(tmp_path, tiny, rule, recipe))
    assert passes_of(record_of(path)) == (2, TOKENS_PER_PASS, 2)


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def wait_until_it_minds_sigterm(pid: int) -> None:
    """Wait until a program has a handler of its own for SIGTERM."""
    while True:
        status = Path(f"/proc/{pid}/status").read_text()
        caught = int(re.search(r"^SigCgt:\s*(\w+)", status, re.M)[1], 16)
        if caught >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.001)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_sigterm_while_a_training_loads_loses_nothing(seconds, tiny, tmp_path):
    path = case(tmp_path, tiny, *RECIPES["sft"])
    run = start(path)
    wait_until_it_minds_sigterm(run.pid)
    time.sleep(seconds)
    run.send_signal(signal.SIGTERM)
    _, errors = run.communicate(timeout=600)
    assert run.returncode == RESUME_ME == 75
    assert "stopped by SIGTERM; resumes from where it was\n" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "out").exists()


def test_the_margin_covers_the_next_steps_and_saving(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_END_TIME", raising=False)
    started = time.monotonic()
    assert not Preemption("x", 0, started).time_is_up(1, 1e9)
    job = Preemption("x", 10, started)  # 600 s
    assert not job.time_is_up(steps=1, seconds=299)
    assert job.time_is_up(steps=1, seconds=301)
    assert job.time_is_up(steps=2, seconds=201)
    late = Preemption("x", 10, started - 600 + MARGIN_SECONDS + 5)
    assert not late.time_is_up(steps=1, seconds=0.1)
    late.saving = 10
    assert late.time_is_up(steps=1, seconds=0.1)


def test_the_end_that_slurm_tells_counts_if_it_is_earlier(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time.time()) + 100))
    for runtime in (0, 10):
        job = Preemption("x", runtime, time.monotonic())
        assert 95 < job.end - time.monotonic() <= 100
    assert Preemption("x", 1, time.monotonic()).end - time.monotonic() <= 60
