"""Train one stage by direct preference optimisation (DPO) from its prefix's checkpoint.

DPO: arXiv 2305.18290. A pair is a right and a wrong answer to one problem, judged by the study's
grader (scripts/make_pairs.py); the reference policy is the parent itself, frozen.

    python -m scripts.train_dpo --config results/demo/config.json --key KEY \
        --cell toy-base+dpo --seed 0 --parent results/demo/models/toy-base/model.json \
        --examples results/demo/data/toy-gsm8k-answers/toy-base/pairs.jsonl \
        --checkpoints checkpoints/demo/train/toy-base+dpo/seed-0 \
        --output results/demo/models/toy-base+dpo/seed-0/training.json
"""

from typing import Any

from scripts.lib.machine.imports import quick_imports
from scripts.lib.training.passes import check_longest
from scripts.lib.training.program import training_program
from scripts.lib.training.run import Inputs, train
from scripts.training_cli import planned_training


def build_trainer(inputs: Inputs) -> tuple[Any, dict[str, int]]:
    """Return TRL's DPOTrainer for a stage, and the counts of its pairs.

    The pairs are tokenised here: TRL would write a chat template's line break behind the end of the
    turn into the completions, which is never generated.
    """
    import dataclasses

    with quick_imports(without="sklearn"):
        from datasets import Dataset, disable_progress_bars
        from trl import DPOConfig

        from scripts.lib.training.split_dpo import OF_ONE_PASS, SplitDPOTrainer

    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.checkpoints import load_model
    from scripts.lib.model.encoding import encode_pairs, longest_of
    from scripts.lib.training.recipes import lora_config, trainer_arguments

    disable_progress_bars()
    recipe, seed = inputs.settings["recipe"], inputs.settings["seed"]
    if recipe["loss_type"] in OF_ONE_PASS:
        raise SystemExit(
            f"recipe: loss_type {recipe['loss_type']} is not supported: TRL computes it from the "
            "pairs of one pass, which are here chosen by length; take sigmoid, ipo or another"
        )
    names = {field.name for field in dataclasses.fields(DPOConfig)}
    tokenizer = load_tokenizer(inputs.parent, inputs.settings["chat_template_kwargs"])
    rows, counts = encode_pairs(inputs.examples, tokenizer, recipe["max_length"])
    longest = 2 * max(map(longest_of, rows))  # both sequences of a pair go through together
    check_longest(longest, inputs.tokens_per_pass, "train_dpo", "max_length")
    arguments = trainer_arguments(recipe, names, "DPOTrainer", seed, inputs.work)
    init = recipe.get("model_init_kwargs", {})
    model = load_model(inputs.parent, init, tokenizer)
    lora = lora_config(recipe, tokenizer, model)
    trainer = SplitDPOTrainer(
        model=model,
        # Without its adapter a LoRA model is its own reference.
        ref_model=None if lora else load_model(inputs.parent, init, tokenizer),
        args=DPOConfig(**arguments, include_num_input_tokens_seen="non_padding"),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=lora,
        callbacks=[inputs.watch],
        tokens_per_pass=inputs.tokens_per_pass,
    )
    return trainer, counts


@training_program
def main() -> None:
    """Train the cell that the flags name."""
    train(planned_training("train_dpo", __doc__), build_trainer)


if __name__ == "__main__":
    main()
