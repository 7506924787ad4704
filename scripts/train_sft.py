"""Train one SFT or distillation stage, in full or with LoRA, from its prefix's checkpoint.

The examples say which of the two it is: the data set's own solutions, or a teacher's. The last
token of every target is the end of the assistant's turn.

    python -m scripts.train_sft --config results/demo/config.json --key KEY \
        --cell toy-base+sft --seed 0 --parent results/demo/models/toy-base/model.json \
        --examples results/demo/data/gsm8k/examples.jsonl \
        --checkpoints checkpoints/demo/train/toy-base+sft/seed-0 \
        --output results/demo/models/toy-base+sft/seed-0/training.json
"""

import os
from typing import Any

from scripts.lib.machine.imports import quick_imports
from scripts.lib.model.encoding import check_batch, encode_all
from scripts.lib.training.passes import check_longest
from scripts.lib.training.program import training_program
from scripts.lib.training.run import Inputs, train
from scripts.training_cli import planned_training


def build_trainer(inputs: Inputs) -> tuple[Any, dict[str, int]]:
    """Return TRL's SFTTrainer for a stage, and the counts of its examples."""
    import dataclasses

    with quick_imports(without="sklearn"):
        from datasets import Dataset, disable_progress_bars
        from trl import SFTConfig

        from scripts.lib.training.split_sft import SplitSFTTrainer

    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.checkpoints import load_model
    from scripts.lib.model.stop_tokens import end_of_turn
    from scripts.lib.training.recipes import lora_config, trainer_arguments

    disable_progress_bars()
    recipe, seed = inputs.settings["recipe"], inputs.settings["seed"]
    names = {field.name for field in dataclasses.fields(SFTConfig)}
    tokenizer = load_tokenizer(inputs.parent, inputs.settings["chat_template_kwargs"])
    completion_only = recipe.get("completion_only_loss", True)
    rows, counts = encode_all(inputs.examples, tokenizer, recipe.get("max_length"), completion_only)
    longest = max(len(row["input_ids"]) for row in rows)
    check_longest(longest, inputs.tokens_per_pass, "train_sft", "max_length")
    arguments = trainer_arguments(recipe, names, "SFTTrainer", seed, inputs.work)
    model = load_model(inputs.parent, recipe.get("model_init_kwargs", {}), tokenizer)
    trainer = SplitSFTTrainer(
        model=model,
        args=SFTConfig(**arguments, include_num_input_tokens_seen="non_padding"),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=lora_config(recipe, tokenizer, model),
        callbacks=[inputs.watch],
        tokens_per_pass=inputs.tokens_per_pass,
    )
    head = trainer.model.get_output_embeddings()
    if not hasattr(head, "bias"):
        head.bias = None  # TRL 1.16 asks for it; PEFT's wrapper of trained token rows has none
    first = [trainer.train_dataset[i] for i in range(min(4, len(trainer.train_dataset)))]
    check_batch(trainer.data_collator(first), end_of_turn(tokenizer))
    return trainer, counts


@training_program
def main() -> None:
    """Train the cell that the flags name."""
    if not os.environ.keys() & {"PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"}:
        # Batches of many lengths leave gaps: without it up to twice what is used was reserved
        # on an H100 (benchmarks/results).
        os.environ["PYTORCH_ALLOC_CONF"] = "expandable_segments:True"
    train(planned_training("train_sft", __doc__), build_trainer)


if __name__ == "__main__":
    main()
