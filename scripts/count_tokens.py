"""Measure training examples in tokens, as the trainer reads them with a model's tokenizer (3.1)."""

from pathlib import Path
from typing import Any

import numpy as np

from scripts.cli import job_arguments, planned_run
from scripts.lib.files import read_jsonl
from scripts.lib.model.weights import required_checkpoint


def statistics(lengths: list[int]) -> dict[str, float]:
    """Return count, total, mean and quantiles of lengths in tokens."""
    quantiles = {"median": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {
        "count": len(lengths),
        "total": int(np.sum(lengths)),
        "mean": round(float(np.mean(lengths)), 2),
        **{name: float(np.quantile(lengths, share)) for name, share in quantiles.items()},
    }


def histogram(lengths: list[int]) -> list[dict[str, int]]:
    """Return how many lengths lie between one power of two and the next, the upper one included.

    >>> histogram([30, 33, 64])
    [{'up_to': 32, 'count': 1}, {'up_to': 64, 'count': 2}]
    """
    powers = np.ceil(np.log2(lengths)).astype(int)
    return [
        {"up_to": 2**power, "count": int(np.sum(powers == power))}
        for power in range(int(powers.min()), int(powers.max()) + 1)
    ]


def over_length(
    examples: list[dict[str, Any]], lengths: list[int], limit: int
) -> list[dict[str, Any]]:
    """Return the examples that the trainer leaves out because they are longer than `limit`."""
    return [
        {"id": example["id"], "tokens": length}
        for example, length in zip(examples, lengths, strict=True)
        if length > limit
    ]


def main() -> None:
    """Count the tokens of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--model", required=True, help="name of the model in config.yaml")
    parser.add_argument("--examples", type=Path, required=True, help="examples.jsonl of the set")
    parser.add_argument("--record", type=Path, required=True, help="model.json of the model")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "count_tokens", dataset=args.dataset, model=args.model)
    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.checkpoints import prefill
    from scripts.lib.model.encoding import encode
    from scripts.lib.model.stop_tokens import end_of_turn

    kwargs = run.settings["chat_template_kwargs"]
    tokenizer = load_tokenizer(required_checkpoint(args.record), kwargs)
    stop, opened = end_of_turn(tokenizer), prefill(tokenizer)
    examples = read_jsonl(args.examples)
    labels = [encode(example, tokenizer, stop, opened)[1] for example in examples]
    lengths = [len(row) for row in labels]
    targets = [sum(label != -100 for label in row) for row in labels]
    run.write_record(
        args.output,
        dataset=args.dataset,
        model=args.model,
        prompt=statistics([n - m for n, m in zip(lengths, targets, strict=True)]),
        completion=statistics(targets),
        prompt_and_completion=statistics(lengths),
        histogram=histogram(lengths),
        over_length={
            recipe: {"max_length": limit, "rows": over_length(examples, lengths, limit)}
            for recipe, limit in run.settings["max_length"].items()
        },
    )


if __name__ == "__main__":
    main()
