"""What tables and figures share: rows, columns, and what marks a cell."""

from typing import Any

from scripts.lib.dag.jobs import File, Inputs, Settings
from scripts.lib.dag.score import (
    cells_under_prompts,
    collect_costs,
    compare_parents,
    table_cells,
)
from scripts.lib.study.cells import Study, model_of, stages_of


def row_of(study: Study, cell: str) -> dict[str, str]:
    """Return a row: its cell and what people call it."""
    return {"cell": cell, "label": study.label(cell)}


def columns(study: Study) -> list[dict[str, str]]:
    """Return the benchmarks with what people call them."""
    return [
        {"name": name, "label": study.config["benchmarks"][name]["label"]}
        for name in study.benchmarks()
    ]


def marks(study: Study, cells: list[str]) -> dict[str, File]:
    """Return the comparisons, which mark the cells that are trained; nothing where none is."""
    if not any(stages_of(cell) for cell in cells):
        return {}
    return {"comparisons": compare_parents(study)["comparisons"]}


def all_sections(study: Study, cells: list[str] | None = None) -> list[dict[str, Any]]:
    """Return the sections of all tables, those first that show mostly trained cells.

    A row that is chosen by its numbers stands in another table too; the figure has it once.
    `cells`, if given, are the only ones.
    """
    tables = [
        [
            {
                "section": section["section"],
                "rows": [
                    row_of(study, study.cell_of_row(row))
                    for row in section["rows"]
                    if isinstance(row, str) and (cells is None or study.cell_of_row(row) in cells)
                ],
            }
            for section in study.config["tables"][name]["sections"]
        ]
        for name in study.config["tabulate"]
    ]
    training_first = sorted(tables, key=_mostly_trained, reverse=True)
    return [section for table in training_first for section in table]


def _mostly_trained(table: list[dict[str, Any]]) -> bool:
    rows = [row for section in table for row in section["rows"]]
    return sum(bool(stages_of(row["cell"])) for row in rows) > len(rows) / 2


def costs_and_accuracies(study: Study) -> tuple[Settings, Inputs]:
    """Return all rows with their stages, the costs, and the accuracies that they bought."""
    labels = {name: stage["label"] for name, stage in study.config["stages"].items()}
    sections = all_sections(study)
    for row in (row for section in sections for row in section["rows"]):
        row["stages"] = "+".join(labels[stage] for stage in stages_of(row["cell"]))
    roots = {model_of(row["cell"]) for section in sections for row in section["rows"]}
    settings = {
        "sections": sections,
        "labels": {root: study.label(root) for root in sorted(roots)},
        "benchmarks": columns(study),
        "prompt": study.main_prompt(),
        "note": study.config.get("note"),
    }
    return settings, {
        "costs": collect_costs(study)["costs"],
        "cells": table_cells(study, study.cells()),
    }


def under_prompts(study: Study) -> tuple[Settings, dict[str, File | list[File]]]:
    """Return the rows under every prompt, their table cells and what marks them."""
    cells = study.sensitivity_cells()
    sections = all_sections(study, cells)
    settings = {
        "sections": sections,
        "benchmarks": columns(study),
        "prompts": list(dict.fromkeys(p for cell in cells for p in study.prompts_of(cell))),
        "note": study.config.get("note"),
    }
    inputs: dict[str, File | list[File]] = {
        "cells": cells_under_prompts(study, cells),
        **marks(study, cells),
    }
    return settings, inputs
