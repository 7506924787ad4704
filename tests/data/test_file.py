"""A file of the user's own as a data set: every form of it, its values, its key."""

import copy
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from scripts import fetch_dataset
from scripts.lib.dag.jobs import job
from scripts.lib.data.schemas import load_rows
from scripts.lib.files import read_json, write_json
from scripts.lib.price.costs import Costs
from scripts.lib.study.cells import Study
from scripts.lib.study.validation import validated_study
from tests.dag.edits import config_of

ROWS = [{"q": "Q1?", "a": "007"}, {"q": "Q2?", "a": "2024-05-01"}]
COLUMNS = {"question": "q", "gold": "a"}
FORMS = {
    "my.jsonl": "".join(f"{json.dumps(row)}\n" for row in ROWS),
    "my.json": json.dumps(ROWS),
    "my.csv": "q,a\nQ1?,007\nQ2?,2024-05-01\n",
    "my.tsv": "q\ta\nQ1?\t007\nQ2?\t2024-05-01\n",
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in FORMS.items():
        (tmp_path / name).write_text(text)
    pd.DataFrame(ROWS).to_parquet("my.parquet")
    return tmp_path


def study_with(file, **more):
    config = copy.deepcopy(config_of("demo"))
    config["datasets"]["mine"] = {"file": str(file), "columns": COLUMNS} | more
    config["benchmarks"]["mine"] = {"label": "Mine", "dataset": "mine", "num_samples": 1}
    return validated_study(config, [])


def fetched(study: Study, folder, monkeypatch):
    """Run the job that reads the file; return its rows as problems."""
    write_json(folder / "config.json", study.config)
    flags = {
        "config": folder / "config.json",
        "key": job(study, "fetch_dataset", dataset="mine").key,
        "dataset": "mine",
        "downloads": folder / "downloads",
        "rows": folder / "raw.jsonl",
        "output": folder / "raw.json",
    }
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    monkeypatch.setattr(sys, "argv", ["fetch_dataset", *words])
    fetch_dataset.main()
    return load_rows(folder / "raw.jsonl", COLUMNS)


@pytest.mark.parametrize("name", [*FORMS, "my.parquet"])
def test_text_columns_of_every_form_stay_text(name, folder, monkeypatch):
    rows = fetched(study_with(name), folder, monkeypatch)
    assert [(row["question"], row["gold"]) for row in rows] == [
        ("Q1?", "007"),
        ("Q2?", "2024-05-01"),
    ]
    assert read_json(folder / "raw.json")["source"] == {"file": name}


@pytest.mark.parametrize("name", [*FORMS, "my.parquet"])
def test_plan_counts_its_rows_and_downloads_nothing(name):
    costs = Costs(study_with(name), 0.0, Path("no-results"), {})
    assert costs.rows("mine") == len(ROWS)
    assert costs.seconds(job(costs.study, "fetch_dataset", dataset="mine")) < 1


def test_its_content_is_its_key(folder):
    before = job(study_with("my.csv"), "fetch_dataset", dataset="mine").key
    (folder / "copy.csv").write_text(FORMS["my.csv"])
    assert job(study_with("copy.csv"), "fetch_dataset", dataset="mine").key == before
    (folder / "copy.tsv").write_text(FORMS["my.csv"])  # read otherwise
    assert job(study_with("copy.tsv"), "fetch_dataset", dataset="mine").key != before
    (folder / "my.csv").write_text(FORMS["my.csv"].replace("007", "008"))
    assert job(study_with("my.csv"), "fetch_dataset", dataset="mine").key != before


def test_it_needs_neither_hub_nor_mirror(folder, monkeypatch):
    study = study_with("my.csv")
    mirrored = Study(study.config | {"mirror": str(folder / "nowhere")})
    planned = job(mirrored, "fetch_dataset", dataset="mine")
    assert planned.key == job(study, "fetch_dataset", dataset="mine").key


def test_a_missing_file_is_named_with_its_key():
    with pytest.raises(SystemExit, match=r"datasets.mine.file: no.csv: no such file in /.*"):
        job(study_with("no.csv"), "load_problems", dataset="mine")


def test_a_file_that_is_trained_on_is_no_benchmark():
    config = study_with("my.csv").config
    config["datasets"]["other"] = {"file": "my.csv", "columns": COLUMNS}
    config["stages"]["rl"]["data"] = "other"
    config["stages"]["rl"]["override"] = {"global_batch_size": 16}
    config["evaluate"] = ["mine"]
    with pytest.raises(SystemExit, match=r"'mine', whose rows are those of 'other', is what stage"):
        validated_study(config, [])
