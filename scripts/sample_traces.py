"""Sample a teacher's traces on training problems, in the columns of the published CAMEL set.

A column `status` says how each ended: `ok`, `empty`, or `cut` at the length limit. The model may be
a trained cell, whose own answers DPO learns from; a collapsed one writes nothing.

Each completion of vLLM, and each batch of transformers, is kept in checkpoints/ when it is
finished, so that a killed job samples the others alone.

What the sampling took (time, memory, energy, tokens) is in raw.run.json beside the record: two
honest runs differ in it. Nothing but the costs reads it, and they do without it where it is gone.
"""

import hashlib
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scripts.cli import Run, add_engine, job_arguments, planned_run
from scripts.lib.console import report
from scripts.lib.data.prompts import messages
from scripts.lib.engines.requests import (
    Engine,
    Request,
    Sampling,
    StreamingEngine,
    sampling_of,
    seed_of,
)
from scripts.lib.engines.start import EngineSettings, start_engine
from scripts.lib.evaluation.journal import Journal, generated
from scripts.lib.files import read_json, read_jsonl, write_json, write_jsonl
from scripts.lib.machine.devices import device_name, require_one_device, visible_devices
from scripts.lib.machine.energy import job_meter
from scripts.lib.machine.usage import peak_memory
from scripts.lib.model.architecture import require_causal_lm
from scripts.lib.model.weights import checkpoint_of, weights_digest
from scripts.lib.provenance import run_facts
from scripts.lib.training.resume import locked, tidy


class Sampled(NamedTuple):
    """What a model wrote: texts, and for each whether it stopped by itself."""

    texts: list[str]
    ended: list[bool]
    tokens: int  # generated, stop tokens included
    prefill: str  # what the chat template opens before each text

    @property
    def cut_off(self) -> float:
        """Return the share that the length limit cut off."""
        return 1 - sum(self.ended) / len(self.ended) if self.ended else 0.0


def status_of(text: str, ended: bool) -> str:
    """Return how a completion ended, in the words of an endpoint's traces.

    >>> status_of("18", True), status_of(" ", True), status_of("1", False)
    ('ok', 'empty', 'cut')
    """
    if not ended:
        return "cut"
    return "ok" if text.strip() else "empty"


def completions_of(
    running: Engine, requests: list[Request], sampling: Sampling, work: Path
) -> list[list[int]]:
    """Return the requests' token ids, which are kept in `work` as they come.

    What is there already is not asked for.
    """
    path = work / "completions.jsonl"
    if not isinstance(running, StreamingEngine):
        return generated(running, requests, sampling, path)
    kept = Journal(path)
    missing = [number for number in range(len(requests)) if ("", number) not in kept.known]
    asked = [(requests[number], sampling) for number in missing]
    for place, tokens in running.stream(asked):
        kept.add(("", missing[place]), tokens)
    return [kept.known["", number] for number in range(len(requests))]


def sample(
    teacher: Path,
    questions: Sequence[str],
    settings: dict[str, Any],
    engine: EngineSettings,
    work: Path,
) -> Sampled:
    """Return one completion per question; `work` is the folder of what is unfinished."""
    from scripts.lib.model.chat_template import load_tokenizer, prompt_ids
    from scripts.lib.model.checkpoints import prefill
    from scripts.lib.model.stop_tokens import stop_ids_of

    require_causal_lm(teacher)
    tokenizer = load_tokenizer(teacher, settings["chat_template_kwargs"])
    prompts = [
        prompt_ids(tokenizer, messages(settings["prompt"], question)) for question in questions
    ]
    limit, seed = settings["max_new_tokens"], settings["seed"]
    requests = [
        Request(prompt, limit, seed_of(seed, number)) for number, prompt in enumerate(prompts)
    ]
    stop_ids = stop_ids_of(teacher, tokenizer)
    longest = max(map(len, prompts)) + limit
    running = start_engine(engine, teacher, "auto", longest, settings["batch_size"])
    try:
        completions = completions_of(running, requests, sampling_of(settings, stop_ids, seed), work)
    finally:
        running.close()
    return Sampled(
        tokenizer.batch_decode(completions, skip_special_tokens=True),
        [tokens[-1] in stop_ids for tokens in completions],
        sum(map(len, completions)),
        prefill(tokenizer),
    )


def identity(run: Run, teacher: Path) -> str:
    """Return the digest of what another start must find unchanged: the job, weights, the engine."""
    engines = sorted(run.record().get("engines", {}).items())
    facts = f"{run.job.key} {weights_digest(read_json(teacher))} {engines}"
    return hashlib.sha256(facts.encode()).hexdigest()


def main() -> None:
    """Sample the traces of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--teacher", type=Path, required=True, help="record of the teacher")
    parser.add_argument("--problems", type=Path, required=True, help="clean.jsonl of the problems")
    parser.add_argument(
        "--checkpoints", type=Path, required=True, help="folder of what a killed job has sampled"
    )
    parser.add_argument("--rows", type=Path, required=True, help="raw.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    add_engine(parser)
    args = parser.parse_args()
    require_one_device(args.engine)
    run = planned_run(args, "sample_traces", dataset=args.dataset)
    problems = read_jsonl(args.problems)[: run.settings["num_problems"]]
    asked = [problem for problem in problems for _ in range(run.settings["num_samples"])]
    started, meter = time.perf_counter(), job_meter()
    engine = EngineSettings(args.engine, run.study.config["vllm"])
    sampled = Sampled([], [], 0, "")
    if teacher := checkpoint_of(args.teacher):
        questions = [problem["question"] for problem in asked]
        place = args.checkpoints / args.dataset.replace("/", "_")
        with locked(place):
            work = place / identity(run, args.teacher)
            tidy(work, "sample_traces", run.job.key, dataset=args.dataset)
            sampled = sample(teacher, questions, run.settings, engine, work)
            shutil.rmtree(work)
    else:
        asked = []
    used = {
        "wall_seconds": time.perf_counter() - started,
        "joules": meter.lap(),
        "peak_memory_bytes": peak_memory() or None,  # 0: engines in processes of their own
        "device": device_name(),
        "devices": max(1, len(visible_devices())),
        "tokens": sampled.tokens,
    }
    rows = [
        {
            "problem": problem["question"],
            "reasoning_solution": text,
            "groud_truth_solution": problem["gold"],  # the published set's own spelling
            "status": status_of(text, ended),
        }
        for problem, text, ended in zip(asked, sampled.texts, sampled.ended, strict=True)
    ]
    write_jsonl(args.rows, rows)
    write_json(args.output.with_suffix(".run.json"), used | run_facts(run.job.rule) | run.record())
    cut, opened = sampled.cut_off, sampled.prefill
    facts = {"dataset": args.dataset, "rows": len(rows), "cut_off": cut, "prefill": opened}
    run.write_record(args.output, args.rows, **facts)
    report(f"sample_traces {args.dataset}: {len(rows)} traces, {cut:.1%} cut off")


if __name__ == "__main__":
    main()
