"""Sample a teacher's traces on training problems, in the columns of the published CAMEL set."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.cli import add_engine, job_arguments, planned_run
from scripts.lib.console import report
from scripts.lib.data.prompts import messages
from scripts.lib.engines.vllm import Request, Sampling, VllmEngine, engine_arguments, seed_of
from scripts.lib.engines.vllm_setup import require_vllm
from scripts.lib.files import read_jsonl, write_jsonl
from scripts.lib.machine.devices import require_one_device, torch_device, visible_devices
from scripts.lib.model.architecture import require_causal_lm
from scripts.lib.model.weights import checkpoint_of


def sample(
    teacher: Path,
    questions: Sequence[str],
    settings: dict[str, Any],
    vllm: dict[str, Any] | None = None,
) -> tuple[list[str], float]:
    """Return one completion a question, and the share that the length limit cut off.

    With `vllm`, its settings in the config, it samples, without them transformers.
    """
    from scripts.lib.model.checkpoints import load_tokenizer
    from scripts.lib.model.stop_tokens import stop_token_ids

    require_causal_lm(teacher)
    tokenizer = load_tokenizer(teacher, settings["chat_template_kwargs"])
    prompts = [
        tokenizer.apply_chat_template(
            messages(settings["prompt"], question), add_generation_prompt=True, return_dict=True
        )["input_ids"]
        for question in questions
    ]
    stops = stop_token_ids(tokenizer)
    if vllm:
        completions = with_vllm(teacher, prompts, settings, stops, vllm)
    else:
        completions = with_transformers(teacher, prompts, settings, stops, tokenizer)
    cut_off = sum(not set(stops) & set(tokens) for tokens in completions)
    texts = tokenizer.batch_decode(completions, skip_special_tokens=True)
    return texts, cut_off / len(completions)


def with_vllm(
    teacher: Path,
    prompts: list[list[int]],
    settings: dict[str, Any],
    stops: list[int],
    vllm: dict[str, Any],
) -> list[list[int]]:
    """Return a completion a prompt, all of them handed to the engine at once."""
    require_vllm()
    from transformers import AutoConfig

    limit = settings["max_new_tokens"]
    arguments = engine_arguments(vllm) | {
        "max_model_len": max(map(len, prompts)) + limit,
        # Its own choice for float32 would be 16 bits.
        "dtype": str(AutoConfig.from_pretrained(teacher).dtype).removeprefix("torch."),
    }
    engine = VllmEngine(str(teacher), arguments, visible_devices())
    names = ("temperature", "top_p", "top_k", "repetition_penalty")
    sampling = Sampling(**{name: settings[name] for name in names}, stop_ids=stops)
    requests = [
        Request(prompt, limit, seed_of(settings["seed"], number))
        for number, prompt in enumerate(prompts)
    ]
    try:
        return engine.generate(requests, sampling)
    finally:
        engine.close()


def with_transformers(
    teacher: Path,
    prompts: list[list[int]],
    settings: dict[str, Any],
    stops: list[int],
    tokenizer: Any,
) -> list[list[int]]:
    """Return a completion a prompt, batch by batch."""
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig

    device = torch_device()
    tokenizer.padding_side = "left"
    model = AutoModelForCausalLM.from_pretrained(teacher, dtype="auto").to(device).eval()
    # generate() fills every argument left open from here: nothing of the checkpoint's stays.
    model.generation_config = GenerationConfig()
    torch.manual_seed(settings["seed"])
    completions: list[list[int]] = []
    for start in range(0, len(prompts), settings["batch_size"]):
        part = prompts[start : start + settings["batch_size"]]
        batch = tokenizer.pad({"input_ids": part}, return_tensors="pt").to(device)
        with torch.inference_mode():
            tokens = model.generate(
                **batch,
                do_sample=True,
                temperature=settings["temperature"],
                top_p=settings["top_p"],
                top_k=settings["top_k"],
                repetition_penalty=settings["repetition_penalty"],
                max_new_tokens=settings["max_new_tokens"],
                eos_token_id=stops,
                pad_token_id=tokenizer.pad_token_id,
            )
        completions += tokens[:, batch["input_ids"].shape[1] :].tolist()
        report(f"sample_traces {len(completions)}/{len(prompts)}")
    return completions


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
    completions, cut_off = sample(
        checkpoint_of(args.teacher),
        [problem["question"] for problem in asked],
        run.settings,
        run.study.config["vllm"] if args.engine == "vllm" else None,
    )
    rows = [
        {
            "problem": problem["question"],
            "reasoning_solution": completion,
            "groud_truth_solution": problem["gold"],  # the published set's own spelling
        }
        for problem, completion in zip(asked, completions, strict=True)
    ]
    write_jsonl(args.rows, rows)
    run.write_record(args.output, args.rows, dataset=args.dataset, rows=len(rows), cut_off=cut_off)


if __name__ == "__main__":
    main()
