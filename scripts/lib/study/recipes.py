"""Recipes that inherit: a recipe with `inherit: OTHER` says only what it does otherwise.

A stage says by `override` what it alone does otherwise than its recipe.
"""

from collections.abc import Mapping
from typing import Any

from scripts.lib.study.cells import Study

INHERIT = "inherit"
OVERRIDE = "override"
REWARDS = "rewards"
SCHEDULE = "lr_scheduler_kwargs"


def recipe_of(study: Study, stage: str) -> dict[str, Any]:
    """Return a stage's hyperparameters: its recipe with all that it inherits, and its override."""
    return {key: value for key, value in _whole(study, stage).items() if key != REWARDS}


def rewards_of(study: Study, stage: str) -> dict[str, Any]:
    """Return a stage's rewards: those of the study, and over them those of its recipe."""
    return _merged(study.config[REWARDS], _whole(study, stage).get(REWARDS, {}))


def _whole(study: Study, stage: str) -> dict[str, Any]:
    definition = study.config["stages"][stage]
    recipe = resolved(study.config["recipes"], definition["recipe"])
    recipe = _merged(recipe, definition.get(OVERRIDE, {}))
    # A mapping over a mapping only adds; null takes an argument of another schedule away.
    schedule = recipe.get(SCHEDULE) or {}
    left = {name: value for name, value in schedule.items() if value is not None}
    return recipe | ({SCHEDULE: left} if SCHEDULE in recipe else {})


def label_of(study: Study, stage: str) -> str:
    """Return how a stage's hyperparameters are called: its recipe, or itself with an override."""
    definition = study.config["stages"][stage]
    return stage if definition.get(OVERRIDE) else definition["recipe"]


def resolved(recipes: Mapping[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """Return a recipe merged over the one that it inherits, mappings deeply, without `inherit`.

    >>> resolved({"a": {"x": 1, "l": {"r": 1}}, "b": {"inherit": "a", "l": {"p": 2}}}, "b")
    {'x': 1, 'l': {'r': 1, 'p': 2}}
    """
    own = {key: value for key, value in recipes[name].items() if key != INHERIT}
    if INHERIT not in recipes[name]:
        return own
    return _merged(resolved(recipes, recipes[name][INHERIT]), own)


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both_mappings = {
        key: _merged(under[key], value)
        for key, value in over.items()
        if isinstance(value, dict) and isinstance(under.get(key), dict)
    }
    return under | over | both_mappings


def ancestors(recipes: Mapping[str, dict[str, Any]], name: str) -> list[str]:
    """Return the recipes that one inherits from, nearest first; ends at an unknown or repeated one.

    A recipe that inherits from itself is among its own ancestors.
    """
    found: list[str] = []
    while (name := recipes.get(name, {}).get(INHERIT, "")) and name not in found:
        found.append(name)
    return found
