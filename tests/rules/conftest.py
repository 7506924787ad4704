"""The mini study, which several files of tests begin with: built once, whichever needs it first."""

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from tests.workflow import DEMO, ROOT, snakemake

MINI = ["--configfile", DEMO, ROOT / "tests" / "mini.yaml"]
RUN = ["--cores", "2", "--rerun-triggers", "mtime", *MINI, "--", "all"]

TOKEN = "hf_of_the_mini_study"  # in the environment of its run
CONSOLE = "console.txt"  # in the mini study's folder: what its run printed


@pytest.fixture(scope="session")
def mini_study(tmp_path_factory) -> Path:
    """Return the folder of an undisturbed mini study. All processes of a test run share it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / "mini-study"
    with FileLock(base / "mini-study.lock"):
        if not folder.exists():
            run = snakemake(*RUN, folder=base / "mini-study.unfinished", HF_TOKEN=TOKEN)
            assert run.returncode == 0, run.stdout + run.stderr
            (base / "mini-study.unfinished" / CONSOLE).write_text(run.stdout + run.stderr)
            (base / "mini-study.unfinished").rename(folder)
    return folder


def begin_with(study: Path, folder: Path, *parts: str) -> None:
    """Copy parts of the mini study's results, and no memory of Snakemake's, into a folder."""
    for part in parts:
        here = Path("results", "mini", part)
        shutil.copytree(study / here, folder / here, copy_function=shutil.copyfile)
