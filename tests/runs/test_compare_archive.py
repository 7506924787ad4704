"""The archives in runs/: each compared with the study, what is in the key, what is refused."""

import shutil
import sys

import pytest

from scripts import compare_archive, pack
from scripts.lib.dag import runs
from scripts.lib.dag.jobs import job
from scripts.lib.dag.report import make_report
from scripts.lib.files import read_json, write_json
from scripts.lib.report.others import other_run
from scripts.lib.runs.bag import unpacked, write_bag
from scripts.lib.study.cells import Study
from scripts.lib.study.config import load_study
from tests.finished_study import finished_study

CELL = "cells/qwen2.5-0.5b/gsm8k"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a folder that holds the results of a finished study, its study, and its archive."""
    folder = tmp_path_factory.mktemp("ours")
    study, results = finished_study(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["pack", str(results), "--output", str(folder / "run.tar")])
        pack.main()
    return folder, study, folder / "run.tar"


@pytest.fixture
def here(finished, tmp_path, monkeypatch):
    """Return a folder with runs/ and the study's results, in which the process works."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "results").symlink_to(finished[0] / "results")
    return tmp_path


def compared(finished, here, monkeypatch, name="theirs"):
    """Carry out the planned job of an archive; return what it wrote, and what the report shows."""
    config = finished[0] / "results" / "synthetic" / "config.json"
    load_study.cache_clear()  # of the archive that another test laid there
    study = load_study(config)
    planned = job(study, "compare_archive", run=name)
    output, record = here / "out.json", here / "out.record.json"
    flags = {"config": config, "key": planned.key, "run": name, "comparison": output}
    flags["output"] = record
    words = [str(word) for flag, value in flags.items() for word in (f"--{flag}", value)]
    monkeypatch.setattr(sys, "argv", ["compare_archive", *words])
    compare_archive.main()
    assert read_json(record)["key"] == planned.key
    found = read_json(output)
    return found, other_run(found, study.name)


def changed(archive, target, **files):
    """Write an archive again with other files, by their path with `__` for `/`."""
    with unpacked(archive, 10**9) as payload:
        known = {p.relative_to(payload).as_posix(): p for p in payload.rglob("*") if p.is_file()}
        write_bag(target, "run", known | files, {})


def test_a_run_that_is_ours_is_identical_and_planned_alike(finished, here, monkeypatch):
    shutil.copyfile(finished[2], here / "runs" / "theirs.tar")
    found, shown = compared(finished, here, monkeypatch)
    assert found["planned"] == {"same": 51, "other": 0, "not_theirs": 0}
    assert (found["seeds"], found["device"], found["refused"]) == ([0, 1], "made-up GPU", None)
    assert found["differ"] == found["reasons"] == []
    assert found["judged"]["completions"] == 10 * (16 + 20)  # all of GSM8K's, 20 of AMC23's
    assert shown["verdicts"] == "identical 10"


def test_what_differs_is_named(finished, here, monkeypatch):
    root = "results/synthetic"
    with unpacked(finished[2], 10**9) as payload:
        cell = read_json(payload / f"{root}/{CELL}.json")
        run = read_json(payload / f"{root}/eval/qwen2.5-0.5b/seed-1/gsm8k.run.json")
        plan = read_json(payload / "plan.json")
    cell |= {"accuracy": 1.0, "interval": [0.99, 1.0], "same_problems_interval": None}
    for of in plan["jobs"].values():
        of["key"] = "0" * 64
    for rule in plan["rules"].values():
        rule["shell"] = {**rule["shell"], "OMP_NUM_THREADS": "2"}
    files = {
        f"{root}/{CELL}.json": cell,
        f"{root}/eval/qwen2.5-0.5b/seed-1/gsm8k.run.json": run
        | {"device": "another GPU", "files": {"gsm8k.parquet": "another"}},
        "plan.json": plan,
    }
    for name, record in files.items():
        write_json(here / "files" / name, record)
    changed(
        finished[2], here / "runs" / "theirs.tar", **{name: here / "files" / name for name in files}
    )
    found, shown = compared(finished, here, monkeypatch)
    assert found["planned"]["other"] == 51
    assert [of["reason"] for of in found["reasons"]] == ["OMP_NUM_THREADS: 2, here 1"]
    assert "train_grpo" in found["reasons"][0]["rules"]
    assert {"name": "device", "theirs": "another GPU, made-up GPU", "ours": "made-up GPU"} in found[
        "differ"
    ]
    assert found["not_of_their_completions"] == [f"{CELL}.json"]
    (differing,) = (of for of in shown["numbers"] if of["verdict"] == "differs")
    assert (differing["cell"], differing["task"]) == ("qwen2.5-0.5b", "gsm8k")
    assert differing["theirs"] == "100.0 [99.0, 100.0]"
    assert shown["verdicts"] == "identical 9, differs 1"


def test_another_studys_run_is_checked_and_not_compared(finished, here, monkeypatch):
    with unpacked(finished[2], 10**9) as payload:
        files = {
            path.relative_to(payload).as_posix().replace("/synthetic/", "/another/"): path
            for path in payload.rglob("*")
            if path.is_file()
        }
        write_bag(here / "runs" / "theirs.tar", "run", files, {})
    found, shown = compared(finished, here, monkeypatch)
    assert (found["study"], found["table_cells"]) == ("another", 10)
    assert "numbers" not in found
    assert shown["compared"] is False


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (None, "not an uncompressed tar"),
        ({"plan.json": b"[]"}, "its files are not those of a study's run"),
        ({"plan.json": b"\xff"}, "plan.json: not a JSON file"),
        ({f"results/synthetic/{CELL}.json": b'{"accuracy": "1"}'}, "not those of a study's run"),
    ],
)
def test_a_broken_archive_is_one_line_and_no_error(files, why, finished, here, monkeypatch):
    archive = here / "runs" / "theirs.tar"
    if files is None:
        archive.write_bytes(finished[2].read_bytes()[:5000])
    else:
        changed(finished[2], archive, **files)
    found, shown = compared(finished, here, monkeypatch)
    assert why in found["refused"]
    assert "\n" not in found["refused"]
    assert "/tmp" not in found["refused"]
    assert shown == found


def test_the_report_reads_what_is_said_of_each_archive_by_content(finished, here):
    def key():
        return make_report(Study(finished[1].config)).key

    without = key()
    archive = here / "runs" / "theirs.tar"
    archive.write_bytes(b"one")
    (here / "runs" / "README.md").write_text("no archive")
    first = key()
    archive.touch()
    assert key() == first
    archive.write_bytes(b"two")
    assert len({without, first, key()}) == 3
    archive.rename(here / "theirs.tar")
    assert key() == without


def test_a_name_that_no_file_of_results_can_have_is_refused(here):
    for name in ("-x", "a b", "a.record"):
        archive = here / "runs" / f"{name}.tar"
        archive.touch()
        with pytest.raises(SystemExit, match="rename it"):
            runs.archives()
        archive.unlink()
    (here / "runs" / "run-v1.0+x.tar").touch()
    assert runs.archives() == ["run-v1.0+x"]
