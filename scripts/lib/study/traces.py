"""Data sets of a teacher's own traces: which teachers a set has, and what each of them is asked.

Several teachers are sampled by a job each. What one of them wrote for a data set has the name
`{data set}/{teacher}`, as if it were a data set of one teacher.
"""

from typing import Any

Config = dict[str, Any]
CONCURRENCY = 8  # requests side by side, unless an endpoint says otherwise


def teachers_of(definition: Config) -> list[str]:
    """Return the teachers whose traces are made here; none for problems and published traces.

    >>> teachers_of({"distill": {"teacher": "a"}}), teachers_of({"distill": {"teacher": None}})
    (['a'], [])
    """
    named = definition.get("distill", {}).get("teacher")
    if named is None:
        return []
    return [named] if isinstance(named, str) else list(named)


def trace_sets(config: Config, dataset: str) -> list[str]:
    """Return the sets of traces that a data set is made of, by name: its own, or one per teacher.

    >>> trace_sets({"datasets": {"kd": {"distill": {"teacher": ["a", "b"]}}}}, "kd")
    ['kd/a', 'kd/b']
    """
    definition = config["datasets"][dataset]
    if isinstance(definition.get("distill", {}).get("teacher"), list):
        return [f"{dataset}/{teacher}" for teacher in teachers_of(definition)]
    return [dataset]


def definition_of(config: Config, dataset: str) -> Config:
    """Return the definition of a data set, or of what one of its teachers wrote.

    Raises KeyError if the config has no such set, or the set no such teacher.
    """
    name, _, teacher = dataset.partition("/")
    definition = config["datasets"][name]
    if not teacher:
        return definition
    if dataset not in trace_sets(config, name):
        raise KeyError(dataset)
    return definition | {"distill": definition["distill"] | {"teacher": teacher}}


def endpoint_of(config: Config, model: str) -> Config | None:
    """Return how a model is reached that is served elsewhere; None for one with weights here."""
    return config["models"][model].get("endpoint")


def keeps_one(definition: Config) -> bool:
    """Say whether a data set keeps one trace of each problem at most."""
    return is_selected(definition) and definition["distill"]["select"] != "all"


def is_selected(definition: Config) -> bool:
    """Say whether some of a data set's right traces are chosen, by `select`."""
    return bool(teachers_of(definition)) and "select" in definition["distill"]
