"""The report: one folder of pages about a study, down to single completions (rules/report.smk)."""

from typing import Any

from scripts.lib.dag.code import ROOT
from scripts.lib.dag.data import load_problems
from scripts.lib.dag.evaluate import evaluate
from scripts.lib.dag.jobs import File, Inputs, Job, Settings, behind, entry
from scripts.lib.dag.models import model
from scripts.lib.dag.paper import audit_paper, check_claims
from scripts.lib.dag.products import data_cards, products
from scripts.lib.dag.rows import columns
from scripts.lib.dag.runs import comparisons
from scripts.lib.dag.score import (
    cells_under_prompts,
    collect_costs,
    collect_scores,
    compare_parents,
    draw_conclusions,
    printed_cells,
    printed_rows,
)
from scripts.lib.files import digest_files
from scripts.lib.study.cells import Study, model_of, parent_of, stages_of

PAGES = ROOT / "report"
PARTS = ("templates", "assets", "vendor")  # of it, what a report is made of


@entry("make_report", {"index": "report/index.html", "record": "report.record.json"})
def make_report(study: Study) -> tuple[Settings, Inputs]:
    """Return what the report calls things, its limit, and all records and files that it shows.

    The config and its assumptions are shown as they are when the report is made: of them alone
    what decides a result is in the key, by the inputs.
    """
    settings = {
        "study": study.name,
        "note": study.config.get("note"),
        "seeds": study.seeds(),
        "main_prompt": study.main_prompt(),
        "prompts": list(dict.fromkeys(p for c in study.cells() for p in study.prompts_of(c))),
        "benchmarks": columns(study),
        "cells": [_cell(study, cell) for cell in _shown(study)],
        "tables": {
            name: study.config["tables"][name]["caption"] for name in study.config["tabulate"]
        },
        "printed_elsewhere": _printed_elsewhere(study),
        "max_megabytes": study.config["report"]["max_megabytes"],
        "pages": {name: digest_files(PAGES / name) for name in PARTS},
    }
    others = comparisons(study)
    inputs = _files(study) | _evaluations(study) | _lineage(study)
    return settings, inputs | ({"others": others} if others else {})


def _shown(study: Study) -> list[str]:
    """Return the cells of the tables, and the prefixes that they are trained from."""
    prefixes = study.trained_prefixes()
    return list(dict.fromkeys([*study.cells(), *map(model_of, prefixes), *prefixes]))


def _cell(study: Study, cell: str) -> dict[str, Any]:
    stages = study.config["stages"]
    return {
        "cell": cell,
        "label": study.label(cell),
        "parent": parent_of(cell),
        "stages": [
            {"stage": name, "label": stages[name]["label"], "trainer": stages[name]["trainer"]}
            | {"data": stages[name]["data"]}
            for name in stages_of(cell)
        ],
        "prompts": study.prompts_of(cell) if cell in study.cells() else [],
    }


def _printed_elsewhere(study: Study) -> list[str]:
    """Return the rows that the paper prints and this study has not."""
    have = printed_cells(study)
    return [row for row in printed_rows() if row not in have]


def _files(study: Study) -> dict[str, File | list[File]]:
    """Return the tables, figures and frames that the report shows or offers."""
    made = products(study)
    texts = [job for job in made["tables"] if job.rule not in ("audit_paper", "check_claims")]
    files: dict[str, File | list[File]] = {
        "tables": [job["markdown"] for job in texts],
        "table_frames": [job["csv"] for job in texts],
        "table_sources": [job["tex"] for job in texts],
        "figures": [job["png"] for job in made["figures"]],
        "figure_files": [job["pdf"] for job in made["figures"]],
        "cards": [job["card"] for job in data_cards(study)],
        "scores": collect_scores(study)["scores"],
        "costs": collect_costs(study)["costs"],
        "comparisons": compare_parents(study)["comparisons"],
        "conclusions": draw_conclusions(study)["text"],
        "conclusion_frame": draw_conclusions(study)["conclusions"],
        "cells": cells_under_prompts(study, study.cells()),
    }
    for name, job in (("claims", check_claims(study)), ("audit", audit_paper(study))):
        files |= {name: job["markdown"], f"{name}_frame": job["csv"]}
    return files


def _evaluations(study: Study) -> dict[str, File | list[File]]:
    """Return every evaluation with its completions, and the problems of the benchmarks."""
    runs: list[Job] = [
        evaluate(study, cell=cell, seed=seed, task=task)
        for cell in study.cells()
        for task in study.tasks_of(cell)
        for seed in study.seeds()
    ]
    return {
        "evaluations": [run["scores"] for run in runs],
        "completions": [run["details"] for run in runs],
        "runs": [run["record"] for run in runs],
        "problems": [problems_of(study, name)["rows"] for name in study.benchmarks()],
    }


def _lineage(study: Study) -> dict[str, File | list[File]]:
    """Return the records of all models and of the data behind them, and RL's rollouts."""
    prefixes = study.trained_prefixes()
    jobs = [job for cell in _shown(study) for job in lineage_of(study, cell)]
    trainings = [model(study, cell, seed) for cell in prefixes for seed in study.seeds()]
    return {
        "records": [job["record"] for job in dict.fromkeys([*jobs, *trainings])],
        "rollouts": [job["rollouts"] for job in trainings if "rollouts" in job.outputs],
    }


def lineage_of(study: Study, cell: str) -> list[Job]:
    """Return the jobs behind a cell's model of the first seed, itself first, to the sources."""
    return behind(model(study, cell, study.seeds()[0]))


def problems_of(study: Study, benchmark: str) -> Job:
    """Return the job that loads a benchmark's problems."""
    return load_problems(study, dataset=study.config["benchmarks"][benchmark]["dataset"])
