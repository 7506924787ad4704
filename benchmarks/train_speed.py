"""Measure how fast the study trains on this machine, and how much memory it takes.

Each case is a recipe of config.yaml that runs through `build_trainer` of scripts/train_sft.py or
scripts/train_grpo.py, as a training of the study does, on a model with the architecture of
Qwen2.5-0.5B, random weights and made-up examples (no download). Fewer steps and smaller global
batches than the recipe's make it short; the sequences of a forward pass are part of the case.

    python -m benchmarks.train_speed --output benchmarks/results/NAME.json
    python -m benchmarks.train_speed --output NAME.json --cases sft-220-b4 grpo-128
    python -m benchmarks.train_speed --output NAME.json --toy     on a CPU, in a minute: no figures

It runs after `make setup STACK=gpu`, on the first GPU that CUDA shows. The output is written after
every case; a case that fails, or takes longer than its limit, is null with its reason, and the next
one gets a new process. Cases already in the output are left as they are.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES, Case, toy
from scripts.lib.files import read_json, write_json

POLL_SECONDS = 0.2
BY_NAME = {case.name: case for case in CASES}


def machine() -> dict[str, Any]:
    """Return what the figures depend on beside the code."""
    import platform

    import torch

    from scripts.lib.machine.devices import nvidia_smi
    from scripts.lib.provenance import versions

    facts = {
        "gpu": None,
        "cuda": torch.version.cuda,
        "driver": next(iter(nvidia_smi("driver_version")), None),
        "cpu_count": os.cpu_count(),
        "platform": platform.platform(),
        "versions": versions(),
    }
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        facts |= {"gpu": properties.name, "gpu_memory_gb": properties.total_memory / 1e9}
    return facts


def waiting(names: list[str], found: dict[str, Any]) -> list[str]:
    """Return the cases to run, in order: not measured yet, nor made needless by another.

    >>> waiting(["sft-8130-b4", "sft-8130-b2", "sft-220-b4"], {})
    ['sft-8130-b4', 'sft-220-b4']
    >>> waiting(["sft-8130-b4", "sft-8130-b2"], {"sft-8130-b4": {"figures": None}})
    ['sft-8130-b2']
    """
    return [name for name in names if name not in found and needed(BY_NAME[name], found)]


def needed(case: Case, found: dict[str, Any]) -> bool:
    """Say whether a case is wanted, now that others are known."""
    other = case.instead_of
    return other is None or (other in found and found[other]["figures"] is None)


def failure(error: BaseException | str) -> dict[str, Any]:
    """Return the record of a case without figures."""
    reason = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return {"figures": None, "reason": reason.strip().splitlines()[0][:400]}


def run_worker(names: list[str], args: argparse.Namespace) -> None:
    """Measure cases one after the other, up to the first that fails; write a line for each."""
    from benchmarks.measure import measure, set_environment

    set_environment()
    for name in names:
        case = toy(BY_NAME[name]) if args.toy else BY_NAME[name]
        started = time.monotonic()
        record: dict[str, Any]
        try:
            record = {"figures": measure(case, args.work / "model", args.toy)}
        except Exception as error:
            traceback.print_exc()
            record = failure(error)
        record["wall_seconds"] = time.monotonic() - started
        with (args.work / "lines.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"name": name} | record) + "\n")
        if record["figures"] is None:
            sys.exit(1)


def start_worker(names: list[str], args: argparse.Namespace) -> subprocess.Popen:
    """Start a process that measures cases; what it prints goes to the log."""
    command = [sys.executable, "-m", "benchmarks.train_speed", "--worker", "--work", str(args.work)]
    command += ["--output", str(args.output), *(["--toy"] if args.toy else [])]
    with args.log.open("a", encoding="utf-8") as log:
        return subprocess.Popen(
            [*command, "--cases", *names], stdout=log, stderr=log, start_new_session=True
        )


def lines(path: Path) -> dict[str, Any]:
    """Return what workers have written so far, by the cases' names."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    rows = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    return {row.pop("name"): row for row in rows}


def results(todo: list[str], args: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the names and records of cases that one process measures, up to the first failure."""
    worker = start_worker(todo, args)
    since = time.monotonic()
    try:
        while todo:
            ended = worker.poll() is not None
            late = time.monotonic() - since > BY_NAME[todo[0]].limit
            result = lines(args.work / "lines.jsonl").get(todo[0])
            if not result and not ended and not late:
                time.sleep(POLL_SECONDS)
                continue
            result = result or failure("the process ended" if ended else "it took too long")
            name, *todo = todo
            since = time.monotonic()
            yield name, result
            if result["figures"] is None:
                break
    finally:
        worker.kill()
        worker.wait()


def run_all(names: list[str], args: argparse.Namespace, record: dict[str, Any]) -> None:
    """Measure cases, and write the record after each."""
    (args.work / "lines.jsonl").unlink(missing_ok=True)  # of an earlier run
    while todo := waiting(names, record["cases"]):
        for name, result in results(todo, args):
            record["cases"][name] = result
            write_json(args.output, record)
            print(summary(name, result), flush=True)


def summary(name: str, result: dict[str, Any]) -> str:
    """Return a line for the person who watches."""
    if result["figures"] is None:
        return f"{name}: {result['reason']}"
    wanted = (
        *("step_seconds", "passes", "pass_seconds", "mfu", "decode_step_seconds", "parts"),
        *("launch_microseconds", "cpu_operation_microseconds"),
    )
    figures = {key: value for key, value in result["figures"].items() if key in wanted}
    memory = result["figures"]["memory"]["peak_reserved_gb"]
    return f"{name}: {figures} {memory} GB"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    parser.add_argument(
        "--cases", nargs="+", choices=BY_NAME, default=list(BY_NAME), metavar="CASE"
    )
    parser.add_argument("--toy", action="store_true", help="everything at toy size")
    parser.add_argument("--log", type=Path, help="what the trainers print; default: beside output")
    parser.add_argument("--work", type=Path, help="folder for the model; default: a temporary one")
    parser.add_argument("--commit", help="where the code is no git checkout")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.log = args.log or args.output.with_suffix(".log")
    return args


def main() -> None:
    """Measure the cases that the flags name."""
    args = arguments()
    if args.worker:
        run_worker(args.cases, args)
        return
    from scripts.lib.provenance import git_commit

    record = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": args.commit or git_commit(),
        "allocator": os.environ.get("PYTORCH_CUDA_ALLOC_CONF"),
        "machine": machine(),
        "cases": read_json(args.output)["cases"] if args.output.exists() else {},
    }
    with tempfile.TemporaryDirectory() as folder:
        args.work = args.work or Path(folder)
        args.work.mkdir(parents=True, exist_ok=True)
        run_all(args.cases, args, record)


if __name__ == "__main__":
    main()
