"""What the smoke test tries on the machine, each check in a process of its own.

A check returns what it measured, and raises SystemExit with the reason where it fails. The recipes,
prompts and models are the study's own; only the numbers of steps and problems are small.
"""

import bisect
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.lib.dag.jobs import job
from scripts.lib.data.prompts import messages
from scripts.lib.engines.requests import Request, sampling_of, seed_of
from scripts.lib.engines.start import EngineSettings, start_engine
from scripts.lib.files import read_json, read_jsonl, write_jsonl
from scripts.lib.model.weights import required_checkpoint
from scripts.lib.smoke.plan import tokens_of_stage
from scripts.lib.study.cells import Study
from scripts.lib.study.recipes import recipe_of
from scripts.lib.training.preemption import RESUME_ME
from scripts.lib.training.run import Training, train

PROBLEMS = 32
SAMPLES = 16  # of each, for the speed of an engine that has much to do
MOST_TOKENS = 512
SAME_START = 8  # tokens of a greedy completion that rounding does not part
SAME_SHARE = 0.75  # of the completions
GRPO_STEPS, SFT_STEPS = 3, 4

Facts = dict[str, Any]


@dataclass(frozen=True)
class Machine:
    """The study, its model and data, and what the profile says of the machine."""

    study: Study
    cell: str  # the untrained model
    record: Path
    problems: Path
    examples: dict[str, Path]  # by stage
    engine: str
    tokens_per_pass: dict[str, int]  # by cell
    work: Path


def generated(machine: Machine, engine: str, samples: int, greedy: bool) -> Facts:
    """Return an engine's completions of the problems, and how long they took in seconds."""
    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.stop_tokens import stop_ids_of

    tasks = job(machine.study, "evaluate", cell=machine.cell, seed=machine.study.seeds()[0])
    settings = next(iter(tasks.settings["tasks"].values()))
    checkpoint = required_checkpoint(machine.record)
    tokenizer = load_tokenizer(checkpoint, settings["chat_template_kwargs"])
    limit = min(MOST_TOKENS, settings["max_new_tokens"])
    questions = [row["question"] for row in read_jsonl(machine.problems)[:PROBLEMS]]
    prompts = [
        tokenizer.apply_chat_template(
            messages(settings["prompt"], question), add_generation_prompt=True, return_dict=True
        )["input_ids"]
        for question in questions
    ]
    requests = [
        Request(prompt, limit, seed_of("smoke", number, sample))
        for number, prompt in enumerate(prompts)
        for sample in range(samples)
    ]
    sampling = sampling_of(settings, stop_ids_of(checkpoint, tokenizer), seed=0)
    sampling = sampling._replace(temperature=0.0) if greedy else sampling
    running = start_engine(
        EngineSettings(engine, machine.study.config["vllm"]),
        checkpoint,
        settings["dtype"],
        max(map(len, prompts)) + limit,
        settings["batch_size"],
    )
    try:
        started = time.perf_counter()
        completions = running.generate(requests, sampling)
        seconds = time.perf_counter() - started
    finally:
        running.close()
    return {"completions": completions, "seconds": seconds, "limit": limit}


def check_agreement(ours: Facts, reference: Facts) -> Facts:
    """Return how many greedy completions begin as the reference's; exit if too few do."""
    pairs = list(zip(ours["completions"], reference["completions"], strict=True))
    same = sum(one[:SAME_START] == other[:SAME_START] for one, other in pairs)
    if same < SAME_SHARE * len(pairs):
        raise SystemExit(
            f"{same} of {len(pairs)} greedy completions of vLLM begin as those of transformers: "
            "its weights, its template or its kernels are not those of the study; compare the "
            "versions with the lock (`make setup STACK=gpu`)"
        )
    whole = sum(one == other for one, other in pairs)
    return {"completions": len(pairs), "begin alike": same, "are the same": whole}


def speed(machine: Machine) -> Facts:
    """Return how fast the profile's engine generates many completions."""
    found = generated(machine, machine.engine, SAMPLES, greedy=False)
    lengths = [len(tokens) for tokens in found["completions"]]
    return {
        "completions": len(lengths),
        "mean_tokens": statistics.fmean(lengths),
        "limit": found["limit"],
        "seconds": found["seconds"],
        "tokens_per_second": sum(lengths) / found["seconds"],
    }


def grpo(machine: Machine, stage: str) -> Facts:
    """Return what a few steps of the study's GRPO took; vLLM must sample what is trained.

    A difference of its log-probabilities above 0.05 ends the training (training/rollouts.py).
    """
    try:
        record = trained(machine, stage, "train_grpo", GRPO_STEPS)
    except AttributeError as error:
        if "weight_loader" not in str(error):
            raise
        raise SystemExit(
            "vLLM's CPU build cannot load synchronised weights: it packs those of its layers when "
            "it starts; on CUDA it can. Write `engine: transformers` for train_grpo in the profile"
        ) from None
    steps = record["log"]
    differences = [step.get("sampling/sampling_logp_difference") for step in steps]
    return {
        "step_seconds": statistics.median(step["step_time"] for step in steps[1:]),
        "passes": statistics.fmean(step["passes"] for step in steps),
        "padding": statistics.fmean(step["padding"] for step in steps),
        "largest difference of log-probabilities": max(
            (value for value in differences if value is not None), default=None
        ),
        "peak_memory_bytes": record["peak_memory_bytes"],
    }


def sft(machine: Machine, stage: str) -> Facts:
    """Return what a few steps of the study's SFT took: preempted after the first, and resumed."""
    try:
        trained(machine, stage, "train_sft", SFT_STEPS, runtime=1.0)  # all of it margin
    except SystemExit as end:
        if end.code != RESUME_ME:
            raise
    record = trained(machine, stage, "train_sft", SFT_STEPS)
    if (record["starts"], record["steps"]) != (2, SFT_STEPS):
        raise SystemExit(
            f"SFT was started {record['starts']} times and ended after {record['steps']} steps, "
            f"not twice and after {SFT_STEPS}: it did not resume"
        )
    return {
        "step_seconds": statistics.median(step["step_time"] for step in record["log"][1:]),
        "starts": record["starts"],
        "peak_memory_bytes": record["peak_memory_bytes"],
    }


def longest(machine: Machine, stage: str) -> Facts:
    """Return the memory of a pass that is full of the longest sequences of an SFT recipe."""
    recipe = recipe_of(machine.study, stage)
    tokens = tokens_of_stage(machine.tokens_per_pass, stage)
    rows = max(1, tokens // recipe["max_length"])
    example = filled(machine, read_jsonl(machine.examples[stage])[0], recipe["max_length"])
    path = machine.work / "longest.jsonl"
    write_jsonl(path, [example] * rows)
    changed = {"global_batch_size": rows}
    record = trained(machine, stage, "train_sft", 1, examples=path, changed=changed)
    return {"sequences": rows, "peak_memory_bytes": record["peak_memory_bytes"]}


def filled(machine: Machine, example: Facts, limit: int) -> Facts:
    """Return an example whose completion goes on until another word would be over the limit."""
    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.encoding import encode

    tokenizer = load_tokenizer(required_checkpoint(machine.record), {})
    (turn,) = example["completion"]

    def longer(words: int) -> Facts:
        return example | {"completion": [turn | {"content": turn["content"] + " 1" * words}]}

    def fits(words: int) -> bool:
        return len(encode(longer(words), tokenizer, 0, "")[0]) <= limit

    return longer(bisect.bisect_left(range(limit), True, key=lambda words: not fits(words)) - 1)


def trained(
    machine: Machine,
    stage: str,
    rule: str,
    steps: int,
    runtime: float = 0.0,
    examples: Path | None = None,
    changed: dict[str, Any] | None = None,
) -> Facts:
    """Train a stage for so many steps in the smoke test's folder; return its record."""
    if rule == "train_grpo":
        from scripts.train_grpo import build_trainer
    else:
        from scripts.train_sft import build_trainer
    cell, seed = f"{machine.cell}+{stage}", machine.study.seeds()[0]
    planned = job(machine.study, rule, cell=cell, seed=seed)
    recipe = recipe_of(machine.study, stage) | {"max_steps": steps, "save_steps": steps}
    recipe |= changed or {}
    name = examples.stem if examples else rule
    engine = EngineSettings()
    if rule == "train_grpo":
        engine = EngineSettings(machine.engine, machine.study.config["vllm"])
    output = machine.work / name / "training.json"
    training = Training(
        rule,
        planned.key,
        cell,
        planned.settings | {"recipe": recipe},
        machine.record,
        examples or machine.examples[stage],
        machine.work / name / "checkpoints",
        output,
        tokens_of_stage(machine.tokens_per_pass, stage),
        runtime,
        engine,
    )
    train(training, build_trainer)
    record = read_json(output)
    if record["status"] != "ok":
        raise SystemExit(f"{rule} collapsed: {record['reason']}")
    return record
