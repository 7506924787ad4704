"""Training examples as tokens: what the trainer reads, and what the token statistics count."""

from typing import Any

from scripts.lib.model.chat_template import prompt_ids
from scripts.lib.model.checkpoints import prefill
from scripts.lib.model.stop_tokens import end_of_turn


def encode(
    example: dict[str, Any], tokenizer: Any, stop: int, opened: str
) -> tuple[list[int], list[int]]:
    """Return the token ids and the labels of an example.

    The prompt is tokenised as it is for generation, and the completion on its own, so that no
    token spans both; what the template adds after the end of the turn (Qwen's line break) is never
    generated and is left out. `opened` is the thought that the template has put into the prompt.
    """
    prompt = prompt_ids(tokenizer, example["prompt"])
    if not example["completion"]:  # of problems without solutions, for GRPO
        return prompt, [-100] * len(prompt)
    text = behind(opened, example["completion"][0]["content"])
    target = [*tokenizer(text, add_special_tokens=False)["input_ids"], stop]
    return prompt + target, [-100] * len(prompt) + target


def behind(opened: str, text: str) -> str:
    """Return a target as it follows a thought that the prompt has opened, or opened and closed.

    It opens no second one: behind a closed thought the reasoning stands in plain text.

    >>> behind("<think>\\n\\n</think>\\n\\n", "<think>\\n1+1\\n</think>\\n<answer>2</answer>")
    '1+1\\n<answer>2</answer>'
    """
    if not opened or not text.startswith("<think>"):
        return text
    if "</think>" in opened:
        return text.removeprefix("<think>").replace("</think>\n", "", 1).lstrip()
    return text.removeprefix(opened) if text.startswith(opened) else text[7:].lstrip()


def encode_all(
    examples: list[dict[str, Any]],
    tokenizer: Any,
    max_length: int | None,
    completion_only: bool = True,
) -> tuple[list[dict[str, list[int]]], dict[str, int]]:
    """Return tokenised examples and their counts.

    An example over `max_length` is left out and counted: cut short, it would teach the model never
    to stop (ASSUME: the paper's 8192 tokens cut nothing of GSM8K).
    """
    stop, opened = end_of_turn(tokenizer), prefill(tokenizer)
    rows = []
    for example in examples:
        ids, labels = encode(example, tokenizer, stop, opened)
        if max_length is None or len(ids) <= max_length:
            rows.append({"input_ids": ids, "labels": labels if completion_only else ids})
    if not rows:
        raise SystemExit(f"recipe: all examples are longer than max_length {max_length} tokens")
    return rows, {
        "given": len(examples),
        "used": len(rows),
        "over_length": len(examples) - len(rows),
        "target_tokens": sum(label != -100 for row in rows for label in row["labels"]),
    }


def encode_pairs(
    pairs: list[dict[str, Any]], tokenizer: Any, max_length: int | None
) -> tuple[list[dict[str, list[int]]], dict[str, int]]:
    """Return tokenised pairs, as DPO reads them, and their counts.

    A completion stands as it was sampled, behind the prompt as it was tokenised for the sampling,
    and ends at the end of the turn. A pair of which one is over `max_length` is left out and
    counted.
    """
    stop = end_of_turn(tokenizer)
    rows = []
    for pair in pairs:
        row = {"prompt_ids": prompt_ids(tokenizer, pair["prompt"])}
        for side in ("chosen", "rejected"):
            text = pair[side][0]["content"]
            row[f"{side}_ids"] = [*tokenizer(text, add_special_tokens=False)["input_ids"], stop]
        if max_length is None or longest_of(row) <= max_length:
            rows.append(row)
    if not rows:
        raise SystemExit(f"recipe: all pairs are longer than max_length {max_length} tokens")
    return rows, {
        "given": len(pairs),
        "used": len(rows),
        "over_length": len(pairs) - len(rows),
        "target_tokens": sum(len(r["chosen_ids"]) + len(r["rejected_ids"]) for r in rows),
    }


def longest_of(pair: dict[str, list[int]]) -> int:
    """Return the tokens of the longer of a tokenised pair's two sequences."""
    return len(pair["prompt_ids"]) + max(len(pair["chosen_ids"]), len(pair["rejected_ids"]))


def check_batch(batch: dict[str, Any], stop: int) -> None:
    """Exit with an error unless the loss of every row ends at the end of the turn."""
    for labels in batch["labels"].tolist():
        targets = [label for label in labels if label != -100]
        if not targets or targets[-1] != stop:
            raise SystemExit("the trainer's batch does not end in the end-of-turn token")
