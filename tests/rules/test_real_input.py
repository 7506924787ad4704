"""The real GSM8K and the five real test sets go all the way through, with a toy model."""

import pyarrow.parquet
import pytest

from scripts.lib.files import read_json, read_jsonl
from tests.workflow import DEMO, ROOT, snakemake

STUDY = ROOT / "tests" / "studies" / "real_input.yaml"
ROWS = {"gsm8k": 1319, "math500": 500, "olympiadbench": 675, "minerva": 272, "amc23": 40}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(real_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real-input")
    run = snakemake(
        *("--cores", "2", "--configfile", DEMO, STUDY, "--", "all"),
        folder=folder,
        SRLM_MIRROR=str(real_data),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return folder / "results" / "real-input"


def test_every_row_of_gsm8k_is_kept_or_its_removal_explained(results):
    folder = results / "data" / "gsm8k"
    record = read_json(folder / "clean.json")
    removed = [removal for step in record["steps"] for removal in step["removed"]]
    assert [len(step["removed"]) for step in record["steps"]] == [0, 1, 4]
    assert record["rows_in"] == 7473 == record["rows_out"] + len(removed)
    assert all(removal["reason"] for removal in removed)
    examples = read_jsonl(folder / "examples.jsonl")
    assert len(examples) == record["rows_out"]
    assert not any("<<" in example["completion"][0]["content"] for example in examples)
    card = (folder / "card.md").read_text()
    assert all(f"| {removal['id']} |" in card for removal in removed)


def test_the_card_of_the_real_traces_names_those_that_are_too_long_to_train_on(results):
    folder = results / "data" / "gsm8k-distilled"
    assert read_json(folder / "examples.json")["rows_out"] == 14
    over = read_json(folder / "tokens" / "toy-base.json")["over_length"]["sft"]["rows"]
    assert 0 < len(over) < 14
    assert all(f"{row['id']} ({row['tokens']})" in (folder / "card.md").read_text() for row in over)
    training = read_json(results / "models" / "toy-base+sft+kd" / "seed-0" / "training.json")
    assert training["examples"]["over_length"] == len(over)
    assert training["examples"]["used"] == 14 - len(over)


def test_the_cell_was_trained_by_sft_and_then_by_rl(results):
    record = read_json(results / "models" / "toy-base+sft+kd+rl" / "seed-0" / "training.json")
    assert record["status"] == "ok"
    assert record["steps"] == 2
    assert record["parent"] == "toy-base+sft+kd"


@pytest.mark.parametrize("benchmark", ROWS)
def test_every_row_of_a_benchmark_is_evaluated_with_its_whole_prompt(results, benchmark):
    folder = results / "eval" / "toy-base+sft+kd+rl" / "seed-0"
    rows = pyarrow.parquet.read_table(folder / f"{benchmark}.parquet").to_pylist()
    assert len(rows) == ROWS[benchmark]
    assert all(row["question"] in row["prompt"] for row in rows)
    assert read_json(folder / f"{benchmark}.json")["problems"] == ROWS[benchmark]
