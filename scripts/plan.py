"""Print what a study would cost: jobs, device time, wall time, what sharing saves, disk.

    python -m scripts.plan --config results/paper/plan-config.json --gpus 4

Computed from the study's cells by the cost model in the config's `costs`, replaced by what earlier
runs measured where they did; nothing is run or submitted, and nothing is written.
"""

import argparse
import json
from collections import Counter, defaultdict
from operator import itemgetter
from pathlib import Path

from scripts.lib.console import align, print_lines, spell_bytes
from scripts.lib.dag.jobs import Job
from scripts.lib.dag.models import model
from scripts.lib.price.measured import TRAININGS, logged_seconds
from scripts.lib.price.schedule import critical_path, wall_time
from scripts.lib.price.spelling import spell
from scripts.lib.price.total import Price, price_of
from scripts.lib.price.walk import cell_targets, dag_of, evaluations
from scripts.lib.records import is_current
from scripts.lib.study.cells import model_of, parent_of, stages_of
from scripts.lib.study.config import load_study


def name_of(job: Job) -> str:
    """Return a job in words, as Snakemake's messages call it."""
    words = [f"seed-{v}" if k == "seed" else str(v) for k, v in job.wildcards.items()]
    return " ".join([job.rule, *words])


def rule_lines(price: Price) -> list[str]:
    """Return jobs and device time of every rule, dearest first."""
    jobs: dict[str, list[Job]] = {}
    for job in price.dag:
        jobs.setdefault(job.rule, []).append(job)
    order = sorted(jobs, key=lambda rule: -sum(price.likely[job] for job in jobs[rule]))
    rows = [[rule, str(len(jobs[rule])), *times(price, jobs[rule])] for rule in order]
    total = ["total", str(len(price.dag)), *times(price, list(price.dag))]
    head = ["Rule", "Jobs", price.unit, "low", "high", "per job"]
    total[-1] = ""
    return align([head, [""] * len(head), *rows, [""] * len(head), total], right=True)


def part_lines(price: Price) -> list[str]:
    """Return what the device's time is spent on, dearest first."""
    rows = [[part, *map(price.count, seconds)] for part, *seconds in price.parts()]
    head = ["Part", price.unit, "low", "high"]
    return align([head, [""] * len(head), *rows], right=True)


def times(price: Price, jobs: list[Job]) -> list[str]:
    """Return the device time of jobs, likely, low and high, and the mean wall time of one."""
    mean = sum(price.likely[job] for job in jobs) / len(jobs)
    if not price.on_device(jobs):
        return ["-", "-", "-", spell(mean)]
    cases = (price.likely, price.low, price.high)
    return [*(price.count(price.total(jobs, case)) for case in cases), spell(mean)]


def sharing_lines(price: Price) -> list[str]:
    """Return what it saves that a stage starts from its prefix's own checkpoint."""
    study = price.study
    shared = [job for job in price.dag if job.rule in TRAININGS]
    rows = [
        model(study, prefix, seed)
        for table in study.config["tabulate"]
        for cell in study.rows_of_table(table)
        for prefix in prefixes_of(cell)
        for seed in study.seeds()
    ]
    if not shared:
        return []
    spent, scratch = price.total(shared), price.total(rows)
    return [
        f"Prefix sharing: {len(shared)} trainings, {price.count(spent)} {price.unit}. Training "
        "every row of the tables from",
        f"  scratch would take {len(rows)}, {price.count(scratch)} {price.unit}: "
        f"{price.count(scratch - spent)} ({1 - spent / scratch:.0%}) are saved.",
    ]


def prefixes_of(cell: str) -> list[str]:
    """Return a cell's trained prefixes, itself included, longest first."""
    found = []
    while stages_of(cell):
        found.append(cell)
        cell = parent_of(cell) or cell
    return found


def wall_lines(price: Price) -> list[str]:
    """Return the wall time on the study's devices and the chain of jobs that bounds it."""
    likely, low, high = (
        spell(wall_time(price.dag, case, price.slots))
        for case in (price.likely, price.low, price.high)
    )
    path = critical_path(price.dag, price.likely)
    length = spell(sum(price.likely[job] for job in path))
    count = f"{price.slots} {price.device}" + ("s" if price.slots > 1 else "")
    return [
        f"Wall time on {count}: {likely} (low {low}, high {high}), if no job waits in a queue.",
        f"Critical path, which no number of {price.device}s shortens: {length}",
        *(f"  {spell(price.likely[job]):>8}  {name_of(job)}" for job in path),
    ]


def disk_lines(price: Price) -> list[str]:
    """Return the sizes of downloads and of what the study leaves on the disk."""
    costs, dag = price.model, price.dag
    models = [job.wildcards["model"] for job in dag if job.rule == "fetch_model"]
    sets = [j for j in dag if j.rule == "fetch_dataset" and "file" not in j.settings]
    download = sum(costs.download_bytes(str(model)) for model in models)
    download += len(sets) * price.study.config["costs"]["bytes"]["dataset"]
    kept = {
        "checkpoints": sum(costs.kept_bytes(job) for job in dag if job.rule != "evaluate"),
        "completions": sum(costs.kept_bytes(job) for job in dag if job.rule == "evaluate"),
    }
    resume = sorted((costs.resume_bytes(job) for job in dag), reverse=True)[: price.slots]
    return [
        f"Downloads: {spell_bytes(download)} ({len(models)} models, {len(sets)} data sets)",
        "Disk: " + ", ".join(f"{spell_bytes(size)} of {name}" for name, size in kept.items()) + ";",
        f"  up to {spell_bytes(sum(resume))} more in checkpoints/ while trainings run",
    ]


def endpoint_lines(price: Price) -> list[str]:
    """Return what teachers at endpoints are asked for, and what they are paid."""
    lines = []
    for dataset in (str(j.wildcards["dataset"]) for j in price.dag if j.rule == "fetch_traces"):
        asked, paid = price.model.asked_of_endpoint(dataset), price.model.endpoint_price(dataset)
        cost = f"about {paid[0]:,.2f} {paid[1]}" if paid else "not priced: no `prices`"
        lines.append(
            f"Endpoint for {dataset}: {asked['completions']:,} completions, "
            f"{asked['prompt'] / 1e6:.1f} million tokens read, "
            f"{asked['completion'] / 1e6:.1f} million written, {cost}"
        )
    return lines


def cell_lines(price: Price) -> list[str]:
    """Return what every cell adds to the study, and what it costs alone, from nothing."""
    study, rows = price.study, []
    for cell in study.cells():
        own = evaluations(study, cell)
        if stages_of(cell):
            own += [model(study, cell, seed) for seed in study.seeds()]
        dag = dag_of(study, cell_targets(study, cell))
        wall = wall_time(dag, price.likely, price.slots)
        rows.append([cell, *map(price.count, (price.total(own), price.total(dag))), spell(wall)])
    head = ["Cell", f"{price.unit} it adds", "alone, from nothing", "wall time alone"]
    return align([head, [""] * len(head), *rows], right=True)


def measured_lines(price: Price, logs: Path) -> list[str]:
    """Return predicted over measured time for every rule with times of finished jobs, if any."""
    jobs: Counter[str] = Counter()
    predicted: dict[str, float] = defaultdict(float)
    measured: dict[str, float] = defaultdict(float)
    for job in price.dag:
        if (seconds := logged_seconds(job, logs)) is not None:
            jobs[job.rule] += 1
            predicted[job.rule] += price.predicted[job]
            measured[job.rule] += seconds
    if not jobs:
        return []
    rows = [
        [rule, str(jobs[rule]), spell(predicted[rule]), spell(seconds)]
        + [f"{predicted[rule] / seconds:.2f}" if seconds else ""]
        for rule, seconds in sorted(measured.items(), key=itemgetter(1), reverse=True)
    ]
    p, m = sum(predicted.values()), sum(measured.values())
    total = ["total", str(jobs.total()), spell(p), spell(m), f"{p / m:.2f}"]
    head = ["Measured rule", "Jobs", "predicted", "measured", "predicted / measured"]
    return align([head, [""] * len(head), *rows, [""] * len(head), total], right=True)


def left_lines(price: Price, results: Path) -> list[str]:
    """Return how many trainings and evaluations are left, where some are done."""
    jobs = [job for job in price.dag if job.rule in (*TRAININGS, "evaluate")]
    left = [job for job in jobs if not is_current(job, results)]
    if len(left) == len(jobs):
        return []
    return [
        f"Done: {len(jobs) - len(left)} of the {len(jobs)} trainings and evaluations; "
        f"left: {price.count(price.total(left))} {price.unit}."
    ]


def lines_of(price: Price, results: Path, logs: Path, machine: str = "") -> list[str]:
    """Return the whole plan as lines; `machine` says what is known of the machine at hand."""
    study = price.study
    trained = [cell for cell in study.cells() if stages_of(cell)]
    models = dict.fromkeys(map(model_of, study.cells()))
    seeds, benchmarks = ", ".join(map(str, study.seeds())), ", ".join(study.benchmarks())
    basis = (
        f"Times: measured for {price.measured} jobs, which corrects the others of their recipe"
        if price.measured
        else "Times: estimated by the cost model, corrected by the smoke test's speeds"
        if price.tried
        else "Times: estimated by the cost model (`costs` in the config); no run was measured"
    )
    parts = [
        [
            f"Study {study.name} on {price.slots} x {study.config['costs']['device']}",
            *([machine] if machine else []),
            f"Cells: {len(study.cells())}, of them trained: {len(trained)}; models: {len(models)}; "
            f"seeds: {seeds}; benchmarks: {benchmarks}",
            basis,
        ],
        rule_lines(price),
        part_lines(price),
        sharing_lines(price),
        wall_lines(price),
        disk_lines(price),
        endpoint_lines(price),
        cell_lines(price),
        measured_lines(price, logs),
        left_lines(price, results),
    ]
    return [line for part in parts if part for line in ["", *part]]


def main() -> None:
    """Print the plan of the study that the flags name."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, required=True, help="the study's resolved config")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of studies")
    parser.add_argument("--logs", type=Path, default=Path("logs"), help="folder of their logs")
    parser.add_argument(
        "--tokens-per-pass",
        type=json.loads,
        default={},
        metavar="JSON",
        help="tokens per pass of each cell's training, by cell, as the profile says them",
    )
    parser.add_argument(
        "--gpus",
        type=int,
        metavar="N",
        help="devices that work side by side; default: `costs.slots` in the config",
    )
    parser.add_argument("--machine", default="", help="a line on where that number comes from")
    args = parser.parse_args()
    if args.gpus is not None and args.gpus < 1:
        parser.error(f"--gpus {args.gpus}: must be 1 or more")
    study = load_study(args.config)
    price = price_of(study, args.results, args.tokens_per_pass, args.gpus)
    folders = (args.results / study.name, args.logs / study.name)
    print_lines(lines_of(price, *folders, args.machine))


if __name__ == "__main__":
    main()
