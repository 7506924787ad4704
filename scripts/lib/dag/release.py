"""What a study releases: a folder per trained cell, and the results as a data set (release.smk)."""

from typing import Any

from scripts.lib.dag.code import ROOT
from scripts.lib.dag.data import make_data_card
from scripts.lib.dag.evaluate import evaluate, sizes_of
from scripts.lib.dag.jobs import File, Inputs, Job, Settings, entry
from scripts.lib.dag.models import model
from scripts.lib.dag.products import products
from scripts.lib.dag.report import lineage_of
from scripts.lib.dag.rows import columns
from scripts.lib.dag.score import cells_under_prompts
from scripts.lib.files import digest_files
from scripts.lib.study.cells import Study, chain_of, model_of, parent_of, stages_of

TEMPLATES = ROOT / "scripts" / "lib" / "release" / "templates"
KEPT = (".csv", ".md")  # of tables and frames, what the data set holds


def released_cells(study: Study) -> list[str]:
    """Return the trained cells of the tables: untrained models are published by others."""
    return [cell for cell in study.cells() if stages_of(cell)]


def releases(study: Study) -> list[Job]:
    """Return the jobs of the target `release`."""
    return [
        *(release_cell(study, cell=cell) for cell in released_cells(study)),
        release_results(study),
    ]


@entry(
    "release_cell",
    {"card": "release/{cell}/README.md", "record": "release/{cell}.record.json"},
)
def release_cell(study: Study, cell: str) -> tuple[Settings, Inputs]:
    """Return what a card calls things and the config knows, and every record that it reports."""
    config, seeds, root = study.config, study.seeds(), study.config["models"][model_of(cell)]
    chain = chain_of(cell)
    runs = _evaluations(study, [cell])
    settings = {
        **_shared(study),
        "cell": cell,
        "label": study.label(cell),
        "parent": parent_of(cell),
        "parent_label": study.label(parent_of(cell) or ""),
        "root": {"model": model_of(cell), "label": root["label"]}
        | {name: root.get(name) for name in ("repo", "revision", "license")},
        "stages": [stage_of(study, prefix) for prefix in chain],
        "prompts": {name: config["prompts"][name] for name in study.prompts_of(cell)},
        "sizes": {task: sizes_of(study, task) for task in study.tasks_of(cell)},
        "evaluation": config["evaluation"],
        "grader": config["grader"],
    }
    trainings = [model(study, prefix, seed) for prefix in chain for seed in seeds]
    sources = [job for job in lineage_of(study, cell) if job not in trainings]
    return settings, {
        "trainings": [job["record"] for job in trainings],
        "sources": [job["record"] for job in sources],
        "cells": cells_under_prompts(study, [cell]),
        "runs": [run["record"] for run in runs],
        "scores": [run["scores"] for run in runs],
    }


def stage_of(study: Study, prefix: str) -> dict[str, Any]:
    """Return what the config knows of a cell's last stage: its trainer, and its data."""
    stage = stages_of(prefix)[-1]
    definition = study.config["stages"][stage]
    dataset = definition["data"]
    data = study.config["datasets"][dataset]
    return {
        "cell": prefix,
        "stage": stage,
        "label": definition["label"],
        "trainer": definition["trainer"],
        "dataset": dataset,
        "source": make_data_card(study, dataset=dataset).settings["source"],
        "hub": data.get("hub"),
        "license": data.get("license"),
    }


def _shared(study: Study) -> Settings:
    """Return what both kinds of card say of the study."""
    return {
        "study": study.name,
        "note": study.config.get("note"),
        "seeds": study.seeds(),
        "main_prompt": study.main_prompt(),
        "benchmarks": [
            of
            | {"task_id": study.config["benchmarks"][of["name"]].get("task_id")}
            | benchmark_source(study, of["name"])
            for of in columns(study)
        ],
        "templates": digest_files(TEMPLATES),
    }


def benchmark_source(study: Study, benchmark: str) -> dict[str, Any]:
    """Return the data set behind a benchmark, its place on the hub if it has one, its licence."""
    dataset = study.config["benchmarks"][benchmark]["dataset"]
    data = study.config["datasets"][dataset]
    hub = data.get("hub")
    named = ("repo", "revision", "subset", "split")
    return {
        "dataset": dataset,
        "hub": {name: hub.get(name) for name in named} if hub else None,
        "license": data.get("license"),
    }


def _evaluations(study: Study, cells: list[str]) -> list[Job]:
    return [
        evaluate(study, cell=cell, seed=seed, task=task)
        for cell in cells
        for seed in study.seeds()
        for task in study.tasks_of(cell)
    ]


@entry(
    "release_results",
    {
        "card": "release/results-dataset/README.md",
        "record": "release/results-dataset.record.json",
    },
)
def release_results(study: Study) -> tuple[Settings, Inputs]:
    """Return what the data card calls things, and every completion, table and frame."""
    runs = _evaluations(study, study.cells())
    settings = _shared(study) | {
        "labels": {cell: study.label(cell) for cell in study.cells()},
        "prompts": sorted({name for cell in study.cells() for name in study.prompts_of(cell)}),
    }
    return settings, {
        "completions": [run["details"] for run in runs],
        "scores": [run["scores"] for run in runs],
        "tables": _texts(study),
    }


def _texts(study: Study) -> list[File]:
    """Return the frames with their legends, and the tables, as CSV and Markdown."""
    made = products(study)
    return [
        job[name]
        for job in (*made["scores"], *made["tables"])
        for name, path in job.outputs.items()
        if path.endswith(KEPT)
    ]
