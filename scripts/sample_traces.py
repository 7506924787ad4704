"""Sample a teacher's traces on training problems, in the columns of the published CAMEL set."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.cli import check_inputs, job_arguments, planned_job
from scripts.lib.data.prompts import messages
from scripts.lib.devices import torch_device
from scripts.lib.progress import report
from scripts.lib.records import checkpoint_of, read_jsonl, write_json, write_jsonl


def sample(
    teacher: Path, questions: Sequence[str], settings: dict[str, Any]
) -> tuple[list[str], float]:
    """Return one completion a question, and the share that the length limit cut off."""
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig

    from scripts.lib.stop_tokens import stop_token_ids
    from scripts.lib.training.checkpoints import load_tokenizer

    device = torch_device()
    tokenizer = load_tokenizer(teacher, settings["chat_template_kwargs"])
    tokenizer.padding_side = "left"
    model = AutoModelForCausalLM.from_pretrained(teacher, dtype="auto").to(device).eval()
    # generate() fills every argument left open from here: nothing of the checkpoint's stays.
    model.generation_config = GenerationConfig()
    prompts = [
        tokenizer.apply_chat_template(
            messages(settings["prompt"], question), tokenize=False, add_generation_prompt=True
        )
        for question in questions
    ]
    torch.manual_seed(settings["seed"])
    stops = stop_token_ids(tokenizer)
    completions: list[str] = []
    cut_off = 0
    for start in range(0, len(prompts), settings["batch_size"]):
        batch = tokenizer(
            prompts[start : start + settings["batch_size"]],
            padding=True,
            add_special_tokens=False,  # the chat template wrote them
            return_tensors="pt",
        ).to(device)
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
        new = tokens[:, batch["input_ids"].shape[1] :]
        completions += tokenizer.batch_decode(new, skip_special_tokens=True)
        cut_off += int((~torch.isin(new, torch.tensor(stops, device=device)).any(dim=1)).sum())
        report(f"sample_traces {len(completions)}/{len(prompts)}")
    return completions, cut_off / len(completions)


def main() -> None:
    """Sample the traces of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--teacher", type=Path, required=True, help="model.json of the teacher")
    parser.add_argument("--problems", type=Path, required=True, help="clean.jsonl of the problems")
    parser.add_argument("--rows", type=Path, required=True, help="raw.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    job = planned_job(args, "sample_traces", dataset=args.dataset)
    check_inputs(job, args.teacher, args.problems)

    problems = read_jsonl(args.problems)[: job.settings["num_problems"]]
    asked = [problem for problem in problems for _ in range(job.settings["num_samples"])]
    completions, cut_off = sample(
        checkpoint_of(args.teacher), [problem["question"] for problem in asked], job.settings
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
    record = {"key": job.key, "dataset": args.dataset, "rows": len(rows), "cut_off": cut_off}
    write_json(args.output, record)


if __name__ == "__main__":
    main()
