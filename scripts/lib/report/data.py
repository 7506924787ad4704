"""The report's data files but those of completions: the study, its problems, its cells."""

from pathlib import Path
from typing import Any

from scripts.lib.dag.models import model
from scripts.lib.dag.report import lineage_of
from scripts.lib.files import read_jsonl
from scripts.lib.report import cells as of_cells
from scripts.lib.report.inputs import Record, Report
from scripts.lib.report.writing import put
from scripts.lib.study.cells import stages_of

TITLE = 120  # characters of a question in a list


def write_study(made: Report, folder: Path) -> None:
    """Write study.js: what there is, with the numbers of every cell."""
    numbers = of_cells.numbers(made.table_cells)
    collapsed = of_cells.collapsed(made.table_cells, made.labels)
    ended = {(of["cell"], of["seed"]) for of in collapsed}
    seeds = made.settings["seeds"]
    cells = [
        {
            **of,
            "trained": bool(of["stages"]),
            "prompts": dict.fromkeys(of["prompts"], made.benchmarks),
            "seeds": seeds,
            "collapsed": [seed for seed in seeds if (of["cell"], seed) in ended],
            "accuracy": numbers.get(of["cell"], {}),
        }
        for of in made.settings["cells"]
    ]
    benchmarks = [
        of | {"problems": len(made.problems[of["name"]]), "chunk": made.chunk_of(of["name"])}
        for of in made.settings["benchmarks"]
    ]
    names = ("main_prompt", "prompts", "seeds", "note")
    study = {name: made.settings[name] for name in names}
    put(
        folder,
        "data/study",
        {"name": made.settings["study"], **study, "benchmarks": benchmarks, "cells": cells},
    )


def write_problems(made: Report, folder: Path) -> None:
    """Write the problems of each benchmark in chunks, and a list of all of them."""
    for benchmark, problems in made.problems.items():
        rows = [{name: of[name] for name in ("id", "question", "gold")} for of in problems]
        titles = [[of["id"], of["question"][:TITLE], of["gold"]] for of in rows]
        put(folder, f"data/problems/{benchmark}/titles", titles)
        chunk = made.chunk_of(benchmark)
        for number, start in enumerate(range(0, len(rows), chunk)):
            put(folder, f"data/problems/{benchmark}/{number}", rows[start : start + chunk])


def write_cells(made: Report, folder: Path) -> None:
    """Write each cell's own file, and the rollouts of its trainings."""
    rollouts = {
        (str(file.job.wildcards["cell"]), int(file.job.wildcards["seed"])): made.path(file)
        for file in made.files("rollouts")
    }
    for of in made.settings["cells"]:
        cell = of["cell"]
        sampled = [seed for seed in made.settings["seeds"] if (cell, seed) in rollouts]
        for seed in sampled:
            rows = read_jsonl(rollouts[cell, seed])
            put(folder, f"data/rollouts/{cell}/seed-{seed}", rows)
        put(folder, f"data/cells/{cell}", cell_page(made, of) | {"rollouts": sampled})


def cell_page(made: Report, of: Record) -> dict[str, Any]:
    """Return what the report says of a cell."""
    cell = of["cell"]
    seeds = made.settings["seeds"] if stages_of(cell) else []
    trainings = [made.records[model(made.study, cell, seed)] for seed in seeds]
    ended = of_cells.collapsed(made.table_cells, made.labels)
    return {
        "cell": cell,
        "label": of["label"],
        "parent": of["parent"],
        "stages": of["stages"],
        "lineage": lineage(made, cell),
        "recipe": trainings[0]["config"]["recipe"] if trainings else None,
        "training_settings": without(trainings[0]["config"], "recipe") if trainings else None,
        "seeds": [of_cells.training(record) for record in trainings],
        "collapsed": [one for one in ended if one["cell"] == cell],
        "curve": of_cells.curve(trainings) if trainings else None,
        "settings": evaluation_settings(made, cell),
        "records": evaluation_records(made, cell),
    }


def without(settings: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return settings without these."""
    return {name: value for name, value in settings.items() if name not in names}


def evaluation_settings(made: Report, cell: str) -> dict[str, dict[str, Any]]:
    """Return {prompt: {benchmark: how it was evaluated}}; the seeds differ in their seed alone."""
    found: dict[str, dict[str, Any]] = {}
    for scores in made.scores:
        if scores["cell"] == cell:
            prompt, benchmark = made.study.prompt_and_benchmark(scores["task"])
            found.setdefault(prompt, {})[benchmark] = without(scores["settings"], "seed")
    return found


def lineage(made: Report, cell: str) -> list[dict[str, Any]]:
    """Return the jobs behind a cell, itself first: models, and the data that they learned from."""
    nodes = []
    for job in lineage_of(made.study, cell):
        named = str(next(iter(job.wildcards.values())))
        name = str(job.wildcards.get("cell") or job.wildcards.get("dataset") or named)
        keys = {"": job.key}
        if "seed" in job.wildcards:
            of_seeds = {seed: model(made.study, name, seed) for seed in made.settings["seeds"]}
            keys = {str(seed): of_seed.key for seed, of_seed in of_seeds.items()}
        node = of_cells.lineage_node(job.rule, name, keys, made.records[job])
        behind = [parent.outputs["record"] for parent in job.parents]
        nodes.append(node | {"record": job.outputs["record"], "made_from": behind})
    return nodes


def evaluation_records(made: Report, cell: str) -> list[dict[str, Any]]:
    """Return where a cell's completions are, with the keys and facts of their evaluations."""
    found = []
    files = made.files("completions")
    for file, scores, run in zip(files, made.scores, made.run_records, strict=True):
        if scores["cell"] == cell:
            prompt, benchmark = made.study.prompt_and_benchmark(scores["task"])
            facts = {name: run.get(name) for name in ("key", "git_commit", "host", "engine")}
            found.append(
                {"seed": scores["seed"], "prompt": prompt, "benchmark": benchmark, **facts}
                | {name: scores[name] for name in ("weights", "statuses")}
                | {"file": file.path, "wall_seconds": run.get("wall_seconds")}
            )
    return found
