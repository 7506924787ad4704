"""Evaluations as logs of Inspect: its own reader finds in them what the parquet files say."""

import json
import os
import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from inspect_ai.log import list_eval_logs, read_eval_log, read_eval_log_sample
from inspect_ai.scorer import value_to_float

from scripts.export import chosen, export, inspect_writer
from scripts.lib.evaluation.finished import study_in
from scripts.lib.export import inspect_log
from scripts.lib.files import digest_files, read_json, write_json
from tests.evaluated_study import SETTINGS, add_evaluation, completion, make_study, verdict_rows
from tests.workflow import ROOT

HOSTILE = "\x1b[2J\x00</script><script>alert(1)</script>\u2028\U0001f600\r\n"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return a study with an evaluation under each prompt, one with odd ids, a collapsed one."""
    folder = make_study(tmp_path_factory.mktemp("small") / "results" / "small")
    rows = [
        completion("test/algebra/1.json", 0, True, strict_correct=False, strict_status="no_answer"),
        completion("test/algebra/1.json", 1, False, lighteval_correct=None),
        completion("../b", 0, False, status="no_answer", extracted=None, completion=HOSTILE),
        completion("../b", 1, True, finish_reason="length", tokens=24),
        *verdict_rows({"c": [True, True], "d": [False, False]}),
    ]
    add_evaluation(folder, "toy", 0, rows)
    add_evaluation(folder, "toy", 0, verdict_rows({"a": [True, False]}), "training/gsm8k")
    add_evaluation(folder, "toy+rl", 1, verdict_rows({"a": [True, False]}))
    add_evaluation(folder, "toy+sft", 0, [])
    return folder


def exported(folder, output, **names):
    study = study_in(folder)
    flags = {"cells": [], "benchmarks": [], "prompts": [], "seeds": []} | names
    return export(study, chosen(folder, study, **flags), inspect_writer(output))


@pytest.fixture(scope="module")
def logs(study, tmp_path_factory):
    output = tmp_path_factory.mktemp("logs")
    lines = exported(study, output)
    assert lines == ["evaluations written: 4", "left out, not evaluated yet: 20"]
    return output


def test_one_log_per_cell_seed_prompt_and_benchmark(logs):
    assert sorted(digest_files(logs)) == [
        "toy+rl/seed-1/gsm8k.eval",
        "toy+sft/seed-0/gsm8k.eval",
        "toy/seed-0/gsm8k.eval",
        "toy/seed-0/training/gsm8k.eval",
    ]
    assert len(list_eval_logs(str(logs))) == 4


def test_inspect_reads_the_completions_with_their_verdicts(study, logs):
    log = read_eval_log(str(logs / "toy/seed-0/gsm8k.eval"))
    rows = pq.read_table(study / "eval/toy/seed-0/gsm8k.parquet").to_pylist()
    found = {(sample.id, sample.epoch): sample for sample in log.samples}
    assert len(found) == len(rows) == 8
    for row in rows:
        sample = found[row["problem"], row["sample"] + 1]
        assert (sample.input, sample.target) == (row["question"], row["gold"])
        assert [message.text for message in sample.messages] == [row["prompt"], row["completion"]]
        assert sample.output.completion == row["completion"]
        stop = {"stop": "stop", "length": "max_tokens"}[row["finish_reason"]]
        assert sample.output.stop_reason == stop
        assert sample.output.usage.output_tokens == row["tokens"]
        read = value_to_float()
        verdicts = [bool(read(score.value)) for score in sample.scores.values()]
        columns = ("correct", "strict_correct", "lighteval_correct")
        assert verdicts == [row[column] is True for column in columns]
        assert sample.scores["grader"].answer == row["extracted"]
        assert sample.scores["grader"].metadata == {"status": row["status"]}
    assert found["test/algebra/1.json", 2].scores["lighteval"].value == "N"
    assert found["../b", 1].output.completion == HOSTILE
    one = read_eval_log_sample(str(logs / "toy/seed-0/gsm8k.eval"), "../b", 2)
    assert one.output.stop_reason == "max_tokens"


def test_the_means_of_the_log_are_those_of_the_record(study, logs):
    log = read_eval_log(str(logs / "toy/seed-0/gsm8k.eval"), header_only=True)
    record = read_json(study / "eval/toy/seed-0/gsm8k.json")
    means = {score.name: score.metrics["accuracy"].value for score in log.results.scores}
    assert means == {
        "grader": record["accuracy"],
        "grader_strict": record["strict_accuracy"],
        "lighteval": record["lighteval_accuracy"],
    }
    assert means == {"grader": 0.5, "grader_strict": 0.375, "lighteval": 0.5}
    assert log.results.scores[0].reducer == "mean"


def test_the_log_says_how_it_was_generated_and_what_it_is(logs):
    spec = read_eval_log(str(logs / "toy+rl/seed-1/gsm8k.eval"), header_only=True).eval
    assert (spec.task, spec.model, spec.dataset.name) == ("gsm8k", "small/toy+rl", "gsm8k-test")
    assert spec.dataset.location == "openai/gsm8k"
    assert spec.config.epochs == 2
    drawn = spec.model_generate_config
    assert (drawn.temperature, drawn.top_p, drawn.top_k, drawn.seed) == (0.6, 0.95, 20, 1)
    assert drawn.max_tokens == 24
    assert spec.task_args["prompt"] == SETTINGS["prompt"]
    assert spec.model_args["weights"] == "w" * 64
    assert spec.model_args["engine"] == "transformers"
    assert spec.packages["lighteval"] == "0.13.0"
    assert spec.revision.commit == "c" * 40
    facts = spec.metadata
    assert facts["key"] == "key of toy+rl 1 gsm8k"
    assert (facts["cell"], facts["stages"], facts["seed"]) == ("toy+rl", ["rl"], 1)
    assert (facts["base_model"], facts["prompt"]) == ("org/toy", "boxed")
    untrained = read_eval_log(str(logs / "toy/seed-0/training/gsm8k.eval"), header_only=True).eval
    assert (untrained.model, untrained.metadata["prompt"]) == ("org/toy", "training")


def test_a_collapsed_training_is_a_log_with_the_reason(logs):
    log = read_eval_log(str(logs / "toy+sft/seed-0/gsm8k.eval"))
    assert (log.status, log.samples or []) == ("error", [])
    assert log.error.message == "collapsed: loss is not a number"


def test_no_host_is_in_a_log(logs):
    for path in logs.rglob("*.eval"):
        assert "a-host" not in read_eval_log(str(path)).model_dump_json()


def test_two_exports_are_the_same_bytes(study, logs, tmp_path, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 2e9)
    exported(study, tmp_path / "again")
    assert digest_files(tmp_path / "again") == digest_files(logs)


def test_the_time_is_that_of_the_record_or_what_the_environment_says(study, tmp_path, monkeypatch):
    run = study / "eval/toy/seed-0/gsm8k.run.json"
    names = {"cells": ["base"], "prompts": ["boxed"]}

    def created():
        exported(study, tmp_path, **names)
        spec = read_eval_log(str(tmp_path / "toy/seed-0/gsm8k.eval"), header_only=True).eval
        return str(spec.created)

    before = run.stat()
    os.utime(run, (86_400, 86_400))
    assert created().startswith("1970-01-02T00:00:00")
    os.utime(run, (before.st_atime, before.st_mtime))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "172800")
    assert created().startswith("1970-01-03T00:00:00")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    with pytest.raises(SystemExit, match="SOURCE_DATE_EPOCH=today: must be a number of seconds"):
        created()


def test_the_time_of_a_copied_study_is_when_the_evaluation_finished(study, tmp_path):
    copied = shutil.copytree(study, tmp_path / "copied")
    run = copied / "eval/toy/seed-0/gsm8k.run.json"
    write_json(run, read_json(run) | {"finished": "2024-02-29T23:30:00+00:00"})
    exported(copied, tmp_path / "logs", cells=["base"], prompts=["boxed"])
    log = read_eval_log(str(tmp_path / "logs/toy/seed-0/gsm8k.eval"), header_only=True)
    assert str(log.eval.created).startswith("2024-02-29T23:30:00")


def test_a_part_of_the_study_can_be_chosen(study, tmp_path):
    assert exported(study, tmp_path, cells=["base+rl"], benchmarks=["gsm8k"], seeds=[1]) == [
        "evaluations written: 1",
        "left out, not evaluated yet: 1",
    ]
    assert list(digest_files(tmp_path)) == ["toy+rl/seed-1/gsm8k.eval"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"cells": ["toy+ri"]}, "no cell 'toy+ri' in this study; did you mean 'toy+rl'?"),
        ({"benchmarks": ["gsm9k"]}, "no benchmark 'gsm9k' in this study; did you mean 'gsm8k'?"),
        ({"prompts": ["boxd"]}, "no prompt 'boxd' in this study; did you mean 'boxed'?"),
        ({"seeds": [4]}, "no seed '4' in this study; known: 0, 1"),
    ],
)
def test_a_name_that_is_not_there_is_named(study, tmp_path, names, message):
    with pytest.raises(SystemExit) as error:
        exported(study, tmp_path, **names)
    assert message in str(error.value)


def test_completions_changed_by_hand_and_numbers_that_are_not_theirs_are_refused(tmp_path):
    folder = make_study(tmp_path / "small")
    record = add_evaluation(folder, "toy", 0, verdict_rows({"a": [True, False]}))
    details = record.with_suffix(".parquet")
    whole = details.read_bytes()
    details.write_bytes(whole + b" ")
    with pytest.raises(SystemExit, match="gsm8k.parquet: not the file that .* describes"):
        exported(folder, tmp_path / "logs")
    details.write_bytes(whole)
    record.write_text(json.dumps(read_json(record) | {"accuracy": 0.75}))
    with pytest.raises(SystemExit, match=r"gsm8k.json: accuracy is 0.75, but the mean .* is 0.5"):
        exported(folder, tmp_path / "logs")


def test_a_log_that_reads_back_differently_is_not_published(study, tmp_path, monkeypatch):
    def forgetful(path):
        log = read_eval_log(path)
        log.samples = log.samples[1:]
        return log

    monkeypatch.setattr(inspect_log, "read_eval_log", forgetful)
    with pytest.raises(ValueError, match="Inspect reads another log of gsm8k than it wrote"):
        exported(study, tmp_path, cells=["toy+rl"])
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.slow
def test_the_command_and_inspects_own_commands(study, tmp_path):
    def call(*arguments):
        return subprocess.run(
            [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True
        )

    flags = ["--format", "inspect", "--output", tmp_path, "--cell", "base", "--prompt", "boxed"]
    done = call("scripts.export", study, *flags)
    assert "evaluations written: 1" in done.stdout, done.stderr
    listed = call("inspect_ai", "log", "list", "--json", "--log-dir", tmp_path)
    assert [log["task"] for log in json.loads(listed.stdout)] == ["gsm8k"], listed.stderr
    dumped = call("inspect_ai", "log", "dump", tmp_path / "toy/seed-0/gsm8k.eval")
    assert len(json.loads(dumped.stdout)["samples"]) == 8
    refused = call("scripts.export", study, *flags, "--seed", "1")
    assert refused.returncode == 1
    assert refused.stderr.strip().endswith("nothing of this is evaluated yet")
    refused = call("scripts.export", study, "--format", "every-eval-ever", "--output", tmp_path)
    assert "needs --organization" in refused.stderr
