"""What earlier runs measured, in place of the cost model's constants.

A training's record and an evaluation's run records say how long they took and on which device.
Where one has the settings of a planned job, whatever its seed, its time is the job's; other jobs of
the same recipe are scaled by what the model was off by.
"""

import csv
import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.lib.dag.jobs import Job
from scripts.lib.files import read_json
from scripts.lib.price.costs import TRAININGS
from scripts.lib.study.cells import Study, stages_of
from scripts.lib.study.recipes import label_of

Seconds = dict[Job, float]
SMOKE = "smoke.json"  # in a study's results folder


def measured_seconds(study: Study, jobs: Iterable[Job], folders: Sequence[Path]) -> Seconds:
    """Return the mean measured device time of the jobs that have one, in seconds.

    `folders` are results of studies, this one's among them; records of other devices do not count.
    """
    device = study.config["costs"]["device"]
    found = {}
    for job in jobs:
        if job.rule not in (*TRAININGS, "evaluate"):
            continue
        read = _evaluations if job.rule == "evaluate" else _trainings
        times = [seconds for folder in folders for seconds in read(job, folder, device)]
        if times:
            found[job] = sum(times) / len(times)
    return found


def smoke_speeds(path: Path, device: str, model: str) -> dict[str, float]:
    """Return measured over predicted time by rule, if the smoke test ran this model on a device."""
    if not path.exists():
        return {}
    record = read_json(path)
    alike = device in record["device"].lower() and record["model"] == model
    return record["speeds"] if alike else {}


def _trainings(job: Job, folder: Path, device: str) -> Iterator[float]:
    for path in sorted(folder.glob(f"models/{job.wildcards['cell']}/seed-*/training.json")):
        record = _read(path)
        config = record["config"]
        # What stands in no key, such as save_steps, tells two trainings not apart.
        recipe = {n: v for n, v in config["recipe"].items() if n in job.settings["recipe"]}
        alike = _without(config | {"recipe": recipe}, "seed") == _without(job.settings, "seed")
        if record["status"] == "ok" and alike and device in record["device"].lower():
            yield record["device_seconds"]


def _evaluations(job: Job, folder: Path, device: str) -> Iterator[float]:
    planned = {name: _without(settings, "seed") for name, settings in job.settings["tasks"].items()}
    for seed in sorted(folder.glob(f"eval/{job.wildcards['cell']}/seed-*")):
        if not all((seed / f"{name}.run.json").exists() for name in planned):
            continue
        records = {name: _read(seed / f"{name}.json") for name in planned}
        runs = [_read(seed / f"{name}.run.json") for name in planned]
        alike = {n: _without(r["settings"], "seed") for n, r in records.items()} == planned
        if alike and all(device in run.get("device", "").lower() for run in runs):
            start = max(run["engine_start_seconds"] for run in runs)
            devices = max(run["devices"] for run in runs)
            yield start * devices + sum(run["device_seconds"] for run in runs)


def _without(settings: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in names}


@functools.cache
def _read(path: Path) -> dict[str, Any]:
    return read_json(path)


def off_by(study: Study, predicted: Seconds, measured: Seconds) -> dict[Any, float]:
    """Return measured over predicted time for each recipe, and for evaluations."""
    sums: dict[Any, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for job, seconds in measured.items():
        kind = kind_of(study, job)
        sums[kind][0] += seconds
        sums[kind][1] += predicted[job]
    return {kind: found / expected for kind, (found, expected) in sums.items()}


def kind_of(study: Study, job: Job) -> tuple[str, str | None]:
    """Return what jobs have in common whose times are off by the same factor."""
    if job.rule not in TRAININGS:
        return job.rule, None
    stage = stages_of(str(job.wildcards["cell"]))[-1]
    return job.rule, label_of(study, stage)


def logged_seconds(job: Job, logs: Path) -> float | None:
    """Return a job's wall time as Snakemake noted it beside the job's log; None without one."""
    names = {k: f"seed-{v}" if k == "seed" else str(v) for k, v in job.wildcards.items()}
    order = ("cell", "dataset", "model", "tokenizer", "table", "seed")
    stem = "_".join(names[name] for name in order if name in names)
    path = logs / job.rule / f"{stem}.tsv" if stem else logs / f"{job.rule}.tsv"
    if not path.exists():
        return None
    with path.open(encoding="utf-8", newline="") as lines:
        return sum(float(row["s"]) for row in csv.DictReader(lines, delimiter="\t"))
