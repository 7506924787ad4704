"""The tables (rules/tables.smk)."""

from scripts.lib.dag.jobs import File, Inputs, Settings, entry
from scripts.lib.dag.rows import columns, costs_and_accuracies, marks, row_of, under_prompts
from scripts.lib.dag.score import (
    compare_reported,
    draw_conclusions,
    printed_cells,
    printed_tables,
    table_cells,
)
from scripts.lib.study.cells import Study, model_of, stages_of
from scripts.lib.study.questions import research_questions


@entry(
    "make_table",
    {
        "tex": "tables/{table}.tex",
        "wide": "tables/{table}-wide.tex",
        "markdown": "tables/{table}.md",
        "csv": "tables/{table}.csv",
        "legend": "tables/{table}.columns.csv",
        "html": "tables/{table}.html",
        "record": "tables/{table}.record.json",
    },
)
def make_table(study: Study, table: str) -> tuple[Settings, Inputs]:
    """Return a table's rows and texts, its cells, what marks them, and what the paper prints."""
    definition = study.config["tables"][table]
    sections = [
        {
            "section": section["section"],
            "rows": [
                [row_of(study, cell) for cell in study.candidates(row)] for row in section["rows"]
            ],
        }
        for section in definition["sections"]
    ]
    settings = {
        "caption": definition["caption"],
        "sections": sections,
        "benchmarks": columns(study),
        "prompt": study.main_prompt(),
        "note": study.config.get("note"),
        "context": _short_contexts(study, table),
    }
    inputs: dict[str, File | list[File]] = {
        "cells": table_cells(study, study.cells_of_table(table)),
        **marks(study, study.rows_of_table(table)),
    }
    if table in printed_tables() and printed_cells(study):
        inputs["reproduction"] = compare_reported(study)["reproduction"]
    return settings, inputs


def _short_contexts(study: Study, table: str) -> dict[str, int]:
    """Return {label: tokens} of a table's models whose context is shorter than the evaluation's."""
    models = {
        model_of(cell): study.config["models"][model_of(cell)]
        for cell in study.cells_of_table(table)
    }
    full = study.config["evaluation"]["max_model_length"]
    return {
        model["label"]: model["max_model_length"]
        for model in models.values()
        if model.get("max_model_length", full) < full
    }


@entry(
    "make_prompt_table",
    {
        "tex": "tables/prompts.tex",
        "markdown": "tables/prompts.md",
        "csv": "tables/prompts.csv",
        "legend": "tables/prompts.columns.csv",
        "html": "tables/prompts.html",
        "record": "tables/prompts.record.json",
    },
)
def make_prompt_table(study: Study) -> tuple[Settings, Inputs]:
    """Return the cells under every prompt, their comparisons and conclusions."""
    settings, inputs = under_prompts(study)
    return settings, inputs | {"conclusions": draw_conclusions(study)["conclusions"]}


@entry(
    "make_cost_table",
    {
        "tex": "tables/costs.tex",
        "markdown": "tables/costs.md",
        "csv": "tables/costs.csv",
        "columns": "tables/costs.columns.csv",
        "html": "tables/costs.html",
        "record": "tables/costs.record.json",
    },
)
def make_cost_table(study: Study) -> tuple[Settings, Inputs]:
    """Return the rows of the table of costs, the costs, and the accuracies that they bought."""
    settings, inputs = costs_and_accuracies(study)
    trained = [cell for cell in study.cells() if stages_of(cell)]
    return settings | {"trained": trained, "seeds": len(study.seeds())}, inputs


@entry(
    "make_answer_table",
    {
        "tex": "tables/answers.tex",
        "markdown": "tables/answers.md",
        "csv": "tables/answers.csv",
        "legend": "tables/answers.columns.csv",
        "html": "tables/answers.html",
        "record": "tables/answers.record.json",
    },
)
def make_answer_table(study: Study) -> tuple[Settings, Inputs]:
    """Return the research questions with the comparisons that answer them."""
    settings = {"questions": research_questions(study), "note": study.config.get("note")}
    return settings, {
        "conclusions": draw_conclusions(study)["conclusions"],
        "cells": table_cells(study, study.cells()),
    }
