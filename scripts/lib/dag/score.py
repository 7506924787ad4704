"""From evaluations to table cells, one table of scores, and comparisons (rules/score.smk)."""

from collections.abc import Callable
from typing import Any

from scripts.lib.dag.evaluate import evaluate
from scripts.lib.dag.jobs import File, Inputs, Job, Settings, entry
from scripts.lib.dag.train import model
from scripts.lib.study.cells import Study, model_of, parent_of, stages_of
from scripts.lib.study.recipes import recipe_of


@entry(
    "score_cell",
    {"cell": "cells/{cell}/{benchmark}.json", "record": "cells/{cell}/{benchmark}.record.json"},
    by_benchmark=True,
)
def score_cell(study: Study, cell: str, benchmark: str) -> tuple[Settings, Inputs]:
    """Return the evaluations of a table cell, one per seed, and what a collapse is marked by.

    Those are the seeds' trainings and their evaluations on all benchmarks: a mark is the cell's. An
    untrained model has none.
    """
    inputs = dict(_evaluations(study, [cell], [benchmark]))
    if parent_of(cell) is None:
        return {}, inputs
    every = _evaluations(study, [cell], study.benchmarks())
    inputs["trainings"] = [model(study, cell, seed)["record"] for seed in study.seeds()]
    inputs |= {"all_scores": every["scores"], "all_details": every["details"]}
    return {"collapse": study.config["collapse"]}, inputs


def _evaluations(study: Study, cells: list[str], benchmarks: list[str]) -> Inputs:
    runs = [
        evaluate(study, cell=cell, seed=seed, benchmark=benchmark)
        for cell in cells
        for benchmark in benchmarks
        for seed in study.seeds()
    ]
    return {"scores": [run["scores"] for run in runs], "details": [run["details"] for run in runs]}


def table_cells(study: Study, cells: list[str]) -> list[File]:
    """Return the table cells of these cells on all benchmarks."""
    parts: list[Job] = [
        score_cell(study, cell=cell, benchmark=benchmark)
        for cell in cells
        for benchmark in study.benchmarks()
    ]
    return [part["cell"] for part in parts]


@entry("collect_scores", {"scores": "scores.csv", "record": "scores.record.json"})
def collect_scores(study: Study) -> tuple[Settings, Inputs]:
    """Return the table cells of the study, in the order of the rows."""
    return {}, {"cells": table_cells(study, study.cells())}


@entry("compare_parents", {"comparisons": "comparisons.csv", "record": "comparisons.record.json"})
def compare_parents(study: Study) -> tuple[Settings, Inputs]:
    """Return the families of pairs that are compared, and the evaluations of the cells in them."""
    families = families_of(study)
    paired = {name for family in families for pair in family["pairs"] for name in pair[:2]}
    settings = {"families": families, "benchmarks": study.benchmarks()}
    cells = [cell for cell in study.cells() if cell in paired]
    return settings, _evaluations(study, cells, study.benchmarks())


def families_of(study: Study) -> list[dict[str, Any]]:
    """Return what each trained cell is compared with: one family of pairs for each question.

    `against` names the family: the cell's parent, the root that it was trained from, the root with
    the cell's last stage alone where that is RL, the same stages in full where some are LoRA. A
    pair is cell, other, and how their runs stand to each other (scores/methods.py's Pairing).
    """
    cells = study.cells()
    others: dict[str, Callable[[str], str | None]] = {
        "parent": parent_of,
        "root": model_of,
        "direct RL": lambda cell: _direct_rl(study, cell),
        "full": lambda cell: _in_full(study, cell),
    }
    families = []
    for against, other_of in others.items():
        pairs = [
            [cell, other, _pairing(cell, other)]
            for cell in cells
            if stages_of(cell) and (other := other_of(cell)) in cells and other is not None
        ]
        if pairs:
            families.append({"against": against, "pairs": pairs})
    return families


def _pairing(cell: str, other: str) -> str:
    if not stages_of(other):
        return "pooled"
    return "seed" if other == parent_of(cell) else "apart"


def _direct_rl(study: Study, cell: str) -> str | None:
    """Return the cell that has a hybrid's last stage alone, if that is RL."""
    *before, last = stages_of(cell)
    if before and study.config["stages"][last]["trainer"] == "grpo":
        return f"{model_of(cell)}+{last}"
    return None


def _in_full(study: Study, cell: str) -> str | None:
    """Return the cell with the same stages but without LoRA; None for one that has none."""
    stages = [_full_stage(study, stage) for stage in stages_of(cell)]
    full = "+".join([model_of(cell), *stages])
    return None if full == cell else full


def _full_stage(study: Study, stage: str) -> str:
    """Return the first stage of the same trainer and data without LoRA; without LoRA, itself."""
    stages = study.config["stages"]
    if "lora" not in recipe_of(study, stage):
        return stage
    for name, other in stages.items():
        alike = all(other[key] == stages[stage][key] for key in ("trainer", "data"))
        if alike and "lora" not in recipe_of(study, name):
            return name
    return stage
