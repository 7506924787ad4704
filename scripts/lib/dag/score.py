"""From evaluations to table cells, one table of scores, and comparisons (rules/score.smk)."""

from collections.abc import Callable, Iterable
from typing import Any

from scripts.lib.dag.data import all_raw, trained_on
from scripts.lib.dag.evaluate import evaluate
from scripts.lib.dag.jobs import File, Inputs, Job, Settings, entry
from scripts.lib.dag.models import model
from scripts.lib.paper.files import PAPER, read_paper_file
from scripts.lib.paper.printed import read_reported
from scripts.lib.study.cells import Study, model_of, parent_of, stages_of
from scripts.lib.study.recipes import recipe_of


@entry(
    "score_cell",
    {"cell": "cells/{cell}/{task}.json", "record": "cells/{cell}/{task}.record.json"},
    by_task=True,
)
def score_cell(study: Study, cell: str, task: str) -> tuple[Settings, Inputs]:
    """Return the evaluations of a table cell, one per seed, and what a collapse is marked by.

    Those are the seeds' trainings, with GRPO's rollouts, and their evaluations on all benchmarks
    under the tables' prompt: a mark is the cell's. An untrained model has none.
    """
    prompt, _ = study.prompt_and_benchmark(task)
    settings: Settings = {"prompt": prompt}
    inputs = dict(_evaluations(study, {cell: [task]}))
    if parent_of(cell) is None:
        return settings, inputs
    every = _evaluations(study, {cell: study.benchmarks()})
    trainings = [model(study, cell, seed) for seed in study.seeds()]
    inputs["trainings"] = [training["record"] for training in trainings]
    if "rollouts" in trainings[0].outputs:
        inputs["rollouts"] = [training["rollouts"] for training in trainings]
    inputs |= {"all_scores": every["scores"], "all_details": every["details"]}
    return settings | {"collapse": study.config["collapse"]}, inputs


def _evaluations(study: Study, tasks: dict[str, list[str]]) -> Inputs:
    """Return the evaluations of all seeds on the tasks of each cell."""
    runs = [
        evaluate(study, cell=cell, seed=seed, task=task)
        for cell in tasks
        for task in tasks[cell]
        for seed in study.seeds()
    ]
    return {"scores": [run["scores"] for run in runs], "details": [run["details"] for run in runs]}


def table_cells(study: Study, cells: list[str]) -> list[File]:
    """Return the table cells of these cells on all benchmarks, under the tables' prompt."""
    return _cell_files(study, {cell: study.benchmarks() for cell in cells})


def cells_under_prompts(study: Study, cells: list[str]) -> list[File]:
    """Return the records of these cells on all benchmarks under every prompt."""
    return _cell_files(study, {cell: study.tasks_of(cell) for cell in cells})


def _cell_files(study: Study, tasks: dict[str, list[str]]) -> list[File]:
    parts: list[Job] = [
        score_cell(study, cell=cell, task=task) for cell in tasks for task in tasks[cell]
    ]
    return [part["cell"] for part in parts]


@entry(
    "collect_scores",
    {"scores": "scores.csv", "legend": "scores.columns.csv", "record": "scores.record.json"},
)
def collect_scores(study: Study) -> tuple[Settings, Inputs]:
    """Return the table cells of the study under every prompt, in the order of the rows."""
    return {}, {"cells": cells_under_prompts(study, study.cells())}


@entry(
    "collect_costs",
    {"costs": "costs.csv", "columns": "costs.columns.csv", "record": "costs.record.json"},
)
def collect_costs(study: Study) -> tuple[Settings, Inputs]:
    """Return the records of all trainings, evaluations and samplings of traces of the study."""
    seeds = study.seeds()
    runs = [
        evaluate(study, cell=cell, seed=seed, task=task)
        for cell in study.cells()
        for seed in seeds
        for task in study.tasks_of(cell)
    ]
    return {}, {
        "traces": [made["record"] for made in _sampled(study)],
        "trainings": [
            model(study, cell, seed)["record"]
            for cell in study.trained_prefixes()
            for seed in seeds
        ],
        "runs": [run["record"] for run in runs],
        "scores": [run["scores"] for run in runs],
    }


def _sampled(study: Study) -> list[Job]:
    """Return the jobs that sample traces or answers here, for what the study's stages train on."""
    used = dict.fromkeys(trained_on(study, prefix)[1] for prefix in study.trained_prefixes())
    made = [job for name in used for job in all_raw(study, name)]
    return [job for job in made if job.rule == "sample_traces"]


@entry(
    "compare_parents",
    {
        "comparisons": "comparisons.csv",
        "legend": "comparisons.columns.csv",
        "record": "comparisons.record.json",
    },
)
def compare_parents(study: Study) -> tuple[Settings, Inputs]:
    """Return the families of pairs that are compared, and the evaluations of the cells in them."""
    return _compared(study), _evaluations(study, _compared_tasks(study))


def _compared(study: Study) -> Settings:
    return {
        "families": families_of(study),
        "benchmarks": study.benchmarks(),
        "main_prompt": study.main_prompt(),
    }


@entry(
    "draw_conclusions",
    {
        "conclusions": "conclusions.csv",
        "legend": "conclusions.columns.csv",
        "text": "conclusions.md",
        "html": "conclusions.html",
        "record": "conclusions.record.json",
    },
)
def draw_conclusions(study: Study) -> tuple[Settings, Inputs]:
    """Return the families under every prompt, the comparisons, and the evaluations behind them."""
    benchmarks = study.config["benchmarks"]
    settings = _compared(study) | {
        "labels": {cell: study.label(cell) for cell in _compared_tasks(study)},
        "benchmark_labels": {name: benchmarks[name]["label"] for name in study.benchmarks()},
        "stage_labels": {n: stage["label"] for n, stage in study.config["stages"].items()},
        "note": study.config.get("note"),
    }
    comparisons = {"comparisons": compare_parents(study)["comparisons"]}
    return settings, comparisons | dict(_evaluations(study, _compared_tasks(study)))


@entry(
    "compare_reported",
    {
        "reproduction": "reproduction.csv",
        "legend": "reproduction.columns.csv",
        "record": "reproduction.record.json",
    },
)
def compare_reported(study: Study) -> tuple[Settings, Inputs]:
    """Return what the paper prints, the study's cells that it prints, and their evaluations."""
    cells = printed_cells(study)
    settings = {
        "reported": read_paper_file("reported.csv"),
        "benchmarks": read_paper_file("benchmarks.csv"),
        "cells": cells,
        "trained": [cell for cell in cells.values() if stages_of(cell)],
        "built": built_cells(study, cells.values()),
    }
    return settings, _evaluations(study, {c: study.benchmarks() for c in cells.values()})


def printed_cells(study: Study) -> dict[str, str]:
    """Return {row of reported.csv: cell of the study} of the paper's cells that the study has."""
    named = {line["cell"]: study.cell_of_row(line["cell"]) for line in _printed_lines()}
    return {row: cell for row, cell in named.items() if cell in study.cells()}


def built_cells(study: Study, cells: Iterable[str]) -> list[str]:
    """Return those of the cells whose untrained model the study builds itself, as a toy."""
    models = study.config["models"]
    return [cell for cell in cells if "build" in models[model_of(cell)]]


def printed_rows() -> list[str]:
    """Return the rows that the paper prints, each once, in its order."""
    return list(dict.fromkeys(line["cell"] for line in _printed_lines()))


def printed_tables() -> set[str]:
    """Return the names of the paper's tables."""
    return {line["table"] for line in _printed_lines()}


def _printed_lines() -> list[dict[str, str]]:
    return read_reported(PAPER / "reported.csv")


def _compared_tasks(study: Study) -> dict[str, list[str]]:
    """Return the tasks of the cells that are compared, in the order of the study's rows."""
    paired = {
        name for family in families_of(study) for pair in family["pairs"] for name in pair[:2]
    }
    return {cell: study.tasks_of(cell) for cell in study.cells() if cell in paired}


def families_of(study: Study) -> list[dict[str, Any]]:
    """Return what each trained cell is compared with: one family of pairs for each question.

    `against` names the question: the cell's parent, the root that it was trained from, the root
    with the cell's last stage alone where that is RL, the same stages in full where some are LoRA.
    `prompts` is the prompt of both sides, or `own`: each side under the prompt that it is at home
    in. A pair is cell, other, how their runs stand to each other (scores/methods.py's Pairing), and
    the prompts of both.
    """
    families = []
    for question in _questions(study):
        for prompts in [*_prompts(study), "own"]:
            pairs = [
                [cell, other, pairing, *chosen]
                for cell, other, pairing in question["pairs"]
                if (chosen := _prompts_of_pair(study, cell, other, prompts))
            ]
            alike = all(first == second for *_, first, second in pairs)
            if pairs and not (prompts == "own" and alike):
                families.append(
                    {"against": question["against"], "prompts": prompts, "pairs": pairs}
                )
    return families


def _prompts(study: Study) -> list[str]:
    """Return the prompts of the study's cells, the main one first."""
    return list(dict.fromkeys(p for cell in study.cells() for p in study.prompts_of(cell)))


def _prompts_of_pair(study: Study, cell: str, other: str, prompts: str) -> list[str] | None:
    """Return the prompts of both sides; None where a side was not evaluated under its one."""
    if prompts == "own":
        first, second = study.own_prompt(cell), study.own_prompt(other)
        return [first, second] if first and second else None
    known = all(prompts in study.prompts_of(name) for name in (cell, other))
    return [prompts, prompts] if known else None


def _questions(study: Study) -> list[dict[str, Any]]:
    cells = study.cells()
    others: dict[str, Callable[[str], str | None]] = {
        "parent": parent_of,
        "root": model_of,
        "direct RL": lambda cell: _direct_rl(study, cell),
        "full": lambda cell: _in_full(study, cell),
    }
    questions = []
    for against, other_of in others.items():
        pairs = [
            [cell, other, _pairing(cell, other)]
            for cell in cells
            if stages_of(cell) and (other := other_of(cell)) in cells and other is not None
        ]
        if pairs:
            questions.append({"against": against, "pairs": pairs})
    return questions


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
        alike = all(
            other.get(key) == stages[stage].get(key) for key in ("trainer", "data", "teacher")
        )
        if alike and "lora" not in recipe_of(study, name):
            return name
    return stage
