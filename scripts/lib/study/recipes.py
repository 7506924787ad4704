"""A stage's hyperparameters."""

from typing import Any

from scripts.lib.study.cells import Study


def recipe_of(study: Study, stage: str) -> dict[str, Any]:
    """Return a stage's hyperparameters: its recipe's, but for the size of a pass that it names."""
    definition = study.config["stages"][stage]
    own = {n: v for n, v in definition.items() if n == "per_device_train_batch_size"}
    return study.config["recipes"][definition["recipe"]] | own
