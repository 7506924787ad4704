"""The report of the mini study: its data against the files that they come from."""

import re
import shutil
from urllib.parse import parse_qs

import pyarrow.parquet as pq
import pytest

from scripts.lib.files import digest_files, read_json, read_jsonl
from tests.report.reading import read_data
from tests.rules.conftest import MINI
from tests.workflow import snakemake

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(mini_study):
    return mini_study / "results" / "mini"


def test_every_count_equals_the_parquet_files(results):
    files = sorted(results.glob("eval/*/seed-*/*.parquet"))
    assert len(files) == 6
    for path in files:
        cell, benchmark = path.parent.parent.name, path.stem
        rows = pq.read_table(path).to_pylist()
        found = read_data(results / "report", f"data/verdicts/{cell}/boxed/{benchmark}")
        assert found["seeds"] == [0]
        assert found["problems"] * found["samples"] == len(rows)
        for bits, column in (
            ("correct", "correct"),
            ("strict", "strict_correct"),
            ("lighteval", "lighteval_correct"),
        ):
            assert [bit == "1" for bit in found[bits]] == [row[column] is True for row in rows]
        assert found["tokens"] == [row["tokens"] for row in rows]
        assert set(found["kept"]) == {"1"}
        number = read_json(results / "cells" / cell / f"{benchmark}.json")["accuracy"]
        assert found["correct"].count("1") / len(rows) == pytest.approx(number)
        study = read_data(results / "report", "data/study")
        (shown,) = (of["accuracy"] for of in study["cells"] if of["cell"] == cell)
        assert shown["boxed"][benchmark]["accuracy"] == number


def test_every_completion_is_there_as_it_was_written(results):
    for path in results.glob("eval/*/seed-*/*.parquet"):
        cell, benchmark = path.parent.parent.name, path.stem
        folder = results / "report" / "data" / "completions" / cell / "boxed" / benchmark
        shown = {}
        for chunk in folder.glob("*.js"):
            name = chunk.relative_to(results / "report").with_suffix("").as_posix()
            for row in read_data(results / "report", name)["completions"]:
                shown[row["problem"], row["sample"]] = (row["completion"], row["extracted"])
        assert shown == {
            (row["problem"], row["sample"]): (row["completion"], row["extracted"])
            for row in pq.read_table(path).to_pylist()
        }


def test_every_link_of_a_table_leads_to_data(results):
    page = (results / "report" / "index.html").read_text(encoding="utf-8")
    links = [
        parse_qs(found.replace("&amp;", "&")) for found in re.findall(r'href="#(cell=[^"]+)"', page)
    ]
    for link in links:
        assert (results / f"report/data/cells/{link['cell'][0]}.js").is_file()
    numbers = [link for link in links if "prompt" in link]  # others lead to a cell as a whole
    places = {(of["cell"][0], of["prompt"][0], of["benchmark"][0]) for of in numbers}
    assert len(places) == 6
    for cell, prompt, benchmark in places:
        assert (results / f"report/data/verdicts/{cell}/{prompt}/{benchmark}.js").is_file()


def test_a_cell_has_its_lineage_with_the_keys_of_the_records(results):
    cell = read_data(results / "report", "data/cells/toy-base+kd-lora+rl")
    nodes = {node["record"]: node for node in cell["lineage"]}
    assert [node["rule"] for node in cell["lineage"]][:2] == ["train_grpo", "train_sft"]
    for path, node in nodes.items():
        key = read_json(results / path)["key"]
        assert key in node["keys"].values()
        assert set(node["made_from"]) <= set(nodes)
    for path in (
        "models/toy-base/model.json",
        "models/toy-teacher/model.json",
        "data/toy-gsm8k/raw.json",
        "data/toy-gsm8k-distilled/examples.json",
    ):
        assert path in nodes
    assert nodes["models/toy-base+kd-lora+rl/seed-0/training.json"]["git_commit"]
    curve = cell["curve"]
    steps = [dict(zip(curve["columns"], row, strict=True))["step"] for row in curve["seeds"]["0"]]
    assert steps == [1, 2, 3, 4]
    assert cell["recipe"]["num_generations"]


def test_the_rollouts_are_those_of_the_training(results):
    found = read_data(results / "report", "data/rollouts/toy-base+kd-lora+rl/seed-0")
    assert found == read_jsonl(results / "models/toy-base+kd-lora+rl/seed-0/rollouts.jsonl")


def test_a_report_that_is_deleted_is_made_anew_alone_and_is_the_same(mini_study, tmp_path):
    shutil.copytree(mini_study / "results", tmp_path / "results", copy_function=shutil.copy2)
    report = tmp_path / "results" / "mini" / "report"
    before = digest_files(report)
    (report / "index.html").unlink()
    run = snakemake(
        "--cores", "1", "--rerun-triggers", "mtime", *MINI, "--", "report", folder=tmp_path
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert digest_files(report) == before
    jobs = set(re.findall(r"^rule (\w+):", run.stdout + run.stderr, re.MULTILINE))
    assert jobs <= {"make_report", "report"}
