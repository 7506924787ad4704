"""Untrained models: fetched from the hub, from a local folder, or built (rules/models.smk).

And which job makes the model of any cell.
"""

from pathlib import Path
from typing import Any

from scripts.lib.dag.jobs import Inputs, Job, Settings, entry, job
from scripts.lib.digests import kept_digests
from scripts.lib.model.integrity import refuse_links_outside, require_files
from scripts.lib.study.cells import Study, parent_of, stages_of
from scripts.lib.study.traces import endpoint_of


def model_rule(study: Study, model: str) -> str:
    """Return the rule that makes an untrained model available; of an endpoint's, its traces."""
    if endpoint_of(study.config, model):
        return "fetch_traces"
    return "build_model" if "build" in study.config["models"][model] else "fetch_model"


def untrained(study: Study, model: str) -> Job:
    """Return the job that makes an untrained model available."""
    return job(study, model_rule(study, model), model=model)


def cell_rule(study: Study, cell: str) -> str:
    """Return the rule that makes a cell's model."""
    stages = stages_of(cell)
    if not stages:
        return model_rule(study, cell)
    return f"train_{study.config['stages'][stages[-1]]['trainer']}"


def model(study: Study, cell: str, seed: int) -> Job:
    """Return the job that makes a cell's model; an untrained one has no seed."""
    if parent_of(cell) is None:
        return untrained(study, cell)
    return job(study, cell_rule(study, cell), cell=cell, seed=seed)


def path_is_recorded(study: Study, record: dict[str, Any], model: str) -> bool:
    """Say whether a record names the folder in which the config has a model, if it is a folder."""
    path = study.config["models"][model].get("path")
    return record.get("source", {}).get("path") == path


@entry(
    "fetch_model",
    {"record": "models/{model}/model.json"},
    checkpoint=True,
    satisfied=path_is_recorded,
)
def fetch_model(study: Study, model: str) -> tuple[Settings, Inputs]:
    """Return the source of a model: its commit, or the content of a local folder."""
    definition = study.config["models"][model]
    if "path" in definition:
        folder = Path(definition["path"])
        refuse_links_outside(folder, f"models.{model}.path")
        require_files(folder, f"models.{model}.path")
        return {"files": kept_digests(folder)}, {}
    if definition["revision"] is None:
        raise SystemExit(
            f"models.{model}.revision: no commit of {definition['repo']} is pinned. Record its "
            f"current one there by: python -m scripts.pin_revision {model} --config FILE"
        )
    return {"repo": definition["repo"], "revision": definition["revision"]}, {}


@entry("build_tokenizer", {"record": "tokenizers/{tokenizer}/tokenizer.json"}, checkpoint=True)
def build_tokenizer(study: Study, tokenizer: str) -> tuple[Settings, Inputs]:
    """Return the corpus and size of a toy tokenizer."""
    definition = study.config["tokenizers"][tokenizer]
    return {**definition, "prompts": _prompts_of(study, definition["corpus"])}, {}


@entry("build_model", {"record": "models/{model}/model.json"}, checkpoint=True)
def build_model(study: Study, model: str) -> tuple[Settings, Inputs]:
    """Return how a toy model is built, its tokenizer, and the model that it starts from, if any."""
    build = study.config["models"][model]["build"]
    inputs: Inputs = {
        "tokenizer": build_tokenizer(study, tokenizer=build["tokenizer"])["record"],
        "start": [untrained(study, build["start"])["record"]] if "start" in build else [],
    }
    decides = {name: value for name, value in build.items() if name != "save_steps"}
    return {"build": decides, "prompts": _prompts_of(study, build["corpus"])}, inputs


def _prompts_of(study: Study, corpus: dict[str, Any]) -> dict[str, Any]:
    """Return the prompts that a toy corpus is written with; its form "plain" needs none."""
    forms = {document["form"] for document in corpus["documents"]} - {"plain"}
    return {name: study.config["prompts"][name] for name in sorted(forms)}
