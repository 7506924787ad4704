"""Trained cells: one stage at a time, from the prefix's own checkpoint (rules/train.smk)."""

from scripts.lib.dag.data import examples, grader_of
from scripts.lib.dag.jobs import Inputs, Job, Settings, entry, job
from scripts.lib.dag.models import model_rule, untrained
from scripts.lib.dag.rewards import reward_settings
from scripts.lib.study.cells import Study, model_of, parent_of, stages_of
from scripts.lib.study.recipes import recipe_of
from scripts.lib.study.uses import template_settings

RECORD = "models/{cell}/seed-{seed}/training.json"
ROLLOUTS = "models/{cell}/seed-{seed}/rollouts.jsonl"  # a sample of them, for readers
LAUNCHED = ("scripts/accelerate/ddp.yaml", "scripts/accelerate/zero2.yaml")
# When unfinished work is saved changes no result.
NOT_DECIDING = ("save_steps",)


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


def _training(study: Study, cell: str, seed: int) -> tuple[Settings, Inputs]:
    stage = stages_of(cell)[-1]
    recipe = recipe_of(study, stage)
    settings = {
        "seed": seed,
        "recipe": {name: value for name, value in recipe.items() if name not in NOT_DECIDING},
        "chat_template_kwargs": template_settings(study, model_of(cell)),
    }
    return settings, {
        "parent": model(study, parent_of(cell) or "", seed)["record"],
        "examples": examples(study, study.config["stages"][stage]["data"])["rows"],
    }


@entry("train_sft", {"record": RECORD}, reads=LAUNCHED, checkpoint=True)
def train_sft(study: Study, cell: str, seed: int) -> tuple[Settings, Inputs]:
    """Return a stage's recipe, the prefix's checkpoint and the examples."""
    return _training(study, cell, seed)


@entry("train_grpo", {"record": RECORD, "rollouts": ROLLOUTS}, reads=LAUNCHED, checkpoint=True)
def train_grpo(study: Study, cell: str, seed: int) -> tuple[Settings, Inputs]:
    """Return a stage's recipe and rewards, the prefix's checkpoint and the examples."""
    settings, inputs = _training(study, cell, seed)
    stage = stages_of(cell)[-1]
    grader = grader_of(study, study.config["stages"][stage]["data"])
    return settings | {"rewards": reward_settings(study, stage), "grader": grader}, inputs
