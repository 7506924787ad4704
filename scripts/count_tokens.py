"""Measure training examples in tokens, as the trainer reads them with a model's tokenizer (3.1).

Tokens of the targets that the model itself has hardly read are listed too.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from scripts.cli import job_arguments, planned_run
from scripts.lib.console import report
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


def unread(
    targets: list[list[int]], untrained: list[int], texts: list[str]
) -> list[dict[str, Any]]:
    """Return how often each untrained token stands in the targets, the most frequent first.

    `texts` are the tokens of `untrained`, decoded.
    """
    times = Counter(token for target in targets for token in target)
    examples = Counter(token for target in targets for token in set(target))
    found = [
        {"token": token, "text": text, "times": times[token], "examples": examples[token]}
        for token, text in zip(untrained, texts, strict=True)
    ]
    return sorted(found, key=lambda row: (-row["times"], row["token"]))


def warning(dataset: str, model: str, untrained: list[dict[str, Any]]) -> str:
    """Return the console's line about target tokens that the model has hardly read."""
    shown = ", ".join(repr(row["text"]) for row in untrained[:3])
    more = f" and {len(untrained) - 3} more" if len(untrained) > 3 else ""
    return (
        f"{dataset}: targets hold tokens whose embeddings in {model} look untrained: {shown}{more} "
        f"(data/{dataset}/card.md); what the model writes behind them may be noise"
    )


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
    from scripts.lib.model.embeddings import input_embedding, untrained_tokens
    from scripts.lib.model.encoding import encode
    from scripts.lib.model.stop_tokens import end_of_turn

    kwargs = run.settings["chat_template_kwargs"]
    checkpoint = required_checkpoint(args.record)
    tokenizer = load_tokenizer(checkpoint, kwargs)
    stop, opened = end_of_turn(tokenizer), prefill(tokenizer)
    examples = read_jsonl(args.examples)
    labels = [encode(example, tokenizer, stop, opened)[1] for example in examples]
    lengths = [len(row) for row in labels]
    target_tokens = [[label for label in row if label != -100] for row in labels]
    targets = [len(row) for row in target_tokens]
    read = sorted({token for row in target_tokens for token in row})
    untrained = untrained_tokens(input_embedding(checkpoint), read)
    texts = [tokenizer.decode([token]) for token in untrained]
    unread_tokens = unread(target_tokens, untrained, texts)
    if unread_tokens:
        report(warning(args.dataset, args.model, unread_tokens))
    run.write_record(
        args.output,
        dataset=args.dataset,
        model=args.model,
        prompt=statistics([n - m for n, m in zip(lengths, targets, strict=True)]),
        completion=statistics(targets),
        prompt_and_completion=statistics(lengths),
        histogram=histogram(lengths),
        untrained_tokens=unread_tokens,
        over_length={
            recipe: {"max_length": limit, "rows": over_length(examples, lengths, limit)}
            for recipe, limit in run.settings["max_length"].items()
        },
    )


if __name__ == "__main__":
    main()
