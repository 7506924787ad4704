"""Other people's runs: archives in runs/, beside this study's numbers (rules/runs.smk)."""

import re
from pathlib import Path

from scripts.lib.dag.evaluate import evaluate
from scripts.lib.dag.jobs import File, Inputs, Settings, entry
from scripts.lib.dag.models import model
from scripts.lib.dag.score import cells_under_prompts
from scripts.lib.digests import kept_digest
from scripts.lib.study.cells import Study

RUNS = Path("runs")  # of the folder that the study runs in, as results/ is
ENDING = ".tar"
NAME = re.compile(r"(?!.*\.record$)[A-Za-z0-9][A-Za-z0-9._+-]*")  # it becomes a file's name
JUDGED = 20  # completions of each evaluation that are judged again


def archives() -> list[str]:
    """Return the names of the runs whose archives lie in runs/.

    Exits with an error if one has a name that no file of results can have.
    """
    names = sorted(path.name.removesuffix(ENDING) for path in RUNS.glob(f"*{ENDING}"))
    for name in names:
        if not NAME.fullmatch(name):
            raise SystemExit(
                f"{RUNS}/{name}{ENDING}: rename it: letters, digits, points, `_`, `+` and `-`, a "
                "letter or digit first, and not `.record` last"
            )
    return names


@entry("compare_archive", {"comparison": "runs/{run}.json", "record": "runs/{run}.record.json"})
def compare_archive(study: Study, run: str) -> tuple[Settings, Inputs]:
    """Return the archive by its content, and all numbers of this study with their evaluations."""
    if run not in archives():
        raise KeyError(run)
    settings = {
        "archive": kept_digest(RUNS / f"{run}{ENDING}"),
        "completions": JUDGED,
        "timeout": study.config["grader"]["timeout"],
    }
    made = [
        evaluate(study, cell=cell, seed=seed, task=task)
        for cell in study.cells()
        for task in study.tasks_of(cell)
        for seed in study.seeds()
    ]
    trainings = [model(study, c, seed) for c in study.trained_prefixes() for seed in study.seeds()]
    return settings, {
        "scores": [job["scores"] for job in made],
        "runs": [job["record"] for job in made],
        "trainings": [job["record"] for job in trainings],
        "cells": cells_under_prompts(study, study.cells()),
    }


def comparisons(study: Study) -> list[File]:
    """Return what is said of each archive that lies in runs/."""
    return [compare_archive(study, run=run)["comparison"] for run in archives()]
