"""The figures (rules/figures.smk)."""

from typing import Any

from scripts.lib.dag.jobs import Inputs, Settings, entry
from scripts.lib.dag.models import model
from scripts.lib.dag.rows import all_sections, columns, costs_and_accuracies, marks, under_prompts
from scripts.lib.dag.score import compare_parents, compare_reported, score_cell, table_cells
from scripts.lib.study.cells import Study, chain_of, model_of, parent_of, stages_of


@entry(
    "plot_scores",
    {
        "pdf": "figures/scores.pdf",
        "png": "figures/scores.png",
        "record": "figures/scores.record.json",
    },
)
def plot_scores(study: Study) -> tuple[Settings, Inputs]:
    """Return the figure's sections and labels, its table cells and what marks them."""
    sections = all_sections(study)
    settings = {
        "sections": sections,
        "benchmarks": columns(study),
        "prompt": study.main_prompt(),
        "note": study.config.get("note"),
    }
    shown = list(dict.fromkeys(row["cell"] for section in sections for row in section["rows"]))
    return settings, {"cells": table_cells(study, shown), **marks(study, shown)}


@entry(
    "plot_prompts",
    {
        "pdf": "figures/prompts.pdf",
        "png": "figures/prompts.png",
        "record": "figures/prompts.record.json",
    },
)
def plot_prompts(study: Study) -> tuple[Settings, Inputs]:
    """Return the cells under every prompt, and their comparisons."""
    return under_prompts(study)


@entry(
    "plot_costs",
    {
        "pdf": "figures/costs.pdf",
        "png": "figures/costs.png",
        "record": "figures/costs.record.json",
    },
)
def plot_costs(study: Study) -> tuple[Settings, Inputs]:
    """Return the cells of the figure of costs, the costs, and the accuracies."""
    return costs_and_accuracies(study)


@entry(
    "plot_reported",
    {
        "pdf": "figures/reported.pdf",
        "png": "figures/reported.png",
        "record": "figures/reported.record.json",
    },
)
def plot_reported(study: Study) -> tuple[Settings, Inputs]:
    """Return the paper's numbers beside the study's."""
    settings = {"benchmarks": columns(study), "note": study.config.get("note")}
    return settings, {"reproduction": compare_reported(study)["reproduction"]}


@entry(
    "plot_gains",
    {
        "pdf": "figures/gains.pdf",
        "png": "figures/gains.png",
        "record": "figures/gains.record.json",
    },
)
def plot_gains(study: Study) -> tuple[Settings, Inputs]:
    """Return the trained cells by their last stage, and what they are compared with."""
    trained = gaining_cells(study)
    last_stages = list(dict.fromkeys(stages_of(cell)[-1] for cell in trained))
    settings = {
        "sections": [section for stage in last_stages for section in _gains(study, stage, trained)],
        "roots": {model_of(cell): study.label(model_of(cell)) for cell in trained},
        "benchmarks": columns(study),
        "prompt": study.main_prompt(),
        "note": study.config.get("note"),
    }
    return settings, {"comparisons": compare_parents(study)["comparisons"]}


def _gains(study: Study, last: str, trained: list[str]) -> list[dict[str, Any]]:
    """Return the sections of a last stage: one of all roots, or of each if others go before it."""
    stage = study.config["stages"][last]["label"]
    cells = [cell for cell in trained if stages_of(cell)[-1] == last]
    if all(len(stages_of(cell)) == 1 for cell in cells):
        rows = [{"cell": cell, "label": study.label(model_of(cell))} for cell in cells]
        return [{"section": f"{stage} on", "rows": rows}]
    return [
        {
            "section": f"{stage} on {study.label(root)}",
            "rows": [
                {"cell": cell, "label": _stages_before(study, cell) or "untrained"}
                for cell in cells
                if model_of(cell) == root
            ],
        }
        for root in dict.fromkeys(map(model_of, cells))
    ]


def _stages_before(study: Study, cell: str) -> str:
    return "+".join(study.config["stages"][stage]["label"] for stage in stages_of(cell)[:-1])


def gaining_cells(study: Study) -> list[str]:
    """Return the cells that are compared with their parents."""
    cells = study.cells()
    return [cell for cell in trained_cells(study) if parent_of(cell) in cells]


@entry(
    "plot_curves",
    {
        "pdf": "figures/curves.pdf",
        "png": "figures/curves.png",
        "record": "figures/curves.record.json",
    },
)
def plot_curves(study: Study) -> tuple[Settings, Inputs]:
    """Return the trained cells, their training records, and the table cells that mark a collapse.

    A mark is the cell's: those of one benchmark tell all.
    """
    trained = trained_cells(study)
    settings = {
        "cells": [
            {
                "cell": cell,
                "trainer": study.config["stages"][stages_of(cell)[-1]]["trainer"],
                "method": _method(study, cell),
            }
            for cell in trained
        ],
        "roots": {model_of(cell): study.label(model_of(cell)) for cell in trained},
        "note": study.config.get("note"),
    }
    records = [model(study, cell, seed)["record"] for cell in trained for seed in study.seeds()]
    first = study.benchmarks()[0]
    cells = [score_cell(study, cell=cell, task=first)["cell"] for cell in trained]
    return settings, {"trainings": records, "cells": cells}


def trained_cells(study: Study) -> list[str]:
    """Return the cells of the tables that are trained, in the order of the figure of scores."""
    rows = (row["cell"] for section in all_sections(study) for row in section["rows"])
    return [cell for cell in dict.fromkeys(rows) if stages_of(cell)]


def _method(study: Study, cell: str) -> str:
    """Return a cell's stages for people; of a hybrid those before RL, so that both look alike."""
    *before, last = stages_of(cell)
    stages = study.config["stages"]
    if before and stages[last]["trainer"] == "grpo":
        return _stages_before(study, cell)
    return "+".join(stages[stage]["label"] for stage in [*before, last])


@entry(
    "plot_dag",
    {"pdf": "figures/dag.pdf", "png": "figures/dag.png", "record": "figures/dag.record.json"},
)
def plot_dag(study: Study) -> tuple[Settings, Inputs]:
    """Return all cells and their prefixes, with the data set that each is trained on."""
    cells, stages = study.cells(), study.config["stages"]
    trained = [prefix for cell in trained_cells(study) for prefix in chain_of(cell)]
    data = {cell: stages[stages_of(cell)[-1]]["data"] for cell in trained}
    labels = {cell: stages[stages_of(cell)[-1]]["label"] for cell in trained}
    roots = {model_of(cell): study.label(model_of(cell)) for cell in trained}
    settings = {
        "labels": labels | roots,
        "data": data,
        "datasets": list(dict.fromkeys(data.values())),
        "evaluated": cells,
        "untrained": [study.label(c) for c in cells if not stages_of(c) and c not in roots],
        "benchmarks": [column["label"] for column in columns(study)],
        "note": study.config.get("note"),
    }
    return settings, {}
