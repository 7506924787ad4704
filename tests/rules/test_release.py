"""The release of the mini study: models that load, cards that the hub's library reads, data."""

import re
import shutil
import subprocess
import sys
from contextlib import chdir

import pyarrow.parquet as pq
import pytest
import yaml
from huggingface_hub import DatasetCard, ModelCard

from scripts.lib.files import digest_files, read_json, write_json
from scripts.push import checked_record
from tests.rules.conftest import MINI, begin_with
from tests.workflow import ENVIRONMENT, ROOT, planned, snakemake

CELLS = ["toy-base+sft", "toy-base+kd-lora+rl"]
RELEASE = ["--cores", "2", "--rerun-triggers", "mtime", *MINI, "--", "release"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study(mini_study, tmp_path_factory):
    """Return the folder of a copy of the mini study with its release."""
    folder = tmp_path_factory.mktemp("released")
    begin_with(mini_study, folder, "")
    run = snakemake(*RELEASE, folder=folder)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.fixture(scope="module")
def results(study):
    return study / "results" / "mini"


@pytest.fixture(scope="module")
def release(results):
    return results / "release"


def test_every_trained_cell_is_there_and_nothing_else(release):
    folders = {path.name for path in release.iterdir() if path.is_dir()}
    assert folders == {*CELLS, "results-dataset"}
    records = [checked_record(release / name) for name in (*CELLS, "results-dataset")]
    assert [of["kind"] for of in records] == ["model", "model", "dataset"]
    assert [of["unknown_licences"] for of in records] == [[], [], []]


def test_the_weights_are_those_of_the_training(results, release):
    for cell in CELLS:
        record = read_json(results / "models" / cell / "seed-0" / "training.json")
        found = digest_files(release / cell)
        assert {name: found[name] for name in record["files"]} == record["files"]


@pytest.mark.parametrize("cell", CELLS)
def test_the_line_of_the_card_loads_the_model_which_writes(cell, release):
    card = ModelCard.load(release / cell / "README.md")
    (code,) = re.findall(r"```python\n(.*?)```", card.text, re.DOTALL)
    assert code.count("from_pretrained") == 2
    loaded = {}
    with chdir(release / cell):
        exec(code, loaded)
    tokenizer, model = loaded["tokenizer"], loaded["model"]
    turns = [{"role": "user", "content": "What is 2 + 2?"}]
    asked = tokenizer.apply_chat_template(
        turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    written = model.generate(**asked, max_new_tokens=8)
    assert written.shape[1] > asked["input_ids"].shape[1]


@pytest.mark.parametrize("cell", CELLS)
def test_the_numbers_of_the_card_are_those_of_the_table_cells(cell, results, release):
    card = ModelCard.load(release / cell / "README.md")
    for benchmark, name in (("gsm8k", "toy-gsm8k-test"), ("amc23", "toy-amc23")):
        record = read_json(results / "cells" / cell / f"{benchmark}.json")
        shares = ("accuracy", "strict_accuracy", "lighteval_accuracy")
        values = [of.metric_value for of in card.data.eval_results if of.dataset_type == name]
        assert values == [pytest.approx(100 * record[share], abs=0.005) for share in shares]
        low, high = record["interval"]
        assert f"{100 * record['accuracy']:.1f} [{100 * low:.1f}, {100 * high:.1f}]" in card.text
    assert "not measured" in card.text  # a CPU has no counter of energy
    recipe = read_json(results / "models" / cell / "seed-0" / "training.json")["config"]["recipe"]
    assert f"| `learning_rate` | `{recipe['learning_rate']}` |" in card.text


def test_a_card_has_every_stage_and_its_settings_file_too(release):
    text = (release / CELLS[1] / "README.md").read_text()
    assert "### KD (LoRA): `toy-base+kd-lora`" in text
    assert "### RL: `toy-base+kd-lora+rl`" in text
    assert "| `toy-gsm8k-distilled` | `verify_traces` | keep_right |" in text
    settings = yaml.safe_load((release / CELLS[1] / "resolved-config.yaml").read_text())
    assert [of["stage"] for of in settings["stages"]] == ["kd-lora", "rl"]
    curve = (release / CELLS[1] / "learning-curve.csv").read_text().splitlines()
    assert len(curve) == 1 + 6 + 4


def test_nothing_of_a_release_names_the_machine(results, release):
    host = read_json(results / "models" / CELLS[0] / "seed-0" / "training.json")["host"]
    files = [path for cell in CELLS for path in (release / cell).rglob("*") if path.is_file()]
    texts = [path.read_text() for path in files if path.suffix in (".md", ".yaml", ".csv")]
    assert len(texts) == 6
    assert not [text for text in texts if re.search(rf"\b{re.escape(host)}\b|/tmp/|/root", text)]


def test_the_data_set_has_every_completion_and_its_card_says_how_many(results, release):
    folder = release / "results-dataset"
    count = 0
    for path in folder.glob("completions/*/*.parquet"):
        rows = pq.read_table(path).to_pylist()
        count += len(rows)
        source = results / "eval" / path.stem / "seed-0" / f"{path.parent.name}.parquet"
        added = {"cell": path.stem, "seed": 0, "prompt_name": "boxed"}
        assert rows == [added | row for row in pq.read_table(source).to_pylist()]
    assert count == 210
    card = DatasetCard.load(folder / "README.md")
    assert "210 completions of 3 models" in card.text
    assert (folder / "scores.csv").read_bytes() == (results / "scores.csv").read_bytes()
    assert (folder / "tables" / "table2.md").is_file()
    for config in card.data.configs:
        assert list(folder.glob(config["data_files"]))


def test_the_line_of_the_data_card_loads_the_completions(release, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    card = DatasetCard.load(release / "results-dataset" / "README.md")
    (code,) = re.findall(r"```python\n(.*?)```", card.text, re.DOTALL)
    loaded = {}
    with chdir(release / "results-dataset"):
        exec(code, loaded)
    assert len(loaded["completions"]) == 90
    assert {"correct", "prompt_name"} <= set(loaded["completions"].column_names)


def test_croissants_own_library_reads_every_record(release):
    croissant = pytest.importorskip("mlcroissant")
    folder = release / "results-dataset"
    dataset = croissant.Dataset(jsonld=str(folder / "croissant.json"))
    assert not dataset.metadata.issues.errors
    counts = {
        of.id: len(list(dataset.records(record_set=of.id))) for of in dataset.metadata.record_sets
    }
    assert (counts["amc23"], counts["gsm8k"]) == (90, 120)
    assert counts["frames/scores"] == 6


def test_croissant_has_the_digest_of_every_file_but_card_and_itself(release):
    folder = release / "results-dataset"
    listed = read_json(folder / "croissant.json")["distribution"]
    digests = {of["contentUrl"]: of["sha256"] for of in listed if "contentUrl" in of}
    found = digest_files(folder)
    assert digests == {n: found[n] for n in found if n not in ("README.md", "croissant.json")}


def test_a_second_run_has_nothing_to_do_and_all_leaves_it_out(study):
    assert planned(*RELEASE, folder=study) == {}
    assert planned(*RELEASE[:-1], "all", folder=study) == {}


def test_a_card_that_is_deleted_is_made_anew_alone_and_is_the_same(study, release):
    before = digest_files(release / CELLS[0])
    (release / CELLS[0] / "README.md").unlink()
    assert planned(*RELEASE, folder=study) == {"release_cell": 1, "release": 1}
    run = snakemake(*RELEASE, folder=study)
    assert run.returncode == 0, run.stdout + run.stderr
    assert digest_files(release / CELLS[0]) == before


def test_another_learning_rate_releases_what_follows_it_again(study, tmp_path):
    (tmp_path / "more.yaml").write_text("recipes: {grpo: {learning_rate: 1.0e-4}}\n")
    jobs = planned(*RELEASE[:-2], tmp_path / "more.yaml", "--", "release", folder=study)
    assert (jobs["release_cell"], jobs["release_results"], jobs["train_grpo"]) == (1, 1, 1)


def as_collapsed(results, cell):
    """Make a cell's records those of a training whose parent collapsed."""
    reason = "the parent collapsed: KL of 12"
    lost = {"status": "collapsed", "reason": reason}
    path = results / "models" / cell / "seed-0" / "training.json"
    record = read_json(path)
    for name in ("examples", "log", "tokens", "device", "engine", "processes", "metrics"):
        del record[name]
    nothing = {"steps": 0, "files": {}, "adapter_files": {}, "joules": 0.0, "wall_seconds": 0.0}
    write_json(path, record | lost | nothing)
    numbers = ("accuracy", "strict_accuracy", "lighteval_accuracy", "mean_tokens", "cut_off")
    none = dict.fromkeys((*numbers, "interval", "interval_method", "chance"))
    for benchmark in ("amc23", "gsm8k"):
        path = results / "eval" / cell / "seed-0" / f"{benchmark}.json"
        write_json(path, read_json(path) | lost | dict.fromkeys(numbers))
        empty = pq.read_schema(path.with_suffix(".parquet")).empty_table()
        pq.write_table(empty, path.with_suffix(".parquet"))
        path = results / "cells" / cell / f"{benchmark}.json"
        record = read_json(path)
        runs = [run | lost | none for run in record["runs"]]
        write_json(path, record | none | {"runs": runs, "status": "collapsed"})
    return reason


def by_hand(results, program, folder, *flags):
    """Run a program of a rule as one types it, without a key; return its folder."""
    command = [sys.executable, "-m", f"scripts.{program}", "--config", results / "config.json"]
    command += ["--card", folder / "README.md", "--output", folder.with_suffix(".json"), *flags]
    run = subprocess.run(
        command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return folder


def test_a_cell_without_weights_has_a_card_that_says_why(study, tmp_path):
    shutil.copytree(study / "results", tmp_path / "results")
    results = tmp_path / "results" / "mini"
    reason = as_collapsed(results, CELLS[0])
    cell = by_hand(results, "release_cell", tmp_path / "cell", "--cell", CELLS[0])
    names = {path.name for path in cell.iterdir()}
    assert names == {"README.md", "resolved-config.yaml", "learning-curve.csv"}
    card = ModelCard.load(cell / "README.md")
    assert "There are no weights" in card.text and f"| 0 | {reason} |" in card.text
    assert card.data.eval_results is None
    data = by_hand(results, "release_results", tmp_path / "results-dataset")
    text = (data / "README.md").read_text()
    assert f"`{CELLS[0]}` seed 0" in text and "140 completions" in text
    assert len(list(data.glob("completions/*/*.parquet"))) == 4


def test_weights_that_were_changed_are_not_released(study, tmp_path):
    shutil.copytree(study / "results", tmp_path / "results")
    results = tmp_path / "results" / "mini"
    weights = results / "models" / CELLS[0] / "seed-0" / "checkpoint" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    (results / "release" / CELLS[0] / "README.md").unlink()
    run = snakemake(*RELEASE[:-2], "--show-failed-logs", *RELEASE[-2:], folder=tmp_path)
    assert run.returncode != 0
    output = run.stdout + run.stderr
    assert "differs from" in output and "model.safetensors" in output
    assert "Traceback" not in output
    assert not list((results / "release").glob(".*making"))
