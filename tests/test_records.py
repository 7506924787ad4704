"""Records decide: what they vouch for, what is current, and what is refused."""

import json

import pytest

from scripts.lib.dag.code import engine_fingerprint
from scripts.lib.dag.jobs import Job
from scripts.lib.files import sha256_of, write_json
from scripts.lib.records import check_input, check_key, is_current


def rows_job(setting=1):
    outputs = {"rows": "data/rows.jsonl", "record": "data/rows.json"}
    return Job("load_problems", {}, {"setting": setting}, {}, outputs)


def reader(source, setting=1):
    outputs = {"scores": "scores.csv", "record": "scores.record.json"}
    return Job("collect_scores", {}, {"setting": setting}, {"cells": [source["rows"]]}, outputs)


def left_by(job, root, text="a", **facts):
    """Write the files of a job and its record as its script would."""
    files = [root / path for name, path in job.outputs.items() if name != "record"]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    inputs = {file.path: check_input(file, root) for file in job.input_files()}
    vouched = {file.name: sha256_of(file) for file in files}
    record = {"key": job.key, "files": vouched, "inputs": inputs}
    write_json(root / job.outputs["record"], record | facts)


@pytest.fixture
def made(tmp_path):
    source = rows_job()
    scores = reader(source)
    left_by(source, tmp_path)
    left_by(scores, tmp_path)
    return source, scores, tmp_path


def test_what_a_job_left_is_current(made):
    source, scores, root = made
    assert is_current(source, root)
    assert is_current(scores, root)


def test_nothing_is_not_current(tmp_path):
    assert not is_current(rows_job(), tmp_path)


def test_another_setting_makes_a_job_and_what_follows_stale(made):
    _, _, root = made
    other = rows_job(setting=2)
    assert not is_current(other, root)
    assert not is_current(reader(other), root)


def test_a_torn_record_is_not_current(made):
    source, _, root = made
    (root / "data/rows.json").write_text('{"key": ')
    assert not is_current(source, root)


def test_a_job_is_stale_whose_input_was_made_anew_with_another_content(made):
    source, scores, root = made
    left_by(source, root, text="b")
    assert is_current(source, root)
    assert not is_current(scores, root)


def test_an_input_made_anew_with_the_same_content_changes_nothing(made):
    source, scores, root = made
    left_by(source, root)
    assert is_current(scores, root)


def test_a_job_stays_current_when_its_input_is_gone(made):
    _, scores, root = made
    (root / "data/rows.json").unlink()
    (root / "data/rows.jsonl").unlink()
    assert is_current(scores, root)


def test_what_another_engine_code_generated_is_stale(made):
    source, _, root = made
    left_by(source, root, engines={"transformers": engine_fingerprint("transformers")})
    assert is_current(source, root)
    left_by(source, root, engines={"transformers": "older"}, note="")
    assert not is_current(source, root)


def test_a_file_changed_by_hand_is_named_with_the_record_that_vouches_for_it(made):
    source, _, root = made
    assert check_input(source["rows"], root) == sha256_of(root / "data/rows.jsonl")
    (root / "data/rows.jsonl").write_text("changed")
    with pytest.raises(SystemExit, match=r"rows\.jsonl: its sha256 is .*rows\.json vouches for"):
        check_input(source["rows"], root)


def test_a_missing_file_is_named(made):
    source, _, root = made
    (root / "data/rows.jsonl").unlink()
    with pytest.raises(SystemExit, match=r"rows\.jsonl: no such file"):
        check_input(source["rows"], root)


def test_a_record_of_another_plan_is_refused(made):
    source, _, root = made
    with pytest.raises(SystemExit, match=f"rows.json: it was made with key {source.key}"):
        check_input(rows_job(setting=2)["rows"], root)


def test_a_record_made_by_hand_is_refused(made):
    source, _, root = made
    record = json.loads((root / "data/rows.json").read_text()) | {"key": None}
    write_json(root / "data/rows.json", record)
    with pytest.raises(SystemExit, match="made by hand, without --key"):
        check_input(source["rows"], root)
    with pytest.raises(SystemExit, match="no such record is planned"):
        check_key("x.json", {"key": None}, None)


def test_a_file_beside_a_checkpoint_is_vouched_for_apart_from_it(tmp_path):
    outputs = {"record": "m/training.json", "rollouts": "m/rollouts.jsonl"}
    training = Job("train_grpo", {}, {}, {}, outputs, checkpoint=True)
    (tmp_path / "m").mkdir()
    sample = tmp_path / "m/rollouts.jsonl"
    sample.write_text("a")
    weights = {
        "files": {"model.safetensors": "0"},
        "sample_files": {sample.name: sha256_of(sample)},
    }
    write_json(tmp_path / "m/training.json", {"key": training.key} | weights)
    assert check_input(training["rollouts"], tmp_path) == sha256_of(sample)
    weights_alone = check_input(training["record"], tmp_path)
    sample.write_text("b")
    with pytest.raises(SystemExit, match="rollouts.jsonl: its sha256 is .* changed by hand"):
        check_input(training["rollouts"], tmp_path)
    assert check_input(training["record"], tmp_path) == weights_alone
