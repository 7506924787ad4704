"""A mini study end to end: killed and resumed, it ends in the bytes of an undisturbed run."""

import csv
import os
import signal
import subprocess
import time

import pytest

from scripts.lib.files import read_json
from tests.workflow import DEMO, ENVIRONMENT, ROOT, command, planned, reproducible, snakemake

MINI = ["--configfile", DEMO, ROOT / "tests" / "mini.yaml"]
RUN = ["--cores", "2", "--rerun-triggers", "mtime", "params", "input", *MINI, "--", "all"]
CELLS = ["toy-base", "toy-base+sft", "toy-base+kd-lora+rl"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    run = snakemake(*RUN, folder=folder)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def test_every_table_cell_is_there_with_what_checks_rely_on(undisturbed):
    results = undisturbed / "results" / "mini"
    for cell in CELLS:
        for benchmark in ("amc23", "gsm8k"):
            record = read_json(results / "cells" / cell / f"{benchmark}.json")
            assert record["cell"] == cell
            assert record["benchmark"] == benchmark
            assert record["status"] == "ok"
            low, high = record["interval"]
            assert 0 <= low <= record["accuracy"] <= high <= 1
            assert record["seeds"] == [0]
    with (results / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["cell"], row["benchmark"]) for row in rows] == [
        (cell, benchmark) for cell in CELLS for benchmark in ("amc23", "gsm8k")
    ]


def test_a_training_record_says_where_its_model_comes_from(undisturbed):
    models = undisturbed / "results" / "mini" / "models"
    record = read_json(models / "toy-base+kd-lora+rl" / "seed-0" / "training.json")
    assert record["parent"] == "toy-base+kd-lora"
    assert record["stage"] == "rl"
    assert record["status"] == "ok"
    assert record["steps"] == 4
    parent = read_json(models / "toy-base+kd-lora" / "seed-0" / "training.json")
    assert parent["adapter_files"]
    for name in ("wall_seconds", "device_seconds", "peak_memory_bytes", "config", "versions"):
        assert record[name]


def test_a_second_run_has_nothing_to_do(undisturbed):
    assert planned(*RUN, folder=undisturbed) == {}


def test_another_test_size_repeats_evaluation_and_what_follows_alone(undisturbed, tmp_path):
    larger = tmp_path / "larger.yaml"
    larger.write_text("datasets: {toy-gsm8k-test: {generate: {rows: 50}}}\n")
    run = [*RUN[: RUN.index("--")], larger, "--", "all"]
    jobs = planned(*run, folder=undisturbed)
    assert jobs["evaluate"] == jobs["score_cell"] == 3
    assert not {"train_sft", "train_grpo", "build_model", "sample_traces"} & jobs.keys()


def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(undisturbed, tmp_path):
    with (tmp_path / "killed.log").open("w") as log:
        process = subprocess.Popen(
            command(*RUN, folder=tmp_path),
            cwd=ROOT,
            env=ENVIRONMENT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        training = tmp_path / "checkpoints" / "mini" / "train"
        while process.poll() is None and not list(training.glob("*/*/*/checkpoint-*")):
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL, (tmp_path / "killed.log").read_text()

    unlock = snakemake("--cores", "1", *MINI, "--unlock", folder=tmp_path)
    assert unlock.returncode == 0, unlock.stdout + unlock.stderr
    again = snakemake("--rerun-incomplete", *RUN, folder=tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert reproducible(tmp_path / "results" / "mini") == reproducible(
        undisturbed / "results" / "mini"
    )
