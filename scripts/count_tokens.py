"""Measure the lengths of training examples with a model's own tokenizer (paper 3.1)."""

from pathlib import Path

import numpy as np

from scripts.cli import check_inputs, job_arguments, planned_job
from scripts.lib.records import checkpoint_of, read_jsonl, write_json


def statistics(lengths: list[int]) -> dict[str, float]:
    """Return count, total, mean and quantiles of lengths in tokens."""
    quantiles = {"median": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {
        "count": len(lengths),
        "total": int(np.sum(lengths)),
        "mean": round(float(np.mean(lengths)), 2),
        **{name: float(np.quantile(lengths, share)) for name, share in quantiles.items()},
    }


def main() -> None:
    """Count the tokens of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--model", required=True, help="name of the model in config.yaml")
    parser.add_argument("--examples", type=Path, required=True, help="examples.jsonl of the set")
    parser.add_argument("--record", type=Path, required=True, help="model.json of the model")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    job = planned_job(args, "count_tokens", dataset=args.dataset, model=args.model)
    check_inputs(job, args.examples, args.record)

    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint_of(args.record))
    examples = read_jsonl(args.examples)
    prompts = [tokenizer.apply_chat_template(e["prompt"], tokenize=False) for e in examples]
    wholes = [
        tokenizer.apply_chat_template(e["prompt"] + e["completion"], tokenize=False)
        for e in examples
    ]
    prompt_lengths = [len(ids) for ids in tokenizer(prompts)["input_ids"]]
    lengths = [len(ids) for ids in tokenizer(wholes)["input_ids"]]
    longer = {
        recipe: sum(length > limit for length in lengths)
        for recipe, limit in job.settings["max_length"].items()
    }
    write_json(
        args.output,
        {
            "key": job.key,
            "dataset": args.dataset,
            "model": args.model,
            "prompt": statistics(prompt_lengths),
            "prompt_and_completion": statistics(lengths),
            "longer_than_max_length": longer,
        },
    )


if __name__ == "__main__":
    main()
