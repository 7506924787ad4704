"""Try the study's model on this machine before a night of it: what passes, how fast.

    snakemake --profile workstation smoke

Each check has a process of its own, so that none finds another's memory. What the machine's speeds
make of the study's price goes to smoke.json, which `plan` reads.
"""

import argparse
import functools
import json
import multiprocessing
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from scripts.cli import add_engine
from scripts.lib.console import align, report, spell_bytes
from scripts.lib.dag.jobs import job
from scripts.lib.files import write_json
from scripts.lib.machine.devices import device_name
from scripts.lib.price.costs import START_UP, Costs
from scripts.lib.price.total import price_of
from scripts.lib.provenance import run_facts
from scripts.lib.smoke.checks import (
    Machine,
    check_agreement,
    generated,
    grpo,
    longest,
    sft,
    speed,
)
from scripts.lib.smoke.plan import smoke_stages
from scripts.lib.study.config import load_study

GENERATION, GRPO, SFT = "speed of generation", "GRPO", "SFT, preempted and resumed"

Facts = dict[str, Any]


def alone(work: Callable[..., Facts], *args: Any) -> Facts:
    """Return what a check finds, in a process that ends with it and whose output is the log's."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=print_to_log) as one:
        return one.submit(work, *args).result()


def print_to_log() -> None:
    """Send what this process prints, libraries included, to stderr."""
    os.dup2(2, 1)


def agreement(machine: Machine) -> Facts:
    """Compare the greedy completions of vLLM with those of transformers."""
    ours, reference = (
        alone(generated, machine, engine, 1, True) for engine in (machine.engine, "transformers")
    )
    return check_agreement(ours, reference)


def run_checks(machine: Machine) -> dict[str, Facts]:
    """Run every check that the study and the profile have a use for; return what each found."""
    checks: dict[str, Callable[[], Facts]] = {}
    if machine.engine == "vllm":
        checks["vLLM agrees with transformers"] = functools.partial(agreement, machine)
    checks[GENERATION] = functools.partial(alone, speed, machine)
    stages = smoke_stages(machine.study)
    for name, check, trainer in (
        (GRPO, grpo, "grpo"),
        (SFT, sft, "sft"),
        ("memory of the longest sequences", longest, "sft"),
    ):
        if trainer in stages:
            checks[name] = functools.partial(alone, check, machine, stages[trainer])
    found: dict[str, Facts] = {}
    for name, run in checks.items():
        report(f"smoke: {name}")
        try:
            found[name] = {"passed": True, "facts": run()}
        except (Exception, SystemExit) as error:
            reason = str(error).strip() or type(error).__name__
            found[name] = {"passed": False, "reason": reason.splitlines()[-1]}
    return found


def speeds(machine: Machine, found: dict[str, Facts]) -> dict[str, float]:
    """Return measured over predicted time by rule, for what `plan` prices."""
    costs = Costs(machine.study, 0.0, machine.work, machine.tokens_per_pass)
    factors = {}
    facts = {name: check["facts"] for name, check in found.items() if check["passed"]}
    if measured := facts.get(GENERATION):
        work = (measured["completions"], measured["mean_tokens"], measured["limit"])
        predicted, _ = costs.generation_seconds(machine.cell, *work)
        factors["evaluate"] = measured["seconds"] / predicted
    stages = smoke_stages(machine.study)
    for name, trainer in ((GRPO, "grpo"), (SFT, "sft")):
        if name in facts:
            stage = stages[trainer]
            planned = job(
                machine.study,
                f"train_{trainer}",
                cell=f"{machine.cell}+{stage}",
                seed=machine.study.seeds()[0],
            )
            parts = costs.parts(planned)
            predicted = (sum(parts.values()) - parts[START_UP]) / costs.steps_of(planned)
            factors[f"train_{trainer}"] = facts[name]["step_seconds"] / predicted
    return factors


def lines_of(found: dict[str, Facts], record: Facts) -> list[str]:
    """Return what passed, with what was measured, for the console."""
    rows = []
    for name, check in found.items():
        if check["passed"]:
            facts = check["facts"].items()
            rows += [["passed", name, fact, spell(fact, value)] for fact, value in facts]
        else:
            rows.append(["FAILED", name, "", check["reason"]])
    factors = record["speeds"].items()
    told = [f"{rule}: {factor:.2f} times what `plan` predicted" for rule, factor in factors]
    return [*align(rows), "", *told]


def spell(fact: str, value: Any) -> str:
    """Return a measured value for people."""
    if value is None:
        return "not measured"
    if fact.endswith("_bytes"):
        return spell_bytes(value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def main() -> None:
    """Run the checks; exit with an error if one fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, required=True, help="the study's resolved config")
    parser.add_argument("--cell", required=True, help="the untrained model that is tried")
    parser.add_argument("--model-record", type=Path, required=True, help="model.json of it")
    parser.add_argument("--problems", type=Path, required=True, help="a benchmark's problems.jsonl")
    parser.add_argument("--examples", type=json.loads, required=True, help="JSON: files by stage")
    parser.add_argument("--tokens-per-pass", type=json.loads, required=True, help="JSON: by cell")
    parser.add_argument("--output", type=Path, required=True, help="smoke.json to write")
    add_engine(parser)
    args = parser.parse_args()
    study = load_study(args.config)
    examples = {stage: Path(path) for stage, path in args.examples.items()}
    with tempfile.TemporaryDirectory(prefix="smoke-") as work:
        machine = Machine(
            study,
            args.cell,
            args.model_record,
            args.problems,
            examples,
            args.engine,
            args.tokens_per_pass,
            Path(work),
        )
        found = run_checks(machine)
        record = {"checks": found, "speeds": speeds(machine, found), "device": device_name()}
        record["model"] = args.cell
    write_json(args.output, record | run_facts("smoke"))
    print("\n".join(lines_of(found, record)), flush=True)
    price = price_of(study, args.output.parents[1], args.tokens_per_pass)
    likely, low, high = (
        price.count(price.total(price.dag, case)) for case in (price.likely, price.low, price.high)
    )
    print(f"With these speeds the study takes {likely} {price.unit} (low {low}, high {high}).")
    if failed := [name for name, check in found.items() if not check["passed"]]:
        raise SystemExit(f"smoke: {len(failed)} of {len(found)} checks failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
