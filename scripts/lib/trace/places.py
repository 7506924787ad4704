"""Which table cell a path names, and how a run is started that makes a file again."""

import shlex
from pathlib import Path
from typing import NamedTuple

from scripts.lib.console import nearest
from scripts.lib.evaluation.finished import study_in
from scripts.lib.study.cells import Study, model_of, stages_of

FORM = (
    "results/STUDY/cells/CELL/BENCHMARK.json, under another prompt .../CELL/PROMPT/BENCHMARK.json"
)


class TableCell(NamedTuple):
    """A table cell of a study, and the folder of its results."""

    study: Study
    folder: Path
    cell: str
    task: str  # a benchmark under a prompt


def table_cell(path: Path) -> TableCell:
    """Return the table cell that a path names, whether it is made already or not.

    Exits with an error if it is not one of a study.
    """
    places = [n for n, name in enumerate(path.parts) if name == "cells"]
    if not places or path.suffix != ".json" or len(path.parts) - places[-1] not in (3, 4):
        raise SystemExit(f"{path}: not a table cell; its path is {FORM}")
    folder = Path(*path.parts[: places[-1]])
    study = study_in(folder)
    cell, *_ = of_cell = path.parts[places[-1] + 1 :]
    if model_of(cell) not in study.config["models"] or not {*stages_of(cell)} <= {
        *study.config["stages"]
    }:
        raise SystemExit(f"{path}: no cell {cell!r} in {folder}{nearest(cell, study.cells())}")
    task = "/".join(of_cell[1:]).removesuffix(".json")
    if task not in (tasks := study.tasks_of(cell)):
        raise SystemExit(f"{path}: {cell} is not evaluated on {task!r}{nearest(task, tasks)}")
    return TableCell(study, folder, cell, task)


def command(study: Study, folder: Path, profile: str, target: str) -> str:
    """Return the command that makes a file of a study, with the settings of `folder`.

    `target` is a path below results/STUDY. The resolved config replaces the profile's own files.
    """
    words = ["snakemake", "--profile", profile, "--configfile", str(folder / "config.json")]
    if (place := folder.resolve().parents[1]) != Path.cwd():
        words += ["--directory", str(place)]
    return shlex.join([*words, "--", f"results/{study.name}/{target}"])
