"""What the closed schema refuses in a config, in words."""

import datetime
import functools
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from scripts.lib.console import nearest

SCHEMA = Path(__file__).parents[3] / "config.schema.yaml"
KeyPath = tuple[str | int, ...]
LARGEST = 2**63 - 1
FEW = 12  # names that are listed where none is near
LONGEST = 70  # characters of a value or a key that are shown
TURNING = {
    "LRE",
    "RLE",
    "LRO",
    "RLO",
    "LRI",
    "RLI",
    "FSI",
    "PDF",
    "PDI",
}  # the direction of writing


@functools.cache
def schema() -> dict[str, Any]:
    """Return config.schema.yaml."""
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


def schema_mistakes(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield (path, message) of everything that the closed schema refuses, one for each path.

    What has another type or is no number breaks other rules too: that is said alone.
    """
    said: dict[KeyPath, str] = {}
    for path, value in _values(config):
        if isinstance(value, float) and not math.isfinite(value):
            text = f"{value} is no finite number; a typo here must not look like a collapse"
            said.setdefault(path, text)
        if isinstance(value, int) and abs(value) > LARGEST:
            said.setdefault(path, f"{_shown(value)} is more than a machine counts")
    errors = list(_validator(schema()).iter_errors(config))
    for error in sorted(errors, key=lambda error: error.validator != "type"):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            known = error.schema["properties"]
            for key in error.instance.keys() - known.keys():
                said.setdefault((*path, key), f"unknown key{_near(key, known)}")
        elif "propertyNames" in error.absolute_schema_path:
            said.setdefault((*path, error.instance), _schema_message(error))
        else:
            said.setdefault(path, _schema_message(error))
    for path, value in _values(config):
        for item in (value, path[-1]):
            if isinstance(item, str) and (found := _unprintable(item)):
                told = f"holds {found}, which would act on a terminal; remove it"
                said.setdefault(path, told)
    yield from sorted(said.items(), key=lambda item: [str(part) for part in item[0]])


@functools.cache
def _strict() -> type[jsonschema.Draft202012Validator]:
    """Return the validator's class.

    To a plain JSON schema 2.0 is an integer, and to Python's `$` a line break may follow the end.
    """
    plain = jsonschema.Draft202012Validator
    integer = plain.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )

    def pattern(_: Any, wanted: str, text: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
        if isinstance(text, str) and not re.search(wanted.replace("$", r"\Z"), text):
            yield jsonschema.ValidationError(f"{text!r} does not match {wanted!r}")

    return jsonschema.validators.extend(plain, {"pattern": pattern}, type_checker=integer)


def _validator(part: dict[str, Any]) -> Any:
    return _strict()(part)


def _values(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield (path, value) of every key and item of a config."""
    if path:
        yield path, value
    items: Iterable = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield from _values(item, (*path, key))


def _unprintable(text: str) -> str | None:
    """Return the first character that acts on a terminal; line breaks and tabs may stand.

    >>> _unprintable("a\\x1b[2J"), _unprintable("a\\n\\u202e"), _unprintable("\\u200dé")
    ('U+001B', 'U+202E', None)
    """
    for character in text:
        kind = unicodedata.category(character)
        turns = unicodedata.bidirectional(character) in TURNING
        if (kind in ("Cc", "Cs") and character not in "\n\r\t") or turns:
            return f"U+{ord(character):04X}"
    return None


def missing_keys(recipe: dict[str, Any], trainer: str) -> list[str]:
    """Return the dotted keys that a resolved recipe lacks of those that its trainer must be told.

    >>> missing_keys({"lora": {"r": 8, "lora_alpha": 16, "lora_dropout": 0.0}}, "sft")[-1]
    'lora.target_modules'
    """
    decided = _validator(schema()["$defs"]["resolved"][trainer])
    lacking = (
        (*error.absolute_path, key)
        for error in decided.iter_errors(recipe)
        for key in error.validator_value
        if key not in error.instance
    )
    return list(dict.fromkeys(".".join(map(str, path)) for path in lacking))


def _schema_message(error: jsonschema.ValidationError) -> str:
    value, rule, limit = error.instance, error.validator, error.validator_value
    if rule == "type":
        types = limit if isinstance(limit, str) else " or ".join(limit)
        own = error.schema.get("required") == ["file", "function", "weight"]
        if own and isinstance(value, int | float):  # a weight, of a reward that has none
            return f"unknown reward{_near(str(error.absolute_path[-1]), ['accuracy', 'format'])}"
        return f"must be {types}, not {_shown(value)}{_cure(value, types)}"
    if rule in ("pattern", "not"):
        return f"{_shown(value)} does not fit: {error.schema.get('description', error.message)}"
    if rule == "oneOf":
        choices = (" and ".join(choice["required"]) for choice in limit)
        return f"must have exactly one of: {'; '.join(choices)}"
    if rule == "uniqueItems":
        doubles = [item for index, item in enumerate(value) if item in value[:index]]
        return f"given twice: {', '.join(map(str, doubles))}"
    if rule in ("minItems", "minLength"):
        return "must not be empty" if limit == 1 else f"must have {limit} items at least"
    if rule == "maxItems":
        return f"must have {limit} items at most, not {len(value)}"
    if rule == "maxLength":
        return f"{_shown(value)} is too long: {limit} characters at most, not {len(value)}"
    if rule == "enum":
        names = [str(name) for name in limit]
        return f"unknown: {_shown(value)}{_near(str(value), names)}"
    if rule == "required":
        return f"has no {', '.join(key for key in limit if key not in value)}; add it"
    if rule in BOUNDS:
        return f"must be {BOUNDS[rule]} {limit}, not {_shown(value)}"
    return error.message


BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}


def _cure(value: Any, types: str) -> str:
    """Return what helps where YAML reads a value as something else than it was meant to be."""
    if "number" in types and isinstance(value, str) and _is_number(value):
        return "; to YAML a number has a point and a signed exponent, as in 4.0e-5"
    if types == "integer" and isinstance(value, float) and value.is_integer():
        return f"; write {value:.0f}"
    if "string" in types and isinstance(value, bool | int | float | datetime.date):
        return "; put it in quotes if it is meant as text"
    return ""


def _shown(value: Any) -> str:
    """Return a value as YAML's readers know it, on one line, with a long one's end left out."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, datetime.date):  # a datetime is one too
        return f"the date {value}"
    kinds: dict[type, str] = {str: "the text ", list: "the list ", dict: "the mapping "}
    text = repr(value)
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    return kinds.get(type(value), "") + short


def _near(name: str, known: Iterable[str]) -> str:
    """Return the nearest of the known names, or all of them where they are few."""
    hint = nearest(name, known)
    many = hint.startswith("; known") and len(list(known)) > FEW
    return "; the known ones stand in config.schema.yaml" if many else hint


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
