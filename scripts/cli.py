"""The flags that every rule's script has, and the planned job that a script carries out."""

import argparse
import functools
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.lib.dag.code import engine_fingerprint
from scripts.lib.dag.environment import other_versions
from scripts.lib.dag.jobs import Job, files_of, job
from scripts.lib.dag.rules import environment_of
from scripts.lib.disk import say_in_words
from scripts.lib.engines import ENGINES
from scripts.lib.files import read_json, sha256_of, write_json
from scripts.lib.records import check_input, engines_of
from scripts.lib.study.cells import Study
from scripts.lib.study.config import load_study


def job_arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the flags that say which planned job is run.

    From here on, what a disk refuses ends the program with one line.
    """
    say_in_words()
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--config", type=Path, required=True, help="results/STUDY/config.json of the planned study"
    )
    parser.add_argument(
        "--key",
        help="key of the job as Snakemake planned it; without it the record says that it was made "
        "by hand, and the study does not use it",
    )
    parser.add_argument(
        "--inputs",
        type=Path,
        help="JSON file {name: [paths]} of lists of inputs; default: those of the planned job",
    )
    return parser


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add the flag of programs that sample completions."""
    parser.add_argument(
        "--engine",
        choices=tuple(ENGINES),
        default="transformers",
        help="what generates completions; the profile says it, as a resource of the rule",
    )


def add_forms(parser: argparse.ArgumentParser, *forms: str) -> None:
    """Add the flags of a program that writes a table or page in several forms, and its record."""
    for form in forms:
        parser.add_argument(f"--{form}", type=Path, required=True, help=f"{form} file to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")


@dataclass
class Run:
    """A planned job that a script carries out: its files, and the record that it leaves."""

    job: Job
    study: Study
    root: Path  # results/STUDY
    key: str | None
    lists: dict[str, list[Path]]  # inputs given by --inputs
    engine: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)  # of this start, for its records

    @property
    def settings(self) -> dict[str, Any]:
        """Return everything that decides the result, besides the inputs."""
        return self.job.settings

    def paths(self, name: str) -> list[Path]:
        """Return the files of an input, in the planned order; none where the job has no such."""
        if name in self.lists:
            return self.lists[name]
        return [self.root / file.path for file in files_of(self.job.inputs.get(name, []))]

    def part(self, task: str) -> "Run":
        """Return the part of this job that does one task, a benchmark under a prompt."""
        part = self.job.parts[task]
        key = part.key if self.key else None
        return Run(part, self.study, self.root, key, self.lists, self.engine, self.facts)

    @functools.cached_property
    def inputs(self) -> dict[str, str]:
        """Return {path below results/STUDY: digest} of the inputs, each checked by its record.

        Raises SystemExit if one is not what is planned, unless the script runs by hand.
        """
        if self.key is None:
            return {}
        return {file.path: check_input(file, self.root) for file in self.job.input_files()}

    def output(self, name: str) -> Path:
        """Return where one of the job's files belongs."""
        return self.root / self.job.outputs[name]

    def record(self, *files: Path) -> dict[str, Any]:
        """Return what every record holds, once the job's files are written."""
        engines = engines_of(self.job, self.root) if self.key else {}
        if self.engine:
            engines[self.engine] = engine_fingerprint(self.engine)
        rests_on = {"engines": engines} if engines else {}
        named = {"files": {file.name: sha256_of(file) for file in files}} if files else {}
        return {"key": self.key, "inputs": self.inputs, **named, **rests_on, **self.facts}

    def write_record(self, path: Path, *files: Path, **facts: Any) -> None:
        """Write the job's record, its last file, with facts of its own."""
        write_json(path, facts | self.record(*files))


def planned_run(args: argparse.Namespace, rule: str, **wildcards: str | int) -> Run:
    """Return the job that the flags name, its inputs checked.

    Raises SystemExit if the study has no such job, if config or code are no longer those that it
    was planned with, if an input is not the planned one, and if other versions are installed than
    the rule's environment pins.
    """
    study = load_study(args.config)
    try:
        planned = job(study, rule, **wildcards)
    except (KeyError, IndexError):
        names = ", ".join(f"{name} {value}" for name, value in wildcards.items())
        raise SystemExit(f"{rule}: {names} is not in {args.config}") from None
    if args.key is None:
        print(
            f"{rule}: without --key the inputs are not checked, and the record says that it was "
            "made by hand; the study does not use it",
            file=sys.stderr,
        )
    elif planned.key != args.key:
        raise SystemExit(
            f"{rule}: the job's key is {planned.key}, but it was planned as {args.key}: "
            f"the study's code, its environment lock or {args.config} changed since. "
            "Start Snakemake again; it plans anew."
        )
    if args.inputs and args.key:
        raise SystemExit(f"{rule}: --inputs is for runs by hand, without --key")
    given = read_json(args.inputs) if args.inputs else {}
    lists = {name: [Path(path) for path in paths] for name, paths in given.items()}
    run = Run(planned, study, args.config.parent, args.key, lists, getattr(args, "engine", None))
    if other := other_versions(environment_of(rule)):
        run.facts["other_versions"] = other
    run.inputs  # noqa: B018  checked before anything is computed
    return run
