"""What the closed schema refuses in a config, in words."""

import functools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from scripts.lib.console import nearest

SCHEMA = Path(__file__).parents[3] / "config.schema.yaml"
KeyPath = tuple[str | int, ...]


@functools.cache
def schema() -> dict[str, Any]:
    """Return config.schema.yaml."""
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


def schema_mistakes(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield (path, message) of everything that the closed schema refuses."""
    validator = jsonschema.Draft202012Validator(schema())
    for error in sorted(validator.iter_errors(config), key=lambda error: list(error.path)):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            known = error.schema["properties"]
            for key in error.instance.keys() - known.keys():
                yield (*path, key), f"unknown key{nearest(key, known)}"
        else:
            yield path, _schema_message(error)
    for path, value in _numbers(config):
        if not math.isfinite(value):
            yield path, f"{value} is no finite number; a typo here must not look like a collapse"


def _numbers(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, float]]:
    """Yield (path, number) of every float in a config; to a schema `.inf` is a number too."""
    if isinstance(value, float):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _numbers(item, (*path, index))


def missing_keys(recipe: dict[str, Any], trainer: str) -> list[str]:
    """Return the dotted keys that a resolved recipe lacks of those that its trainer must be told.

    >>> missing_keys({"lora": {"r": 8, "lora_alpha": 16, "lora_dropout": 0.0}}, "sft")[-1]
    'lora.target_modules'
    """
    decided = jsonschema.Draft202012Validator(schema()["$defs"]["resolved"][trainer])
    lacking = (
        (*error.absolute_path, key)
        for error in decided.iter_errors(recipe)
        for key in error.validator_value
        if key not in error.instance
    )
    return list(dict.fromkeys(".".join(map(str, path)) for path in lacking))


def _schema_message(error: jsonschema.ValidationError) -> str:
    value = error.instance
    if error.validator == "type":
        types = error.validator_value
        types = types if isinstance(types, str) else " or ".join(types)
        message = f"must be {types}, not {_shown(value)}"
        if error.validator_value == "number" and isinstance(value, str) and _is_number(value):
            message += "; to YAML a number has a point and a signed exponent, as in 4.0e-5"
        return message
    if error.validator == "pattern":
        return f"{_shown(value)} does not fit: {error.schema.get('description', error.message)}"
    if error.validator == "oneOf":
        choices = (" and ".join(choice["required"]) for choice in error.validator_value)
        return f"must have exactly one of: {'; '.join(choices)}"
    if error.validator == "uniqueItems":
        doubles = [item for index, item in enumerate(value) if item in value[:index]]
        return f"given twice: {', '.join(map(str, doubles))}"
    if error.validator == "minItems":
        return "must not be empty"
    return error.message


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    return f"the text {value!r}" if isinstance(value, str) else repr(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
