"""The flags that every rule's script has, and the check that the plan still holds."""

import argparse
from pathlib import Path

from scripts.lib.engines.vllm_setup import ENGINES
from scripts.lib.files import read_json
from scripts.lib.records import check_key
from scripts.lib.study.config import load_study
from scripts.lib.study.jobs import Job, job


def job_arguments(description: str) -> argparse.ArgumentParser:
    """Return a parser with the flags that say which planned job is run."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--config", type=Path, required=True, help="results/STUDY/config.json of the planned study"
    )
    parser.add_argument("--key", required=True, help="key of the job as Snakemake planned it")
    return parser


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add the flag of programs that sample completions."""
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="transformers",
        help="what generates completions; the profile says it, as a resource of the rule",
    )


def planned_job(args: argparse.Namespace, rule: str, **wildcards: str | int) -> Job:
    """Return the job's settings; end if config or code are no longer those it was planned with."""
    try:
        planned = job(load_study(args.config), rule, **wildcards)
    except (KeyError, IndexError):
        names = ", ".join(f"{name} {value}" for name, value in wildcards.items())
        raise SystemExit(f"{rule}: {names} is not in {args.config}") from None
    if planned.key != args.key:
        raise SystemExit(
            f"{rule}: the job's key is {planned.key}, but it was planned as {args.key}: "
            f"the study's code, its environment lock or {args.config} changed since. "
            "Start Snakemake again; it plans anew."
        )
    return planned


def check_inputs(planned: Job, *files: Path) -> None:
    """End where a file was not made by the very job that this one was planned to follow.

    `files` are in the order of the job's parents; beside rows in JSON lines stands their record.
    """
    for file, key in zip(files, planned.parents, strict=True):
        record = file.with_suffix(".json")
        check_key(record, read_json(record), key)
