"""What every job of the study is: its settings, and the one key that decides whether it reruns.

A job's key is the digest of its settings, its code, its pinned packages and the keys of the jobs
whose files it reads. Keys are cumulative, because Snakemake compares parameters as a bag of values
and forgets those of a job that failed: with one cumulative string a result can never be taken for
current while anything before it changed.
"""

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.lib.files import sha256_of
from scripts.lib.study.cells import Study, model_of, parent_of, stages_of
from scripts.lib.study.fingerprint import code_fingerprint, environment_fingerprint

Settings = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Job:
    """One job of the DAG."""

    rule: str
    settings: Settings  # everything that decides the result, besides the files of its parents
    parents: list[str]  # keys of the jobs whose files it reads
    wildcards: dict[str, str | int] = field(default_factory=dict)
    reads: list["Job"] = field(default_factory=list)  # the parents themselves

    @functools.cached_property
    def key(self) -> str:
        """Return the hex sha256 that stands for everything the job's result depends on."""
        facts = {
            "settings": self.settings,
            "parents": self.parents,
            "code": code_fingerprint(self.rule),
            "environment": environment_fingerprint(self.rule),
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def job(study: Study, rule: str, **wildcards: str | int) -> Job:
    """Return the job of a rule for these wildcards; a job that many others need is made once."""
    if "seed" in wildcards:
        wildcards["seed"] = int(wildcards["seed"])
    return _job(study, rule, tuple(sorted(wildcards.items())))


@functools.cache
def _job(study: Study, rule: str, wildcards: tuple[tuple[str, str | int], ...]) -> Job:
    settings, parents = JOBS[rule](study, **dict(wildcards))
    return Job(rule, settings, [parent.key for parent in parents], dict(wildcards), parents)


# ------------------------------------------------------------------------------------- models


def model_rule(study: Study, model: str) -> str:
    """Return the rule that makes an untrained model available."""
    return "build_model" if "build" in study.config["models"][model] else "fetch_model"


def _model(study: Study, model: str) -> Job:
    return job(study, model_rule(study, model), model=model)


def _fetch_model(study: Study, model: str) -> tuple[Settings, list[Job]]:
    definition = study.config["models"][model]
    if "path" not in definition:
        return {"repo": definition["repo"], "revision": definition["revision"]}, []
    folder = Path(definition["path"])
    files = {
        path.relative_to(folder).as_posix(): [path.stat().st_size, path.stat().st_mtime_ns]
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return {"path": definition["path"], "files": files}, []


def _template(study: Study, model: str) -> Settings:
    return study.config["models"][model].get("chat_template_kwargs", {})


def _build_tokenizer(study: Study, tokenizer: str) -> tuple[Settings, list[Job]]:
    return {**study.config["tokenizers"][tokenizer], "prompts": study.config["prompts"]}, []


def _build_model(study: Study, model: str) -> tuple[Settings, list[Job]]:
    build = study.config["models"][model]["build"]
    parents = [job(study, "build_tokenizer", tokenizer=build["tokenizer"])]
    if "start" in build:
        parents.append(_model(study, build["start"]))
    return {"build": build, "prompts": study.config["prompts"]}, parents


# --------------------------------------------------------------------------------------- data


def dataset_rule(study: Study, dataset: str) -> str:
    """Return the rule that makes a data set's raw rows."""
    definition = study.config["datasets"][dataset]
    for source, rule in (("generate", "generate_dataset"), ("distill", "sample_traces")):
        if source in definition:
            return rule
    return "fetch_dataset"


def examples_rule(study: Study, dataset: str) -> str:
    """Return the rule that makes a data set's training examples."""
    traces = "problems" in study.config["datasets"][dataset]
    return "verify_traces" if traces else "make_examples"


def _raw(study: Study, dataset: str) -> Job:
    return job(study, dataset_rule(study, dataset), dataset=dataset)


def _fetch_dataset(study: Study, dataset: str) -> tuple[Settings, list[Job]]:
    definition = study.config["datasets"][dataset]
    if not study.config.get("mirror"):
        return {"schema": definition["schema"], "hub": definition["hub"]}, []
    file, mirror = mirror_file(study, dataset), definition["mirror"]
    # Where the config pins no content, the content found is what the key stands for.
    pinned = mirror if "sha256" in mirror else mirror | {"sha256": sha256_of(file)}
    return {"schema": definition["schema"], "mirror": pinned}, []


def mirror_file(study: Study, dataset: str) -> Path:
    """Return a data set's file in the mirror folder; end where it is not there."""
    folder, key = Path(study.config["mirror"]), f"datasets.{dataset}.mirror"
    if "mirror" not in study.config["datasets"][dataset]:
        raise SystemExit(
            f"{key}: not given, but the mirror {folder} is in use; name its file there"
        )
    file = folder / study.config["datasets"][dataset]["mirror"]["file"]
    if not file.is_file():
        raise SystemExit(
            f"{file}: no such file, but {key}.file names it and the mirror (SRLM_MIRROR or "
            "`mirror`) is in use. Put the file there, or unset the mirror."
        )
    return file


def _generate_dataset(study: Study, dataset: str) -> tuple[Settings, list[Job]]:
    definition = study.config["datasets"][dataset]
    return {"schema": definition["schema"], **definition["generate"]}, []


def _load_problems(study: Study, dataset: str) -> tuple[Settings, list[Job]]:
    schema = study.config["datasets"][dataset]["schema"]
    return {"schema": schema}, [_raw(study, dataset)]


def _problems(study: Study, dataset: str) -> Job:
    return job(study, "load_problems", dataset=dataset)


def _clean_dataset(study: Study, dataset: str) -> tuple[Settings, list[Job]]:
    cleaning = study.config["cleaning"]
    tests = [_problems(study, test) for test in cleaning["decontaminate"]]
    return cleaning, [_problems(study, dataset), *tests]


def _make_examples(study: Study, dataset: str) -> tuple[Settings, list[Job]]:
    prompt = study.config["prompts"][study.config["examples"]["prompt"]]
    return {"prompt": prompt}, [job(study, "clean_dataset", dataset=dataset)]


def _sample_traces(study: Study, dataset: str) -> tuple[Settings, list[Job]]:
    definition = study.config["datasets"][dataset]
    distill = definition["distill"]
    settings = {
        **distill,
        "prompt": study.config["prompts"][distill["prompt"]],
        "chat_template_kwargs": _template(study, distill["teacher"]),
    }
    problems = job(study, "clean_dataset", dataset=definition["problems"])
    return settings, [_model(study, distill["teacher"]), problems]


def _verify_traces(study: Study, dataset: str) -> tuple[Settings, list[Job]]:
    definition = study.config["datasets"][dataset]
    settings = {
        "schema": definition["schema"],
        "prompt": study.config["prompts"][study.config["examples"]["prompt"]],
        "grader": study.config["grader"],
    }
    problems = job(study, "clean_dataset", dataset=definition["problems"])
    return settings, [_raw(study, dataset), problems]


def _examples(study: Study, dataset: str) -> Job:
    return job(study, examples_rule(study, dataset), dataset=dataset)


def _count_tokens(study: Study, dataset: str, model: str) -> tuple[Settings, list[Job]]:
    limits = {
        stage["recipe"]: study.config["recipes"][stage["recipe"]]["max_length"]
        for stage in study.config["stages"].values()
        if stage["data"] == dataset and stage["trainer"] == "sft"
    }
    settings = {"max_length": limits, "chat_template_kwargs": _template(study, model)}
    return settings, [_examples(study, dataset), _model(study, model)]


def trained_models(study: Study, dataset: str) -> list[str]:
    """Return the untrained models that a data set is used on, by way of any of their cells."""
    stages = study.config["stages"]
    cells = [c for c in study.cells() if dataset in (stages[s]["data"] for s in stages_of(c))]
    return sorted({model_of(cell) for cell in cells})


def card_records(study: Study, dataset: str) -> list[str]:
    """Return the steps of a training set that its card reports, as their records are called."""
    traces = examples_rule(study, dataset) == "verify_traces"
    return ["raw", "examples"] if traces else ["raw", "problems", "clean", "examples"]


def _make_data_card(study: Study, dataset: str) -> tuple[Settings, list[Job]]:
    steps = {
        "raw": _raw(study, dataset),
        "problems": _problems(study, dataset),
        "clean": job(study, "clean_dataset", dataset=dataset),
        "examples": _examples(study, dataset),
    }
    tokens = [
        job(study, "count_tokens", dataset=dataset, model=model)
        for model in trained_models(study, dataset)
    ]
    source = _source(study, dataset)
    return {"source": source}, [*(steps[n] for n in card_records(study, dataset)), *tokens]


def _source(study: Study, dataset: str) -> dict[str, str]:
    """Return what a card says about where a data set's rows come from; the config has the rest."""
    definition, made = study.config["datasets"][dataset], _raw(study, dataset)
    named = {"rule": made.rule, "schema": definition["schema"]}
    if "problems" in definition:
        named["golds of"] = definition["problems"]
    described = made.settings.get("hub") or made.settings.get("mirror") or made.settings
    scalars = {n: str(v) for n, v in described.items() if not isinstance(v, dict | list)}
    return named | scalars


# ----------------------------------------------------------------------------------- training


def trainer_rule(study: Study, stage: str) -> str:
    """Return the rule that trains a stage."""
    return f"train_{study.config['stages'][stage]['trainer']}"


def cell_rule(study: Study, cell: str) -> str:
    """Return the rule that makes a cell's model."""
    stages = stages_of(cell)
    return trainer_rule(study, stages[-1]) if stages else model_rule(study, cell)


def _cell(study: Study, cell: str, seed: int) -> Job:
    if parent_of(cell) is None:
        return _model(study, cell)
    return job(study, cell_rule(study, cell), cell=cell, seed=seed)


def recipe_of(study: Study, stage: str) -> Settings:
    """Return a stage's hyperparameters: its recipe's, but for the size of a pass that it names."""
    definition = study.config["stages"][stage]
    own = {n: v for n, v in definition.items() if n == "per_device_train_batch_size"}
    return study.config["recipes"][definition["recipe"]] | own


def _train(study: Study, cell: str, seed: int) -> tuple[Settings, list[Job]]:
    stage = study.config["stages"][stages_of(cell)[-1]]
    settings = {
        "seed": seed,
        "recipe": recipe_of(study, stages_of(cell)[-1]),
        "chat_template_kwargs": _template(study, model_of(cell)),
    }
    if stage["trainer"] == "grpo":
        settings |= {name: study.config[name] for name in ("rewards", "grader", "collapse")}
    return settings, [_cell(study, parent_of(cell), seed), _examples(study, stage["data"])]


# --------------------------------------------------------------------- evaluation and scores


def _benchmark_evaluation(study: Study, cell: str, seed: int, benchmark: str) -> Job:
    """Return one benchmark's part of an evaluation: the unit that is never evaluated twice."""
    evaluation = study.config["evaluation"]
    definition = study.config["benchmarks"][benchmark]
    model = study.config["models"][model_of(cell)]
    settings = {
        **evaluation,
        **{
            name: min(evaluation[name], model.get(name, evaluation[name]))
            for name in ("max_model_length", "batch_size")
        },
        "chat_template_kwargs": _template(study, model_of(cell)),
        "prompt": study.config["prompts"][evaluation["prompt"]],
        "num_samples": definition["num_samples"],
        "grader": study.config["grader"],
        "seed": seed,
    }
    parents = [_cell(study, cell, seed), _problems(study, definition["dataset"])]
    return Job("evaluate", settings, [parent.key for parent in parents])


def _evaluate(study: Study, cell: str, seed: int) -> tuple[Settings, list[Job]]:
    parts = {
        benchmark: _benchmark_evaluation(study, cell, seed, benchmark)
        for benchmark in study.benchmarks()
    }
    settings = {name: {**part.settings, "key": part.key} for name, part in parts.items()}
    datasets = [study.config["benchmarks"][name]["dataset"] for name in study.benchmarks()]
    problems = [_problems(study, dataset) for dataset in datasets]
    return {"benchmarks": settings}, [_cell(study, cell, seed), *problems]


def _score_cell(study: Study, cell: str) -> tuple[Settings, list[Job]]:
    benchmarks = {
        benchmark: {
            str(seed): _benchmark_evaluation(study, cell, seed, benchmark).key
            for seed in study.seeds()
        }
        for benchmark in study.benchmarks()
    }
    return {"benchmarks": benchmarks}, []


def _collect_scores(study: Study) -> tuple[Settings, list[Job]]:
    settings = {"cells": study.cells(), "benchmarks": study.benchmarks()}
    return settings, [job(study, "score_cell", cell=cell) for cell in study.cells()]


# -------------------------------------------------------------------------------------- paper


def _make_table(study: Study, table: str) -> tuple[Settings, list[Job]]:
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
        "note": study.config.get("note"),
        "context": _short_contexts(study, table),
    }
    cells = study.cells_of_table(table)
    return settings, [job(study, "score_cell", cell=cell) for cell in cells]


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


def _compare_parents(study: Study) -> tuple[Settings, list[Job]]:
    cells = study.cells()
    scores = [job(study, "score_cell", cell=cell) for cell in cells]
    settings = {
        "pairs": [[cell, parent_of(cell)] for cell in cells if parent_of(cell) in cells],
        "benchmarks": study.benchmarks(),
        "records": {c: s.settings["benchmarks"] for c, s in zip(cells, scores, strict=True)},
    }
    return settings, scores


def _plot_scores(study: Study) -> tuple[Settings, list[Job]]:
    settings = {
        "sections": _figure_sections(study),
        "benchmarks": _columns(study),
        "note": study.config.get("note"),
    }
    return settings, [job(study, "score_cell", cell=cell) for cell in study.cells()]


def _figure_sections(study: Study) -> list[dict[str, Any]]:
    """Return the sections of the tables that train something, or of all if none does.

    A row that is chosen by its numbers stands in another table too; the figure has it once.
    """
    tables = [
        [
            {
                "section": section["section"],
                "rows": [
                    _row(study, study.cell_of_row(row))
                    for row in section["rows"]
                    if isinstance(row, str)
                ],
            }
            for section in study.config["tables"][name]["sections"]
        ]
        for name in study.config["tabulate"]
    ]
    training = [t for t in tables if any(stages_of(row["cell"]) for s in t for row in s["rows"])]
    return [section for table in training or tables for section in table]


JOBS: dict[str, Callable[..., tuple[Settings, list[Job]]]] = {
    "fetch_model": _fetch_model,
    "build_tokenizer": _build_tokenizer,
    "build_model": _build_model,
    "fetch_dataset": _fetch_dataset,
    "generate_dataset": _generate_dataset,
    "load_problems": _load_problems,
    "clean_dataset": _clean_dataset,
    "make_examples": _make_examples,
    "sample_traces": _sample_traces,
    "verify_traces": _verify_traces,
    "count_tokens": _count_tokens,
    "make_data_card": _make_data_card,
    "train_sft": _train,
    "train_grpo": _train,
    "evaluate": _evaluate,
    "score_cell": _score_cell,
    "collect_scores": _collect_scores,
    "compare_parents": _compare_parents,
    "make_table": _make_table,
    "plot_scores": _plot_scores,
}
