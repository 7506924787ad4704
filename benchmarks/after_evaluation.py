"""Measure what follows the evaluations: scores, tables, claims, audit, figures, PDF and report.

    python -m benchmarks.after_evaluation FOLDER    the study of config.yaml, synthetic

It takes the flags of benchmarks.synthetic_study, writes that study into the folder, runs Snakemake
on it as a user would, with --cores jobs side by side, and prints for each rule the jobs, their
seconds and their largest memory, as Snakemake's benchmark files have them. The last lines are of
the whole run, Snakemake itself included: seconds, CPU seconds, and the most memory that all of its
processes had together (their proportional set sizes, looked at twice a second).
"""

import argparse
import csv
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.synthetic_study import parser, write_as_told

ROOT = Path(__file__).parents[1]
TARGETS = ("scores", "tables", "figures", "paper", "report")
MB = 10**6
PAUSE = 0.5  # seconds between two looks at the memory


class Spent(NamedTuple):
    """What a run took: wall and CPU seconds, and the most memory at once, in bytes."""

    seconds: float
    cpu_seconds: float
    memory: int


def run(command: Sequence[str]) -> Spent:
    """Run a command to its end; raises SystemExit if it fails."""
    before, started = os.times(), time.monotonic()
    process = psutil.Popen(command, cwd=ROOT)
    memory = 0
    while process.poll() is None:
        memory = max(memory, memory_of(process))
        time.sleep(PAUSE)
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:1])} failed; its output says why")
    after = os.times()
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return Spent(time.monotonic() - started, used, memory)


def memory_of(process: psutil.Process) -> int:
    """Return the bytes that a process and all below it have, shared ones counted once."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_full_info().pss
        except psutil.Error:  # it has ended meanwhile
            continue
    return total


def by_rule(logs: Path) -> dict[str, list[dict[str, float]]]:
    """Return {rule: the figures of its jobs} of the benchmark files below a study's logs."""
    found: dict[str, list[dict[str, float]]] = {}
    for path in sorted(logs.rglob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            (row,) = csv.DictReader(file, delimiter="\t")
        names = {"seconds": "s", "cpu_seconds": "cpu_time", "memory": "max_rss"}
        figures = {name: float(row[column]) for name, column in names.items()}
        found.setdefault(path.relative_to(logs).with_suffix("").parts[0], []).append(figures)
    return found


def report(rules: dict[str, list[dict[str, float]]], whole: Spent) -> str:
    """Return what is printed: a row per rule, the costliest first, and the whole run."""
    totals = {rule: sum(job["seconds"] for job in jobs) for rule, jobs in rules.items()}
    lines = [f"{'rule':<20}{'jobs':>6}{'seconds':>10}{'CPU s':>8}{'MB':>7}"]
    for rule in sorted(rules, key=lambda name: -totals[name]):
        jobs = rules[rule]
        cpu = sum(job["cpu_seconds"] for job in jobs)
        memory = max(job["memory"] for job in jobs)
        lines.append(f"{rule:<20}{len(jobs):>6}{totals[rule]:>10.1f}{cpu:>8.1f}{memory:>7.0f}")
    lines.append(
        f"{'all, with Snakemake':<26}{whole.seconds:>10.1f}{whole.cpu_seconds:>8.1f}"
        f"{whole.memory / MB:>7.0f}"
    )
    return "\n".join(lines)


def main(args: argparse.Namespace) -> None:
    """Write the study, run what follows, and print what it took."""
    for made in ("results", "logs"):
        shutil.rmtree(args.folder / made, ignore_errors=True)
    study = write_as_told(args)
    snakemake = str(Path(sys.executable).with_name("snakemake"))
    folder, config = str(args.folder), str(args.folder / "study.yaml")
    command = [snakemake, "--directory", folder, "--configfile", config, "--show-failed-logs"]
    whole = run([*command, "--quiet", "all", "--cores", str(args.cores), "--", *TARGETS])
    print(report(by_rule(args.folder / "logs" / study.name), whole))


if __name__ == "__main__":
    flags = parser(__doc__)
    flags.add_argument("--cores", type=int, default=2, help="jobs side by side")
    main(flags.parse_args())
