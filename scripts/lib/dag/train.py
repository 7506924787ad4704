"""Trained cells: one stage at a time, from the prefix's own checkpoint (rules/train.smk)."""

from scripts.lib.dag.data import answers_to, examples, grader_of, pairs
from scripts.lib.dag.jobs import File, Inputs, Settings, entry
from scripts.lib.dag.models import model
from scripts.lib.dag.rewards import reward_settings
from scripts.lib.study.cells import Study, model_of, parent_of, stages_of
from scripts.lib.study.recipes import recipe_of
from scripts.lib.study.uses import template_settings

RECORD = "models/{cell}/seed-{seed}/training.json"
ROLLOUTS = "models/{cell}/seed-{seed}/rollouts.jsonl"  # a sample of them, for readers
LAUNCHED = ("scripts/accelerate/ddp.yaml", "scripts/accelerate/zero2.yaml")
# When unfinished work is saved changes no result.
NOT_DECIDING = ("save_steps",)


def _training(
    study: Study, cell: str, seed: int, data: File | None = None
) -> tuple[Settings, dict[str, File]]:
    """Return what all trainings have; `data` are its rows, of most the examples of its data set."""
    stage = stages_of(cell)[-1]
    recipe = recipe_of(study, stage)
    settings = {
        "seed": seed,
        "recipe": {name: value for name, value in recipe.items() if name not in NOT_DECIDING},
        "chat_template_kwargs": template_settings(study, model_of(cell)),
    }
    return settings, {
        "parent": model(study, parent_of(cell) or "", seed)["record"],
        "examples": data or examples(study, study.config["stages"][stage]["data"])["rows"],
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


@entry("train_gkd", {"record": RECORD}, reads=LAUNCHED, checkpoint=True)
def train_gkd(study: Study, cell: str, seed: int) -> tuple[Settings, Inputs]:
    """Return a stage's recipe, the checkpoints of prefix and teacher, and the problems.

    A trained teacher is that of the same seed.
    """
    settings, inputs = _training(study, cell, seed)
    teacher = study.teacher_of(stages_of(cell)[-1])
    record = model(study, teacher, seed)["record"]
    return settings | {"trainer": "gkd", "teacher": teacher}, inputs | {"teacher": record}


@entry("train_dpo", {"record": RECORD}, reads=LAUNCHED, checkpoint=True)
def train_dpo(study: Study, cell: str, seed: int) -> tuple[Settings, Inputs]:
    """Return a stage's recipe, the prefix's checkpoint and the pairs, perhaps of its answers."""
    data = study.config["stages"][stages_of(cell)[-1]]["data"]
    answered = answers_to(study, data, parent_of(cell) or "", seed)
    settings, inputs = _training(study, cell, seed, pairs(study, answered)["rows"])
    return settings | {"trainer": "dpo"}, inputs
