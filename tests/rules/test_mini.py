"""A mini study end to end: killed and resumed, it ends in the bytes of an undisturbed run."""

import csv
import os
import re
import shlex
import signal
import subprocess
import time
from collections import Counter

import pytest

from scripts.lib.files import digest_files, read_json, read_jsonl
from scripts.lib.frames import read_frame
from tests.rules.conftest import CONSOLE, MINI, RUN, begin_with
from tests.workflow import ENVIRONMENT, ROOT, command, planned, reproducible, snakemake

CELLS = ["toy-base", "toy-base+sft", "toy-base+kd-lora+rl"]

pytestmark = pytest.mark.slow


def test_every_table_cell_is_there_with_what_checks_rely_on(mini_study):
    results = mini_study / "results" / "mini"
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


def test_the_costs_have_a_row_for_every_training_evaluation_and_sampling(mini_study):
    frame = read_frame(mini_study / "results" / "mini" / "costs.csv")
    assert frame["rule"].value_counts().to_dict() == {
        "train_sft": 2,
        "train_grpo": 1,
        "evaluate": 3,
        "sample_traces": 1,
    }
    assert (frame["wall_seconds"] > 0).all()
    assert (frame["peak_memory_bytes"] > 10**8).all()
    assert frame["joules"].isna().all()  # a CPU has no counter
    sampled = frame["rule"].isin(["train_grpo", "evaluate", "sample_traces"])
    assert ((frame["tokens_generated"] > 0) == sampled).all()


def test_the_console_has_a_line_per_job_and_the_summary(mini_study):
    text = (mini_study / CONSOLE).read_text()
    run, _, summary = text.partition(" jobs done in ")
    done = re.findall(r"^\d\d:\d\d:\d\d +\d+% .+ done  (\S+)", run, re.MULTILINE)
    assert f"{len(done)} jobs, about " in run
    assert Counter(done)["train_grpo"] == 1
    assert Counter(done)["evaluate"] == 3
    assert "100%" in re.findall(r"^\d\d:\d\d:\d\d .*", run, re.MULTILINE)[-1]
    assert len(run.splitlines()) < 2 * len(done) + 10
    for noise in ("Select jobs", "Finished jobid", "Job stats", "Traceback", "Warning"):
        assert noise not in text
    for expected in ("Toy+SFT", "under one prompt, boxed", "models and data", "scores.csv"):
        assert expected in summary


def test_everything_stays_in_snakemakes_log(mini_study):
    (log,) = (mini_study / ".snakemake" / "log").glob("*.log")
    text = log.read_text()
    for kept in ("Job stats:", "Finished jobid", "steps (100%) done"):
        assert kept in text


def test_a_jobs_log_has_its_reports(mini_study):
    log = mini_study / "logs" / "mini" / "train_sft" / "toy-base+sft_seed-0.log"
    assert re.search(r"^\[\d\d:\d\d:\d\d\] train_sft .*step 6/6", log.read_text(), re.MULTILINE)


def test_a_training_record_says_where_its_model_comes_from(mini_study):
    models = mini_study / "results" / "mini" / "models"
    record = read_json(models / "toy-base+kd-lora+rl" / "seed-0" / "training.json")
    assert record["parent"] == "toy-base+kd-lora"
    assert record["stage"] == "rl"
    assert record["status"] == "ok"
    assert record["steps"] == 4
    parent = read_json(models / "toy-base+kd-lora" / "seed-0" / "training.json")
    assert parent["adapter_files"]
    for name in ("wall_seconds", "device_seconds", "peak_memory_bytes", "config", "versions"):
        assert record[name]


def test_grpo_leaves_a_sample_of_its_rollouts(mini_study):
    folder = mini_study / "results" / "mini" / "models" / "toy-base+kd-lora+rl" / "seed-0"
    rows = read_jsonl(folder / "rollouts.jsonl")
    assert [row["step"] for row in rows] == [step for step in (1, 2, 3, 4) for _ in range(4)]
    for row in rows:
        assert row["prompt"] and row["completion"]
        assert row["rewards"].keys() == {"format_reward", "accuracy_reward"}


def test_a_second_run_has_nothing_to_do(mini_study):
    assert planned(*RUN, folder=mini_study) == {}


def test_another_test_size_repeats_evaluation_and_what_follows_alone(mini_study, tmp_path):
    larger = tmp_path / "larger.yaml"
    larger.write_text("datasets: {toy-gsm8k-test: {generate: {rows: 50}}}\n")
    run = [*RUN[: RUN.index("--")], larger, "--", "all"]
    jobs = planned(*run, folder=mini_study)
    assert jobs["evaluate"] == jobs["score_cell"] == 3
    assert not {"train_sft", "train_grpo", "build_model", "sample_traces"} & jobs.keys()


def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(mini_study, tmp_path):
    """Of one trained cell, from its models and data on."""
    begin_with(mini_study, tmp_path, "tokenizers", "models/toy-base", "data")
    run = [*RUN[: RUN.index("--")], "--", "results/mini/cells/toy-base+sft/gsm8k.json"]
    with (tmp_path / "killed.log").open("w") as log:
        process = subprocess.Popen(
            command(*run, folder=tmp_path),
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
    again = snakemake("--rerun-incomplete", *run, folder=tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    found = reproducible(tmp_path / "results" / "mini")
    whole = reproducible(mini_study / "results" / "mini")
    assert "models/toy-base+sft/seed-0/checkpoint/model.safetensors" in found
    assert found == {name: whole.get(name) for name in found}


def test_a_training_on_too_small_a_disk_ends_with_the_cure(mini_study, tmp_path):
    """checkpoints/ is a file system of 1 MB that this one Snakemake sees."""
    begin_with(mini_study, tmp_path, "tokenizers", "models/toy-base", "data")
    (tmp_path / "checkpoints").mkdir()
    own = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    mount = f"mount -t tmpfs -o size=1m none {tmp_path}/checkpoints"
    if subprocess.run([*own, "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("this machine permits no file system of the test's own")
    target = "results/mini/models/toy-base+sft/seed-0/training.json"
    run = [*RUN[: RUN.index("--")], "--show-failed-logs", "--", target]
    line = shlex.join(map(str, command(*run, folder=tmp_path)))
    run = subprocess.run(
        [*own, "sh", "-c", f"{mount} && exec {line}"],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    output = run.stdout + run.stderr
    assert run.returncode == 1
    assert re.search(r"0\.001 GB are free, but its checkpoints may take 0\.0\d+ GB: make", output)
    assert "Traceback" not in output


# ----------------------------------------------------------- what is current, by the records alone


RATE = "recipes: {grpo: {learning_rate: 1.0e-4}}\n"
AFTER_RATE = {"train_grpo": 1, "evaluate": 1, "score_cell": 1, "collect_scores": 1}
AFTER_RATE |= {"compare_parents": 1, "draw_conclusions": 1, "check_claims": 1}
AFTER_RATE |= {"make_table": 1, "plot_scores": 1, "plot_gains": 1, "plot_curves": 1, "all": 1}
AFTER_RATE |= {"collect_costs": 1, "make_cost_table": 1, "plot_costs": 1}
AFTER_RATE |= {"compare_reported": 1, "plot_reported": 1, "make_answer_table": 1}
AFTER_RATE |= {"make_report": 1}


def with_config(text, folder):
    """Return the arguments of a run with one more config file."""
    (folder / "more.yaml").write_text(text)
    return [*RUN[: RUN.index("--")], folder / "more.yaml"]


@pytest.fixture
def copied(mini_study, tmp_path):
    """Return a copy of the finished study as an archive would hold it: no .snakemake, new times."""
    begin_with(mini_study, tmp_path, "")
    return tmp_path


def test_a_copy_without_snakemakes_memory_is_current(copied):
    assert planned(*RUN, folder=copied) == {}


@pytest.mark.parametrize("memory", [True, False])
def test_a_changed_rate_plans_exactly_what_follows_it(memory, mini_study, copied):
    folder = mini_study if memory else copied
    files = digest_files(folder / "results")
    assert planned(*with_config(RATE, copied), "--", "all", folder=folder) == AFTER_RATE
    assert digest_files(folder / "results") == files  # a dry run writes nothing


def test_touching_makes_nothing_current(copied):
    stale = with_config(RATE, copied)
    run = snakemake(*stale, "--touch", "--", "all", folder=copied)
    assert run.returncode == 0, run.stderr
    assert planned(*stale, "--", "all", folder=copied) == AFTER_RATE
    assert planned(*RUN, folder=copied) == {}


def test_one_stale_cell_plans_that_cell_alone(copied):
    target = "results/mini/cells/toy-base+kd-lora+rl/gsm8k.json"
    jobs = planned(*with_config(RATE, copied), "--", target, folder=copied)
    assert jobs == {"train_grpo": 1, "evaluate": 1, "score_cell": 1}
    other = "results/mini/cells/toy-base+sft/gsm8k.json"
    assert planned(*with_config(RATE, copied), "--", other, folder=copied) == {}


def test_a_forced_rule_makes_what_follows_run_too(copied):
    options = RUN[: RUN.index("--")]
    jobs = planned(*options, "--forcerun", "score_cell", "--", "all", folder=copied)
    follow = {"collect_scores": 1, "make_table": 1, "plot_scores": 1, "plot_curves": 1, "all": 1}
    follow |= {"check_claims": 1, "make_answer_table": 1, "make_cost_table": 1, "plot_costs": 1}
    follow |= {"make_report": 1}
    assert jobs == {"score_cell": 3} | follow


def test_one_more_benchmark_leaves_the_others_records(copied):
    more = with_config(
        "evaluate: [amc23, gsm8k, minerva]\n"
        "benchmarks: {minerva: {dataset: toy-amc23, num_samples: 1}}\n",
        copied,
    )
    jobs = planned(*more, "--", "results/mini/cells/toy-base/minerva.json", folder=copied)
    assert jobs == {"evaluate": 1, "score_cell": 1}
    assert planned(*more, "--", "results/mini/cells/toy-base/gsm8k.json", folder=copied) == {}


@pytest.mark.parametrize(
    ("changed", "stale", "reader"),
    [
        ("eval/toy-base/seed-0/gsm8k.parquet", "cells/toy-base/gsm8k.record.json", "score_cell"),
        ("cells/toy-base/gsm8k.json", "scores.record.json", "collect_scores"),
        ("data/toy-gsm8k/clean.jsonl", "data/toy-gsm8k/examples.json", "make_examples"),
    ],
)
def test_a_file_changed_by_hand_ends_the_job_that_reads_it(changed, stale, reader, copied):
    results = copied / "results" / "mini"
    with (results / changed).open("ab") as file:
        file.write(b"\n")
    (results / stale).unlink()
    target = {"score_cell": "cells/toy-base/gsm8k.json", "collect_scores": "scores.csv"}
    target = target.get(reader, "data/toy-gsm8k/examples.jsonl")
    run = snakemake(
        *RUN[: RUN.index("--")], "--show-failed-logs", "--", f"results/mini/{target}", folder=copied
    )
    assert run.returncode != 0
    output = run.stdout + run.stderr
    assert f"why   results/mini/{changed}: its sha256 is" in output
    assert re.search(rf"FAIL  {reader}.*\n +why .*\n +log   logs/mini/{reader}", output)
    assert "1 job failed" in output
    assert "Then type again:\n  snakemake --snakefile" in output
    for noise in ("Traceback", "Error in rule", "Logfile", "RuleException"):
        assert noise not in output
