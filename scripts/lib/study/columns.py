"""What the config says of a data set's rows: where its columns stand, how its golds are written."""

from typing import Any

Config = dict[str, Any]
GENERATED = ("gsm8k", "math500", "olympiadbench", "minerva", "amc23")  # scripts/generate_dataset.py


def columns_of(config: Config, dataset: str) -> Config:
    """Return the mapping of a data set's columns: its own, or that of its schema."""
    definition = config["datasets"][dataset]
    if "columns" in definition:
        return definition["columns"]
    return config["schemas"][definition["schema"]]["columns"]


def rules_of(config: Config, dataset: str) -> str:
    """Return the grader's rules for a data set's golds, its own or its schema's, as one text.

    >>> rules_of({"datasets": {"a": {"rules": ["tolerance", "glued-units"]}}}, "a")
    'glued-units tolerance'
    """
    definition = config["datasets"][dataset]
    schema = config.get("schemas", {}).get(definition.get("schema"), {})
    return " ".join(sorted(definition.get("rules", schema.get("rules", []))))


def kind_of(config: Config, dataset: str) -> str:
    """Return what data sets of the same kind of problems share: their schema, else their name."""
    return config["datasets"][dataset].get("schema", f"{dataset} alone")


def has_solutions(config: Config, dataset: str) -> bool:
    """Say whether a data set's rows become examples with a completion, as SFT needs them."""
    return bool({"solution", "trace"} & columns_of(config, dataset).keys())
