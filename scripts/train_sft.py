"""Train one SFT or distillation stage, in full or with LoRA, from its prefix's checkpoint.

The examples say which of the two it is: the data set's own solutions, or a teacher's. The last
token of every target is the end of the assistant's turn.

    python -m scripts.train_sft --config results/demo/config.json --key KEY \
        --cell toy-base+sft --seed 0 --parent results/demo/models/toy-base/model.json \
        --examples results/demo/data/gsm8k/examples.jsonl \
        --checkpoints checkpoints/demo/train/toy-base+sft/seed-0 \
        --output results/demo/models/toy-base+sft/seed-0/training.json
"""

from typing import Any

from scripts.lib.training.run import Inputs, train
from scripts.training_cli import planned_training


def encode(
    example: dict[str, Any], tokenizer: Any, stop: int, opened: str
) -> tuple[list[int], list[int]]:
    """Return the token ids and the labels of an example.

    The prompt is tokenised as it is for generation, and the completion on its own, so that no
    token spans both; what the template adds after the end of the turn (Qwen's line break) is never
    generated and is left out. `opened` is a tag that the template has put into the prompt.
    """
    prompt = tokenizer.apply_chat_template(
        example["prompt"], add_generation_prompt=True, tokenize=True, return_dict=True
    )["input_ids"]
    text = example["completion"][0]["content"].removeprefix(opened)
    target = [*tokenizer(text, add_special_tokens=False)["input_ids"], stop]
    return prompt + target, [-100] * len(prompt) + target


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
    from scripts.lib.training.checkpoints import end_of_turn, prefill

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


def check_batch(batch: dict[str, Any], stop: int) -> None:
    """End unless every row that reaches the model ends its loss at the end of the turn."""
    for labels in batch["labels"].tolist():
        targets = [label for label in labels if label != -100]
        if not targets or targets[-1] != stop:
            raise SystemExit("the trainer's batch does not end in the end-of-turn token")


def build_trainer(inputs: Inputs) -> tuple[Any, dict[str, int]]:
    """Return TRL's SFTTrainer for a stage, and the counts of its examples."""
    import dataclasses

    from datasets import Dataset, disable_progress_bars
    from trl import SFTConfig, SFTTrainer

    from scripts.lib.training.checkpoints import end_of_turn, load_model, load_tokenizer
    from scripts.lib.training.recipes import lora_config, trainer_arguments

    disable_progress_bars()
    recipe, seed = inputs.settings["recipe"], inputs.settings["seed"]
    names = {field.name for field in dataclasses.fields(SFTConfig)}
    arguments = trainer_arguments(recipe, names, "SFTTrainer", seed, inputs.work)
    tokenizer = load_tokenizer(inputs.parent)
    completion_only = recipe.get("completion_only_loss", True)
    rows, counts = encode_all(inputs.examples, tokenizer, recipe.get("max_length"), completion_only)
    trainer = SFTTrainer(
        model=load_model(inputs.parent, recipe.get("model_init_kwargs", {}), tokenizer),
        args=SFTConfig(**arguments, include_num_input_tokens_seen="non_padding"),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=lora_config(recipe, tokenizer),
        callbacks=[inputs.watch],
    )
    head = trainer.model.get_output_embeddings()
    if not hasattr(head, "bias"):
        head.bias = None  # TRL 1.16 asks for it; PEFT's wrapper of trained token rows has none
    first = [trainer.train_dataset[i] for i in range(min(4, len(trainer.train_dataset)))]
    check_batch(trainer.data_collator(first), end_of_turn(tokenizer))
    return trainer, counts


def main() -> None:
    """Train the cell that the flags name."""
    train(planned_training("train_sft", __doc__), build_trainer)


if __name__ == "__main__":
    main()
