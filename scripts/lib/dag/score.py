"""From evaluations to table cells, one table of scores, and comparisons (rules/score.smk)."""

from scripts.lib.dag.evaluate import evaluate
from scripts.lib.dag.jobs import File, Inputs, Job, Settings, entry
from scripts.lib.dag.train import model
from scripts.lib.study.cells import Study, parent_of


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
    """Return the pairs of cells that are compared, and the evaluations of all cells."""
    cells = study.cells()
    pairs = [[cell, parent_of(cell)] for cell in cells if parent_of(cell) in cells]
    return {"pairs": pairs, "benchmarks": study.benchmarks()}, _evaluations(
        study, cells, study.benchmarks()
    )
