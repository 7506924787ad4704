"""What a job of the study is: its settings, its inputs by name, its files, and its key.

The rules, the keys, the checks of inputs and the price all read it here. The entries themselves
stand beside this file, one module per file of rules/.

A job's key is the digest of its settings, the keys of the jobs whose files it reads, the code that
it reaches, its command and its pinned packages. Keys are cumulative, so that a result can never be
taken for current while anything before it changed.
"""

import dataclasses
import functools
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from scripts.lib.dag.code import ROOT, code_fingerprint
from scripts.lib.dag.environment import environment_fingerprint
from scripts.lib.dag.rules import SHELL, command_of, environment_of
from scripts.lib.study.cells import Study

Settings = dict[str, Any]
Wildcards = dict[str, str | int]


class File(NamedTuple):
    """One of the files of a job, by its name among them."""

    job: "Job"
    name: str

    @property
    def path(self) -> str:
        """Return where it is, below results/STUDY."""
        return self.job.outputs[self.name]


Inputs = Mapping[str, File | list[File]]


@dataclass(frozen=True, eq=False)
class Job:
    """One job of the DAG, or one part of a job that does several things at once."""

    rule: str
    wildcards: Wildcards
    settings: Settings  # everything that decides the result, besides the files of its parents
    inputs: Inputs
    outputs: dict[str, str]  # by name, below results/STUDY; "record" vouches for the others
    checkpoint: bool = False  # beside the record, or named in it, stands a checkpoint
    parts: dict[str, "Job"] = field(default_factory=dict)
    satisfied: Callable[[dict[str, Any]], bool] = lambda record: True  # is this record's content?

    def __getitem__(self, name: str) -> File:
        """Return one of the job's files."""
        return File(self, name)

    @functools.cached_property
    def key(self) -> str:
        """Return the hex sha256 that stands for everything the job's result depends on."""
        if self.parts:
            return _digest({name: part.key for name, part in self.parts.items()})
        return _digest(
            {
                "settings": self.settings,
                "inputs": {
                    name: [[f.job.key, f.name] for f in files_of(given)]
                    for name, given in self.inputs.items()
                },
                "rule": rule_facts(self.rule),
            }
        )

    @property
    def parents(self) -> list["Job"]:
        """Return the jobs whose files it reads, each once."""
        return list(dict.fromkeys(file.job for file in self.input_files()))

    def input_files(self) -> Iterator[File]:
        """Yield all files that the job reads."""
        for given in self.inputs.values():
            yield from files_of(given)


def behind(job: Job) -> list[Job]:
    """Return a job and all that stand behind it, each once, down to those that read nothing."""
    found: dict[Job, None] = {}
    waiting = [job]
    while waiting:
        if (made := waiting.pop()) not in found:
            found[made] = None
            waiting += reversed(made.parents)
    return list(found)


def files_of(given: File | list[File]) -> list[File]:
    """Return what an input's name stands for as a list."""
    return [given] if isinstance(given, File) else given


def _digest(facts: Any) -> str:
    return hashlib.sha256(json.dumps(canonical(facts), sort_keys=True).encode()).hexdigest()


def canonical(value: Any) -> Any:
    """Return settings in the one form in which equal ones are equal text: 1.0 is 1.

    >>> canonical({"a": [1.0, 0.5]})
    {'a': [1, 0.5]}
    """
    if isinstance(value, Mapping):
        return {str(name): canonical(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@functools.cache
def rule_facts(rule: str) -> dict[str, Any]:
    """Return what a rule's jobs have in common in their keys, whatever their settings."""
    return {
        "code": code_fingerprint(f"scripts.{rule}"),
        "command": command_of(rule),
        "environment": environment_fingerprint(environment_of(rule)),
        "python": ".".join(map(str, sys.version_info[:2])),
        "shell": SHELL,
        "files": [
            yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
            for name in ENTRIES[rule].reads
        ],
    }


# ------------------------------------------------------------------------------------- entries


class Entry(NamedTuple):
    """How a rule's jobs are made: a function (study, wildcards) -> settings and inputs."""

    settings_and_inputs: Callable[..., tuple[Settings, Inputs]]
    outputs: dict[str, str]  # below results/STUDY, with wildcards
    reads: tuple[str, ...]  # files of the checkout that decide the result, beside the code
    checkpoint: bool
    by_task: bool
    satisfied: Callable[..., bool] | None  # (study, record, wildcards): is the content as expected?


ENTRIES: dict[str, Entry] = {}


def entry(
    rule: str,
    outputs: dict[str, str],
    reads: tuple[str, ...] = (),
    checkpoint: bool = False,
    by_task: bool = False,
    satisfied: Callable[..., bool] | None = None,
) -> Callable[[Callable[..., tuple[Settings, Inputs]]], Callable[..., Job]]:
    """Register the jobs of a rule; the function decorated becomes one that returns the job.

    `by_task`: one job does all tasks of a cell at once, and each is a part with its own key.
    `satisfied` says whether a record's content is what the config expects; it stands in no key.
    """

    def register(function: Callable[..., tuple[Settings, Inputs]]) -> Callable[..., Job]:
        ENTRIES[rule] = Entry(function, outputs, reads, checkpoint, by_task, satisfied)

        @functools.wraps(function)
        def made(study: Study, **wildcards: str | int) -> Job:
            return job(study, rule, **wildcards)

        return made

    return register


def job(study: Study, rule: str, **wildcards: str | int) -> Job:
    """Return the job of a rule for these wildcards; one that many others need is made once.

    Of a rule whose jobs do all tasks at once, `task` among the wildcards gives a part.
    """
    if "seed" in wildcards:
        wildcards["seed"] = int(wildcards["seed"])
    return _job(study, rule, tuple(sorted(wildcards.items())))


@functools.cache
def _job(study: Study, rule: str, named: tuple[tuple[str, str | int], ...]) -> Job:
    made, wildcards = ENTRIES[rule], dict(named)
    if made.by_task and "task" not in wildcards:
        tasks = study.tasks_of(str(wildcards["cell"]))
        parts = {task: job(study, rule, task=task, **wildcards) for task in tasks}
        return _whole(rule, wildcards, parts)
    settings, inputs = made.settings_and_inputs(study, **wildcards)
    outputs = {name: path.format(**wildcards) for name, path in made.outputs.items()}
    made_job = Job(rule, wildcards, settings, inputs, outputs, made.checkpoint)
    if made.satisfied is None:
        return made_job
    return dataclasses.replace(
        made_job, satisfied=functools.partial(made.satisfied, study, **wildcards)
    )


def whole(study: Study, part: Job) -> Job:
    """Return the job that does a part; a job that has no parts is its own."""
    if not (ENTRIES[part.rule].by_task and "task" in part.wildcards):
        return part
    shared = {name: value for name, value in part.wildcards.items() if name != "task"}
    return job(study, part.rule, **shared)


def _whole(rule: str, wildcards: Wildcards, parts: dict[str, Job]) -> Job:
    """Return the job that does all of its parts."""
    inputs: dict[str, File | list[File]] = {}
    for part in parts.values():
        for name, given in part.inputs.items():
            known = files_of(inputs[name]) if name in inputs else []
            merged = list(dict.fromkeys([*known, *files_of(given)]))
            inputs[name] = merged[0] if merged == [given] else merged
    outputs = {f"{n} {name}": p for n, part in parts.items() for name, p in part.outputs.items()}
    settings = {"tasks": {name: part.settings for name, part in parts.items()}}
    return Job(rule, wildcards, settings, inputs, outputs, parts=parts)
