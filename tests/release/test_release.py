"""What a release is made of: links, numbers of a card, results for the hub, Croissant."""

import copy
import errno
import fcntl
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from huggingface_hub import ModelCard

from scripts.lib.dag.jobs import job
from scripts.lib.dag.release import release_cell, release_results, released_cells
from scripts.lib.dag.targets import targets
from scripts.lib.evaluation.completions import SCHEMA
from scripts.lib.release import facts
from scripts.lib.release.cards import write_card
from scripts.lib.release.completions import MEANINGS, WHOLE, Part, write_completions
from scripts.lib.release.croissant import Field, Records, metadata
from scripts.lib.release.folders import put
from scripts.lib.release.metadata import dataset_data, eval_files, model_data
from scripts.lib.study.cells import Study, stages_of
from scripts.release_cell import resolved
from scripts.release_results import frame_fields
from tests.workflow import ROOT

PAPER = Study(yaml.safe_load((ROOT / "config.yaml").read_text()))
CELL = "qwen2.5-0.5b+sft-lora+rl"


@pytest.fixture
def settings():
    return copy.deepcopy(release_cell(PAPER, cell=CELL).settings)


# ------------------------------------------------------------------------------- what is released


def test_the_trained_cells_of_the_papers_tables_are_released_and_no_others():
    cells = released_cells(PAPER)
    assert len(cells) == 18
    assert all(stages_of(cell) for cell in cells)
    assert "qwen2.5-0.5b-instruct+rl" in cells


def test_all_asks_for_no_release():
    named = targets(PAPER)
    assert len(named["release"]) == 19
    assert not {job.rule for job in named["all"]} & {"release_cell", "release_results"}


def test_a_licence_changes_no_result():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for definition in (*config["models"].values(), *config["datasets"].values()):
        definition["license"] = "cc0-1.0"
    changed = Study(config)
    wildcards = {"cell": CELL, "seed": 0}
    assert job(changed, "train_grpo", **wildcards).key == job(PAPER, "train_grpo", **wildcards).key
    assert job(changed, "evaluate", **wildcards).key == job(PAPER, "evaluate", **wildcards).key
    assert release_cell(changed, cell=CELL).key != release_cell(PAPER, cell=CELL).key
    assert release_results(changed).key != release_results(PAPER).key


def test_the_settings_of_a_cell_are_its_own(settings):
    text = yaml.safe_dump(resolved(settings))
    assert "Qwen/Qwen2.5-0.5B" in text and "temperature" in text
    assert "openthinker" not in text


# --------------------------------------------------------------------------------------- folders


@pytest.fixture
def no_reflinks(monkeypatch):
    def refuse(*_):
        raise OSError(errno.EOPNOTSUPP, "no reflinks here")

    monkeypatch.setattr(fcntl, "ioctl", refuse)


def test_weights_are_linked_and_what_one_may_edit_is_copied(no_reflinks, tmp_path):
    for name in ("model.safetensors", "config.json"):
        (tmp_path / name).write_text("weights")
        put(tmp_path / name, tmp_path / "release" / name)
    released = tmp_path / "release"
    assert (released / "model.safetensors").samefile(tmp_path / "model.safetensors")
    assert not (released / "config.json").samefile(tmp_path / "config.json")
    assert (released / "config.json").read_text() == "weights"


def test_weights_are_copied_where_they_cannot_be_linked(no_reflinks, monkeypatch, tmp_path):
    def refuse(*_):
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "model.safetensors").write_text("weights")
    put(tmp_path / "model.safetensors", tmp_path / "release" / "model.safetensors")
    copied = tmp_path / "release" / "model.safetensors"
    assert copied.read_text() == "weights"
    assert copied.stat().st_nlink == 1


def test_a_reflink_is_taken_where_there_is_one(monkeypatch, tmp_path):
    def clone(target, request, source):
        os.write(target, os.read(source, 100))

    monkeypatch.setattr(fcntl, "ioctl", clone)
    (tmp_path / "model.safetensors").write_text("weights")
    put(tmp_path / "model.safetensors", tmp_path / "released.safetensors")
    assert (tmp_path / "released.safetensors").read_text() == "weights"
    assert (tmp_path / "released.safetensors").stat().st_nlink == 1


# --------------------------------------------------------------------------------------- numbers


def run_of(seed, accuracy, status="ok"):
    interval = None if accuracy is None else [accuracy - 0.1, accuracy + 0.1]
    names = ("accuracy", "strict_accuracy", "lighteval_accuracy", "cut_off", "mean_tokens")
    run = dict.fromkeys(names, accuracy)
    reason = None if status == "ok" else "reward fell | to nothing"
    return run | {"seed": seed, "interval": interval, "status": status, "reason": reason}


def cell_of(benchmark, runs, prompt="boxed"):
    shares = [run["accuracy"] for run in runs if run["accuracy"] is not None]
    mean = sum(shares) / len(shares) if shares else None
    return {
        "benchmark": benchmark,
        "prompt": prompt,
        "runs": runs,
        "problems": 40,
        "samples": 2,
        "chance": {"accuracy": 0.1, "answer": "2"},
        "accuracy": mean,
        "interval": [0.3, 0.7] if shares else None,
        "interval_method": "Wilson" if shares else None,
    }


def rows(settings, runs):
    cells = [cell_of(of["name"], runs) for of in settings["benchmarks"]]
    return facts.results(cells, settings["benchmarks"], "boxed", runs[0]["seed"])


def test_the_numbers_of_a_card_are_those_of_its_weights_beside_the_mean(settings):
    found = rows(settings, [run_of(0, 0.4), run_of(1, 0.6)])
    assert [row["accuracy"] for row in found] == [0.4] * 5
    assert [row["mean"] for row in found] == [0.5] * 5


def test_the_released_seed_is_the_first_that_left_weights():
    seeds = [{"seed": 0, "status": "collapsed"}, {"seed": 1, "status": "ok"}]
    assert facts.released_seed(seeds) == 1
    assert facts.released_seed(seeds[:1]) is None


def test_a_collapse_is_named_with_its_seed_and_reason():
    cells = [cell_of("gsm8k", [run_of(0, 0.4), run_of(1, 0.1, status="collapsed")])]
    assert facts.collapse_marks(cells) == {1: "reward fell | to nothing"}


def test_a_curve_keeps_the_first_and_the_last_step_and_only_what_was_logged():
    log = [{"step": n, "loss": 1 / n, "step_time": 1.0} for n in range(1, 101)]
    shown = facts.curve(log)
    assert shown["columns"] == ["step", "loss"]
    assert len(shown["rows"]) == facts.POINTS
    assert shown["rows"][0] == ["1", "1"] and shown["rows"][-1] == ["100", "0.01"]
    assert facts.curve([]) == {"columns": ["step"], "rows": []}


# --------------------------------------------------------------------------------- for the hub


def test_the_hub_reads_the_results_that_were_measured(settings):
    files = eval_files(settings, rows(settings, [run_of(0, 0.512)]), "2026-01-02T03:04:05Z")
    (gsm8k,) = files["gsm8k"]
    assert gsm8k["dataset"] == {
        "id": "openai/gsm8k",
        "task_id": "main",
        "revision": "740312add88f781978c0658806c59bc2815b9866",
    }
    assert gsm8k["value"] == 51.2
    assert "95% interval 41.2 to 61.2" in gsm8k["notes"] and "avg@2" in gsm8k["notes"]
    assert set(files) == {"olympiadbench", "math500", "minerva", "amc23", "gsm8k"}


def test_a_task_of_the_config_is_taken_and_no_number_makes_no_file(settings):
    for of in settings["benchmarks"]:
        of["task_id"] = f"my-{of['name']}"
    found = eval_files(settings, rows(settings, [run_of(0, 0.5)]), "2026-01-02")
    assert found["gsm8k"][0]["dataset"]["task_id"] == "my-gsm8k"
    assert eval_files(settings, rows(settings, [run_of(0, None)]), "2026-01-02") == {}


def test_what_is_not_on_the_hub_has_no_file_there(settings):
    for of in settings["benchmarks"]:
        of["hub"] = None
    assert eval_files(settings, rows(settings, [run_of(0, 0.5)]), "2026-01-02") == {}


def test_a_cards_metadata_name_base_data_and_every_verdict(settings):
    data = model_data(settings, rows(settings, [run_of(0, 0.5)]), adapter=True)
    assert (data.base_model, data.license) == ("Qwen/Qwen2.5-0.5B", "apache-2.0")
    assert data.datasets == ["openai/gsm8k"]
    assert {"sft", "grpo", "lora"} <= set(data.tags)
    assert len(data.eval_results) == 15
    gsm8k = [of for of in data.eval_results if of.dataset_type == "openai/gsm8k"]
    assert [of.metric_value for of in gsm8k] == [50.0] * 3
    assert gsm8k[0].metric_args["interval"] == [40.0, 60.0]


def card_context(settings, **changes):
    results = {"boxed": rows(settings, [run_of(0, 0.4), run_of(1, 0.6)])}
    stage = {"facts": {}, "settings": {"beta": 0.04}, "status": "ok", "reason": None}
    return {
        **settings,
        "prompts": {"boxed": settings["prompts"]["boxed"]},
        "seed": 0,
        "adapter": False,
        "results": results,
        "methods": ["Wilson"],
        "sampling": {"boxed": {"temperature": 0.6}},
        "collapse": {},
        "trained": [of | stage for of in settings["stages"]],
        "steps": [],
        "curve": {"columns": ["step"], "rows": []},
        "costs": [],
        "software": {"trl": "1.16.0"},
        "provenance": {},
        "licences": {of["dataset"]: of["license"] for of in settings["stages"]},
    } | changes


def card(settings, folder, **changes):
    context = card_context(settings, **changes)
    data = model_data(settings, context["results"]["boxed"], adapter=False)
    path = write_card(folder, ModelCard, data, "model.md.j2", context)
    return ModelCard.load(path)


def test_a_card_of_several_seeds_says_which_one_it_is_and_how_to_get_the_others(settings, tmp_path):
    text = card(settings, tmp_path).text
    assert "These are the weights of seed 0, the first of the seeds 0, 1, 2. The others" in text
    assert "| GSM8K | 40 × 2 | 40.0 [30.0, 50.0] | 40.0 | 40.0 | 50.0 [30.0, 70.0] |" in text
    assert "mean of seeds" in text
    assert "`Qwen/Qwen2.5-0.5B` at `060db6499f32faf8b98477b0a26969ef7d8b9987`" in text


def test_a_card_of_a_collapsed_cell_says_so_and_loads_nothing(settings, tmp_path):
    reason = {0: "reward fell | to nothing"}
    text = card(settings, tmp_path, seed=None, collapse=reason).text
    assert "There are no weights" in text
    assert r"| 0 | reward fell \| to nothing |" in text
    assert "from_pretrained" not in text


def test_a_licence_that_the_config_has_not_is_said_to_be_unknown(settings, tmp_path):
    settings["root"]["license"] = None
    made = card(settings, tmp_path)
    assert made.data.license == "unknown"
    assert "not recorded in the study's config" in made.text


def test_the_data_sets_card_has_a_configuration_per_benchmark():
    data = dataset_data(release_results(PAPER).settings, 5_000)
    assert [of["config_name"] for of in data.configs] == [*PAPER.benchmarks(), "scores"]
    assert data.license == ["apache-2.0", "mit", "unknown"]
    assert data.size_categories == ["1K<n<10K"]


# ---------------------------------------------------------------------------------- the data set


def completion(**changes):
    empty = {"string": "x", "int64": 1, "bool": True}
    return {of.name: empty[str(of.type)] for of in SCHEMA} | changes


def test_completions_keep_their_columns_and_gain_cell_seed_and_prompt(tmp_path):
    parts = []
    for seed in (0, 1):
        path = tmp_path / f"{seed}.parquet"
        rows = [completion(lighteval_correct=None, sample=n) for n in range(2)]
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
        parts.append(Part("toy+rl", seed, "boxed", path))
    assert write_completions(parts, tmp_path / "all.parquet") == 4
    table = pq.read_table(tmp_path / "all.parquet")
    assert table.schema.names == WHOLE.names
    assert set(MEANINGS) == set(WHOLE.names)
    read = table.to_pylist()
    assert [(row["seed"], row["sample"]) for row in read] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert {row["cell"] for row in read} == {"toy+rl"}
    assert {row["prompt_name"] for row in read} == {"boxed"}
    assert read[0]["lighteval_correct"] is None


def test_a_torn_file_of_completions_is_named(tmp_path):
    (tmp_path / "0.parquet").write_bytes(b"PAR1")
    with pytest.raises(SystemExit, match="0.parquet: not the completions of an evaluation"):
        write_completions([Part("toy", 0, "boxed", tmp_path / "0.parquet")], tmp_path / "all")


def test_a_column_with_lists_of_numbers_is_text(tmp_path):
    (tmp_path / "a.csv").write_text("n,x,y\n1,0.5,2 3\n,,4\n")
    (tmp_path / "a.columns.csv").write_text(
        "column,unit,meaning\nn,count,how many\nx,fraction,share\ny,count,some\n"
    )
    fields = frame_fields(tmp_path / "a.csv")
    assert [of.type for of in fields] == ["Integer", "Float", "Text"]
    assert fields[0].meaning == "how many (count)"


def test_croissant_names_every_file_with_its_digest():
    tables = [
        Records("gsm8k", "completions/gsm8k/*.parquet", [Field("cell", "Text", "the model")]),
        Records("frames/scores", "scores.csv", [Field("seed", "Integer", "the seed")]),
    ]
    digests = {"completions/gsm8k/a.parquet": "a" * 64, "scores.csv": "b" * 64}
    made = metadata({"name": "x"}, digests, tables)
    files = {of["@id"]: of.get("sha256") for of in made["distribution"]}
    assert files == digests | {"gsm8k-files": None}
    cell, seed = (of["field"][0] for of in made["recordSet"])
    assert cell["source"] == {"fileSet": {"@id": "gsm8k-files"}, "extract": {"column": "cell"}}
    assert seed["source"]["fileObject"] == {"@id": "scores.csv"}
    assert (cell["dataType"], seed["dataType"]) == ("sc:Text", "sc:Integer")
