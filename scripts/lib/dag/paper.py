"""Tables and figures, and what the named targets ask for (rules/paper.smk)."""

from typing import Any

from scripts.lib.dag.code import ROOT
from scripts.lib.dag.data import make_data_card
from scripts.lib.dag.jobs import File, Inputs, Job, Settings, entry
from scripts.lib.dag.score import (
    cells_under_prompts,
    collect_costs,
    collect_scores,
    compare_parents,
    compare_reported,
    draw_conclusions,
    printed_cells,
    printed_tables,
    score_cell,
    table_cells,
)
from scripts.lib.dag.train import model
from scripts.lib.paper.claims import read_claims
from scripts.lib.paper.files import AUDIT_FILES, read_paper_file
from scripts.lib.paper.printed import read_reported
from scripts.lib.study.cells import Study, model_of, parent_of, stages_of
from scripts.lib.study.questions import research_questions

CLAIMS, REPORTED = ROOT / "paper" / "claims.yaml", ROOT / "paper" / "reported.csv"


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
                [_row(study, cell) for cell in study.candidates(row)] for row in section["rows"]
            ],
        }
        for section in definition["sections"]
    ]
    settings = {
        "caption": definition["caption"],
        "sections": sections,
        "benchmarks": _columns(study),
        "prompt": study.main_prompt(),
        "note": study.config.get("note"),
        "context": _short_contexts(study, table),
    }
    inputs: dict[str, File | list[File]] = {
        "cells": table_cells(study, study.cells_of_table(table)),
        **_marks(study, study.rows_of_table(table)),
    }
    if table in printed_tables() and printed_cells(study):
        inputs["reproduction"] = compare_reported(study)["reproduction"]
    return settings, inputs


def _marks(study: Study, cells: list[str]) -> dict[str, File]:
    """Return the comparisons, which mark the cells that are trained; nothing where none is."""
    if not any(stages_of(cell) for cell in cells):
        return {}
    return {"comparisons": compare_parents(study)["comparisons"]}


def _row(study: Study, cell: str) -> dict[str, str]:
    return {"cell": cell, "label": study.label(cell)}


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


def _columns(study: Study) -> list[dict[str, str]]:
    return [
        {"name": name, "label": study.config["benchmarks"][name]["label"]}
        for name in study.benchmarks()
    ]


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
    sections = _figure_sections(study)
    settings = {
        "sections": sections,
        "benchmarks": _columns(study),
        "prompt": study.main_prompt(),
        "note": study.config.get("note"),
    }
    shown = list(dict.fromkeys(row["cell"] for section in sections for row in section["rows"]))
    return settings, {"cells": table_cells(study, shown), **_marks(study, shown)}


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
    settings, inputs = _under_prompts(study)
    return settings, inputs | {"conclusions": draw_conclusions(study)["conclusions"]}


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
    return _under_prompts(study)


def _under_prompts(study: Study) -> tuple[Settings, dict[str, File | list[File]]]:
    cells = study.sensitivity_cells()
    sections = _figure_sections(study, cells)
    settings = {
        "sections": sections,
        "benchmarks": _columns(study),
        "prompts": list(dict.fromkeys(p for cell in cells for p in study.prompts_of(cell))),
        "note": study.config.get("note"),
    }
    inputs: dict[str, File | list[File]] = {
        "cells": cells_under_prompts(study, cells),
        **_marks(study, cells),
    }
    return settings, inputs


@entry(
    "audit_paper",
    {
        "csv": "paper/audit.csv",
        "legend": "paper/audit.columns.csv",
        "markdown": "paper/audit.md",
        "html": "paper/audit.html",
        "tex": "paper/audit.tex",
        "record": "paper/audit.record.json",
    },
)
def audit_paper(study: Study) -> tuple[Settings, Inputs]:
    """Return the files of paper/ as text: the audit reads nothing of the study's."""
    return {"files": {name: read_paper_file(name) for name in AUDIT_FILES}}, {}


def paper_files() -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Return the paper's claims and the rows of its tables."""
    return read_claims(CLAIMS), read_reported(REPORTED)


@entry(
    "check_claims",
    {
        "csv": "paper/claims.csv",
        "legend": "paper/claims.columns.csv",
        "markdown": "paper/claims.md",
        "html": "paper/claims.html",
        "tex": "paper/claims.tex",
        "record": "paper/claims.record.json",
    },
)
def check_claims(study: Study) -> tuple[Settings, Inputs]:
    """Return the paper's claims and tables as they stand, and the study's cells of those rows."""
    claims, reported = paper_files()
    printed = printed_cells(study).values()
    cells = [cell for cell in study.cells() if cell in printed]
    own = {cell: study.own_prompt(cell) for cell in cells}
    settings = {
        "claims": claims,
        "reported": reported,
        "roles": study.config["roles"],
        "prompts": list(
            dict.fromkeys([study.main_prompt(), *(p for c in cells for p in study.prompts_of(c))])
        ),
        "own": {cell: prompt for cell, prompt in own.items() if prompt},
        "note": study.config.get("note"),
    }
    inputs: dict[str, File | list[File]] = {
        "cells": cells_under_prompts(study, cells),
        **_marks(study, cells),
    }
    return settings, inputs


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
    settings, inputs = _costs(study)
    trained = [cell for cell in study.cells() if stages_of(cell)]
    return settings | {"trained": trained, "seeds": len(study.seeds())}, inputs


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
    return _costs(study)


def _costs(study: Study) -> tuple[Settings, Inputs]:
    labels = {name: stage["label"] for name, stage in study.config["stages"].items()}
    sections = _figure_sections(study)
    for row in (row for section in sections for row in section["rows"]):
        row["stages"] = "+".join(labels[stage] for stage in stages_of(row["cell"]))
    roots = {model_of(row["cell"]) for section in sections for row in section["rows"]}
    settings = {
        "sections": sections,
        "labels": {root: study.label(root) for root in sorted(roots)},
        "benchmarks": _columns(study),
        "prompt": study.main_prompt(),
        "note": study.config.get("note"),
    }
    return settings, {
        "costs": collect_costs(study)["costs"],
        "cells": table_cells(study, study.cells()),
    }


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


def _figure_sections(study: Study, cells: list[str] | None = None) -> list[dict[str, Any]]:
    """Return the sections of all tables, those first that show mostly trained cells.

    A row that is chosen by its numbers stands in another table too; the figure has it once.
    `cells`, if given, are the only ones.
    """
    tables = [
        [
            {
                "section": section["section"],
                "rows": [
                    _row(study, study.cell_of_row(row))
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
    settings = {"benchmarks": _columns(study), "note": study.config.get("note")}
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
        "benchmarks": _columns(study),
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
    rows = (row["cell"] for section in _figure_sections(study) for row in section["rows"])
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
    trained = [prefix for cell in trained_cells(study) for prefix in _prefixes(cell)]
    data = {cell: stages[stages_of(cell)[-1]]["data"] for cell in trained}
    labels = {cell: stages[stages_of(cell)[-1]]["label"] for cell in trained}
    roots = {model_of(cell): study.label(model_of(cell)) for cell in trained}
    settings = {
        "labels": labels | roots,
        "data": data,
        "datasets": list(dict.fromkeys(data.values())),
        "evaluated": cells,
        "untrained": [study.label(c) for c in cells if not stages_of(c) and c not in roots],
        "benchmarks": [column["label"] for column in _columns(study)],
        "note": study.config.get("note"),
    }
    return settings, {}


def _prefixes(cell: str) -> list[str]:
    """Return the trained cells on the way to a cell, with itself."""
    root, *stages = cell.split("+")
    return ["+".join([root, *stages[: n + 1]]) for n in range(len(stages))]


# ------------------------------------------------------------------------------------- targets


def targets(study: Study) -> dict[str, list[Job]]:
    """Return the jobs that each named target asks for; `all` is all of them, and the data cards."""
    used = {study.config["stages"][stage]["data"] for c in study.cells() for stage in stages_of(c)}
    named = {
        "scores": [
            collect_scores(study),
            collect_costs(study),
            compare_parents(study),
            draw_conclusions(study),
        ],
        "tables": [make_table(study, table=table) for table in study.config["tabulate"]],
        "figures": [plot_scores(study)],
    }
    if printed_cells(study):
        named["scores"].append(compare_reported(study))
        named["figures"].append(plot_reported(study))
    named["tables"].append(audit_paper(study))
    named["tables"].append(check_claims(study))
    named["tables"].append(make_answer_table(study))
    if trained_cells(study):
        named["figures"] += [plot_curves(study), plot_dag(study)]
    if gaining_cells(study):
        named["figures"].append(plot_gains(study))
    if study.sensitivity_cells():
        named["tables"].append(make_prompt_table(study))
        named["figures"].append(plot_prompts(study))
    named["tables"].append(make_cost_table(study))
    named["figures"].append(plot_costs(study))
    cards = [make_data_card(study, dataset=dataset) for dataset in sorted(used)]
    return named | {"all": [*(made for jobs in named.values() for made in jobs), *cards]}


def target_files(study: Study, target: str) -> list[File]:
    """Return the files that a named target asks for."""
    return [made[name] for made in targets(study)[target] for name in made.outputs]
