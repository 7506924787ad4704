"""What killed jobs left behind is listed with its plan, and removed only where nothing works."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from scripts.lib.dag.jobs import job
from scripts.lib.files import write_json
from scripts.lib.study.cells import Study
from scripts.lib.training.resume import locked, tidy
from scripts.unfinished import DAY
from tests.workflow import DEMO, ROOT

CELL = {"cell": "toy-base+sft", "seed": 0}


@pytest.fixture(scope="module")
def config():
    merged = yaml.safe_load((ROOT / "config.yaml").read_text())
    update_config(merged, yaml.safe_load(DEMO.read_text()))
    return merged


@pytest.fixture
def folders(config, tmp_path):
    """Return working folders: of the planned training, of another recipe's, of a build long ago."""
    write_json(tmp_path / "results" / "demo" / "config.json", config)
    seed = tmp_path / "checkpoints" / "demo" / "train" / "toy-base+sft" / "seed-0"
    build = tmp_path / "checkpoints" / "demo" / "build_model" / "toy-gone"
    planned, other, old = seed / ("a" * 64), seed / ("b" * 64), build / ("c" * 64)
    for parent in (seed, build):
        with locked(parent):
            pass
    tidy(planned, "train_sft", job(Study(config), "train_sft", **CELL).key, **CELL)
    tidy(other, "train_sft", "f" * 64, **CELL)
    tidy(old, "build_model", "c" * 64, model="toy-gone")
    (other / "checkpoint-2").mkdir()
    (other / "checkpoint-2" / "model.safetensors").write_bytes(bytes(3_000_000))
    finished = tmp_path / "checkpoints" / "demo" / "other" / ("d" * 64)
    finished.mkdir(parents=True)  # without a lock beside it: nobody's working folder
    for path in (old / "job.json", old):
        os.utime(path, (time.time() - 40 * DAY,) * 2)
    return {"planned": planned, "other": other, "old": old, "finished": finished}


def unfinished(folder: Path, *arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "scripts.unfinished", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_unfinished_work_is_listed_with_its_size_and_whether_it_is_planned(folders, tmp_path):
    run = unfinished(tmp_path)
    assert run.returncode == 0, run.stderr
    lines = {line.split()[-1][-64:-60]: line for line in run.stdout.splitlines()}
    assert " yes " in lines["aaaa"]
    assert lines["bbbb"].startswith("3.0 MB ") and " no " in lines["bbbb"]
    assert " 40.0 days " in lines["cccc"] and " no " in lines["cccc"]
    assert "dddd" not in run.stdout
    assert run.stdout.splitlines()[-1] == "3 folders, 3.0 MB"


def test_what_is_old_is_removed_and_nothing_else(folders, tmp_path):
    run = unfinished(tmp_path, "--older-than", 30, "--remove")
    assert run.returncode == 0, run.stderr
    assert "removed" in run.stdout
    left = {name for name, folder in folders.items() if folder.exists()}
    assert left == {"planned", "other", "finished"}


def test_a_folder_beside_which_a_job_works_is_kept(folders, tmp_path):
    with locked(folders["other"].parent):
        run = unfinished(tmp_path, folders["other"], "--remove")
    assert run.stdout.startswith("kept, a job works here: ")
    assert folders["other"].exists()
    run = unfinished(tmp_path, folders["other"], folders["finished"], "--remove")
    assert run.stdout.startswith("removed 3.0 MB: ")
    assert not folders["other"].exists() and folders["planned"].exists()
    assert folders["finished"].exists()


def test_nothing_is_removed_unless_it_is_named(folders, tmp_path):
    run = unfinished(tmp_path, "--remove")
    assert run.returncode == 2
    assert "--remove needs --older-than DAYS, or the folders to remove" in run.stderr
    assert all(folder.exists() for folder in folders.values())


def test_a_training_tidies_its_own_folder_alone(folders):
    torn = folders["planned"] / "checkpoint-4"
    torn.mkdir()
    tidy(folders["planned"], "train_sft", "0" * 64, **CELL)
    assert not torn.exists()
    assert (folders["other"] / "checkpoint-2").exists()


def test_who_holds_a_lock_is_named_and_whoever_is_gone_is_not(tmp_path):
    with locked(tmp_path):
        message = rf"training here \(process {os.getpid()} on \S+\), perhaps a job that a killed"
        with pytest.raises(SystemExit, match=message), locked(tmp_path):
            raise AssertionError("two hold the lock")
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    write_json(tmp_path / "holder.json", {"pid": 1, "host": "killed"})
    with locked(tmp_path):
        assert json.loads((tmp_path / "holder.json").read_text())["pid"] == os.getpid()
