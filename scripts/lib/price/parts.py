"""The time that each part of a study took, from the times that Snakemake noted beside the logs."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from scripts.lib.dag.jobs import ENTRIES, Job
from scripts.lib.price.measured import logged_seconds

# The part of the rules that a module of scripts/lib/dag describes; all others are the paper.
PARTS = {
    "models": "models and data",
    "data": "models and data",
    "train": "training",
    "evaluate": "evaluation",
    "score": "scoring",
}
REST = "paper"


class Part(NamedTuple):
    """A part of a study: how many of its jobs left a time, and the seconds of all of these."""

    name: str
    jobs: int
    seconds: float


def part_of(rule: str) -> str:
    """Return the part of a study that a rule belongs to.

    >>> part_of("train_grpo"), part_of("make_table")
    ('training', 'paper')
    """
    module = ENTRIES[rule].settings_and_inputs.__module__.rpartition(".")[2]
    return PARTS.get(module, REST)


def parts_of(jobs: Iterable[Job], logs: Path) -> list[Part]:
    """Return the parts of a study in order, with the times of their jobs' last runs.

    `logs` is the study's folder of logs; parts without a time are left out.
    """
    found: dict[str, list[float]] = {name: [] for name in dict.fromkeys((*PARTS.values(), REST))}
    for job in jobs:
        if (seconds := logged_seconds(job, logs)) is not None:
            found[part_of(job.rule)].append(seconds)
    return [Part(name, len(times), sum(times)) for name, times in found.items() if times]
