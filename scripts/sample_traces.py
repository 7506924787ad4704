"""Sample a teacher's traces on training problems, in the columns of the published CAMEL set.

What the sampling took (time, memory, energy, tokens) is in raw.run.json beside the record: two
honest runs differ in it. Nothing but the costs reads it, and they do without it where it is gone.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.cli import add_engine, job_arguments, planned_run
from scripts.lib.console import report
from scripts.lib.data.prompts import messages
from scripts.lib.engines.requests import Request, sampling_of, seed_of
from scripts.lib.engines.start import EngineSettings, start_engine
from scripts.lib.files import read_jsonl, write_json, write_jsonl
from scripts.lib.machine.devices import device_name, require_one_device, visible_devices
from scripts.lib.machine.energy import job_meter
from scripts.lib.machine.usage import peak_memory
from scripts.lib.model.architecture import require_causal_lm
from scripts.lib.model.weights import required_checkpoint
from scripts.lib.provenance import run_facts


def sample(
    teacher: Path, questions: Sequence[str], settings: dict[str, Any], engine: EngineSettings
) -> tuple[list[str], float, int]:
    """Return one completion per question, the share that the length limit cut off, and all tokens.

    The number of tokens is that of what was generated, stop tokens included.
    """
    from scripts.lib.model.chat_template import load_tokenizer, prompt_ids
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
        completions = running.generate(requests, sampling_of(settings, stop_ids, seed))
    finally:
        running.close()
    cut_off = sum(tokens[-1] not in stop_ids for tokens in completions)
    texts = tokenizer.batch_decode(completions, skip_special_tokens=True)
    return texts, cut_off / len(completions), sum(map(len, completions))


def main() -> None:
    """Sample the traces of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--teacher", type=Path, required=True, help="model.json of the teacher")
    parser.add_argument("--problems", type=Path, required=True, help="clean.jsonl of the problems")
    parser.add_argument("--rows", type=Path, required=True, help="raw.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    add_engine(parser)
    args = parser.parse_args()
    require_one_device(args.engine)
    run = planned_run(args, "sample_traces", dataset=args.dataset)
    problems = read_jsonl(args.problems)[: run.settings["num_problems"]]
    asked = [problem for problem in problems for _ in range(run.settings["num_samples"])]
    started, meter = time.perf_counter(), job_meter()
    completions, cut_off, tokens = sample(
        required_checkpoint(args.teacher),
        [problem["question"] for problem in asked],
        run.settings,
        EngineSettings(args.engine, run.study.config["vllm"]),
    )
    used = {
        "wall_seconds": time.perf_counter() - started,
        "joules": meter.lap(),
        "peak_memory_bytes": peak_memory() or None,  # 0: engines in processes of their own
        "device": device_name(),
        "devices": max(1, len(visible_devices())),
        "tokens": tokens,
    }
    rows = [
        {
            "problem": problem["question"],
            "reasoning_solution": completion,
            "groud_truth_solution": problem["gold"],  # the published set's own spelling
        }
        for problem, completion in zip(asked, completions, strict=True)
    ]
    write_jsonl(args.rows, rows)
    write_json(args.output.with_suffix(".run.json"), used | run_facts(run.job.rule) | run.record())
    run.write_record(args.output, args.rows, dataset=args.dataset, rows=len(rows), cut_off=cut_off)
    report(f"sample_traces {args.dataset}: {len(rows)} traces, {cut_off:.1%} cut off")


if __name__ == "__main__":
    main()
