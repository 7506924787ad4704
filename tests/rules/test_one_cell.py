"""One table cell plans exactly what it needs: its prefixes, its data, its benchmarks."""

from collections import Counter

import pytest

from tests.workflow import planned_messages

BASE, INSTRUCT, OTHER = "qwen2.5-0.5b", "qwen2.5-0.5b-instruct", "deepseek-r1-distill-qwen-7b"
GSM8K_ALONE = ("--config", "evaluate=[gsm8k]")
TESTS = {"olympiadbench", "math500", "minerva", "amc23", "gsm8k-test"}
TRAINING_DATA = {"fetch_dataset": 6, "load_problems": 6, "clean_dataset": 1, "make_examples": 1}


def jobs_of(cell, folder, *arguments):
    """Return {rule: jobs} of a table cell's dry run, and {rule: what for}."""
    target = f"results/paper/cells/{cell}/gsm8k.json"
    jobs = [
        message.split() for message in planned_messages(*arguments, "--", target, folder=folder)
    ]
    names = {}
    for rule, name, *_ in jobs:
        names.setdefault(rule, set()).add(name)
    return Counter(rule for rule, *_ in jobs), names


def needed(**others):
    """Return the jobs that every table cell needs, three seeds of it, and others."""
    return {"fetch_model": 1, "evaluate": 3, "score_cell": 1} | others


def test_a_baseline_needs_its_model_and_the_benchmarks_alone(tmp_path):
    found, names = jobs_of(BASE, tmp_path)
    assert found == needed(fetch_dataset=5, load_problems=5)
    assert names["fetch_model"] == names["evaluate"] == {BASE}
    assert names["fetch_dataset"] == TESTS


@pytest.mark.parametrize(("stage", "trainer"), [("sft", "train_sft"), ("rl", "train_grpo")])
def test_a_single_stage_fetches_neither_the_other_model_nor_the_traces(stage, trainer, tmp_path):
    """Its training set is cleaned of every test set's questions, whatever is evaluated."""
    cell = f"{INSTRUCT}+{stage}"
    found, names = jobs_of(cell, tmp_path, *GSM8K_ALONE)
    assert found == needed(**{trainer: 3}, **TRAINING_DATA)
    assert names["fetch_model"] == {INSTRUCT}
    assert names["fetch_dataset"] == TESTS | {"gsm8k"}
    assert names[trainer] == names["evaluate"] == {cell}


def test_a_hybrid_trains_its_prefix_and_evaluates_itself_alone(tmp_path):
    cell = f"{INSTRUCT}+kd-lora+rl"
    found, names = jobs_of(cell, tmp_path, *GSM8K_ALONE)
    data = TRAINING_DATA | {"fetch_dataset": 7, "verify_traces": 1}
    assert found == needed(train_sft=3, train_grpo=3, **data)
    assert names["fetch_model"] == {INSTRUCT}
    assert names["fetch_dataset"] == TESTS | {"gsm8k", "gsm8k-distilled"}
    assert names["train_sft"] == {f"{INSTRUCT}+kd-lora"}
    assert names["train_grpo"] == names["evaluate"] == {cell}


def test_a_model_of_table_1_downloads_no_other_and_no_other_benchmark(tmp_path):
    found, names = jobs_of(OTHER, tmp_path, *GSM8K_ALONE)
    assert found == needed(fetch_dataset=1, load_problems=1)
    assert names["fetch_model"] == {OTHER}
    assert names["fetch_dataset"] == {"gsm8k-test"}
