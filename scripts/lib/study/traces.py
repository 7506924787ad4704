"""Data sets of a teacher's own traces: which teachers a set has, and what each of them is asked.

Several teachers are sampled by a job each. What one of them wrote for a data set has the name
`{data set}/{teacher}`, as if it were a data set of one teacher. A set that the parents of DPO's
cells answer themselves has one such part for each: `{data set}/{cell}/seed-{seed}`, of an untrained
model without a seed.
"""

from typing import Any

Config = dict[str, Any]
PARENT = "parent"  # in place of a teacher: each training's own parent
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
    if asks_parent(definition):
        return definition | {"distill": definition["distill"] | {"teacher": _cell_of(teacher)}}
    if dataset not in trace_sets(config, name):
        raise KeyError(dataset)
    return definition | {"distill": definition["distill"] | {"teacher": teacher}}


def asks_parent(definition: Config) -> bool:
    """Say whether a set's answers are those of each training's own parent."""
    return teachers_of(definition) == [PARENT]


def answers_of(dataset: str, cell: str, seed: int) -> str:
    """Return what a cell's model answers for a data set, by name; an untrained one has no seed.

    >>> answers_of("mine", "m", 1), answers_of("mine", "m+sft", 1)
    ('mine/m', 'mine/m+sft/seed-1')
    """
    return f"{dataset}/{cell}/seed-{seed}" if "+" in cell else f"{dataset}/{cell}"


def seed_of_answers(dataset: str) -> int:
    """Return the training's seed of the model that answers; 0 where it has none."""
    return int(dataset.partition("/seed-")[2] or 0)


def _cell_of(teacher: str) -> str:
    return teacher.partition("/seed-")[0]


def endpoint_of(config: Config, model: str) -> Config | None:
    """Return how a model is reached that is served elsewhere; None for one with weights here."""
    return config["models"].get(model, {}).get("endpoint")  # a trained cell is no model


def keeps_one(definition: Config) -> bool:
    """Say whether a data set keeps one trace of each problem at most."""
    return is_selected(definition) and definition["distill"]["select"] != "all"


def is_selected(definition: Config) -> bool:
    """Say whether some of a data set's right traces are chosen, by `select`."""
    return bool(teachers_of(definition)) and "select" in definition["distill"]
