"""The real GSM8K and the five real test sets go all the way through, with a toy model."""

import pyarrow.parquet
import pytest

from scripts.lib.records import read_json, read_jsonl
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
    card = read_json(results / "data" / "gsm8k" / "clean.json")
    assert card["rows_in"] == 7473
    assert card["rows_out"] == 7473 - len(card["removals"])
    assert card["removals"]
    assert all(removal["reason"] for removal in card["removals"])
    examples = read_jsonl(results / "data" / "gsm8k" / "examples.jsonl")
    assert len(examples) == card["rows_out"]
    assert not any("<<" in example["completion"][0]["content"] for example in examples)


def test_the_cell_was_trained_by_sft_and_then_by_rl(results):
    record = read_json(results / "models" / "toy-base+sft+rl" / "seed-0" / "training.json")
    assert record["status"] == "ok"
    assert record["steps"] == 2
    assert record["parent"] == "toy-base+sft"


@pytest.mark.parametrize("benchmark", ROWS)
def test_every_row_of_a_benchmark_is_evaluated_with_its_whole_prompt(results, benchmark):
    folder = results / "eval" / "toy-base+sft+rl" / "seed-0"
    rows = pyarrow.parquet.read_table(folder / f"{benchmark}.parquet").to_pylist()
    assert len(rows) == ROWS[benchmark]
    assert all(row["question"] in row["prompt"] for row in rows)
    assert read_json(folder / f"{benchmark}.json")["problems"] == ROWS[benchmark]
