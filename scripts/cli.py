"""The flags that every rule's script has, and the check that the plan still holds."""

import argparse
from pathlib import Path

from scripts.lib.study.config import load_study
from scripts.lib.study.plan import Job, job


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


def planned_job(args: argparse.Namespace, rule: str, **wildcards: str | int) -> Job:
    """Return the job's settings; end if config or code are no longer those it was planned with."""
    planned = job(load_study(args.config), rule, **wildcards)
    if planned.key != args.key:
        raise SystemExit(
            f"{rule}: the job's key is {planned.key}, but it was planned as {args.key}: "
            f"the study's code, its environment lock or {args.config} changed since. "
            "Start Snakemake again; it plans anew."
        )
    return planned
