"""Train one stage of on-policy distillation (GKD) from its prefix's checkpoint.

Generalized knowledge distillation: arXiv 2306.13649. The student answers the problems itself, and
learns the teacher's next-token distribution at every token that it wrote. TRL's DistillationTrainer
is its always on-policy case (`lmbda` 1 of trl.experimental.gkd, which counts the tokens that a loss
is divided by before the student writes them, TRL 1.16).

    python -m scripts.train_gkd --config results/demo/config.json --key KEY \
        --cell toy-base+gkd --seed 0 --parent results/demo/models/toy-base/model.json \
        --teacher results/demo/models/toy-teacher/model.json \
        --examples results/demo/data/toy-gsm8k/examples.jsonl \
        --checkpoints checkpoints/demo/train/toy-base+gkd/seed-0 \
        --output results/demo/models/toy-base+gkd/seed-0/training.json
"""

from pathlib import Path
from typing import Any

from scripts.lib.engines.vllm_colocated import colocated
from scripts.lib.machine.imports import quick_imports
from scripts.lib.model.architecture import positions_of, require_relative_positions
from scripts.lib.training.passes import check_longest
from scripts.lib.training.program import training_program
from scripts.lib.training.recipes import check_problems
from scripts.lib.training.run import Inputs, train
from scripts.train_grpo import problems
from scripts.training_cli import planned_training


def load_teacher(folder: Path, student: Any, tokenizer: Any) -> Any:
    """Return the teacher, in its own number format.

    Raises SystemExit if its tokens are not the student's, by number and by name.
    """
    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.checkpoints import load_model

    own = load_tokenizer(folder)
    teacher = load_model(folder, {"dtype": "auto"}, own)
    sizes = [model.config.get_text_config().vocab_size for model in (student, teacher)]
    if sizes[0] != sizes[1] or own.get_vocab() != tokenizer.get_vocab():
        raise SystemExit(
            f"{folder}: the teacher's {sizes[1]} tokens are not the student's {sizes[0]}: their "
            "next-token distributions cannot be compared: name a `teacher` with the student's "
            "tokenizer and size of vocabulary, or distil its traces (a `kd` stage)"
        )
    return teacher


def check_adapter(recipe: dict[str, Any]) -> None:
    """Exit with an error if a recipe trains rows of the output layer by PEFT, which TRL passes by.

    The loss reads that layer's own weights.
    """
    if "trainable_token_indices" in recipe.get("lora", {}):
        raise SystemExit(
            "recipe: the loss of on-policy distillation reads the output layer's own weights, so "
            "that lora.trainable_token_indices would not be trained: leave it out"
        )


def build_trainer(inputs: Inputs) -> tuple[Any, dict[str, int]]:
    """Return TRL's DistillationTrainer for a stage, and the counts of its problems."""
    import dataclasses

    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.checkpoints import load_model

    settings, recipe = inputs.settings, inputs.settings["recipe"]
    check_adapter(recipe)
    tokenizer = load_tokenizer(inputs.parent, settings["chat_template_kwargs"])
    model = load_model(inputs.parent, recipe.get("model_init_kwargs", {}), tokenizer)
    assert inputs.teacher is not None  # the rule has one
    teacher = load_teacher(inputs.teacher, model, tokenizer)
    for of, folder in ((model, inputs.parent), (teacher, inputs.teacher)):
        require_relative_positions(of, folder)
    positions = [found for of in (model, teacher) if (found := positions_of(of.config))]
    longest = min(positions) - recipe["max_completion_length"] if positions else None
    rows, counts, longest_prompt = problems(inputs.examples, tokenizer, longest, "")
    check_problems(len(rows), recipe)
    length = longest_prompt + recipe["max_completion_length"]
    check_longest(length, inputs.tokens_per_pass, "train_gkd", "max_completion_length")
    stop_ids = model.generation_config.eos_token_id
    sampling, starting = colocated(inputs.engine, inputs.parent, length, stop_ids)

    with quick_imports(without="sklearn"):
        from accelerate.utils import set_seed
        from datasets import Dataset, disable_progress_bars
        from trl import DistillationConfig  # which imports vLLM, where that is installed

        from scripts.lib.training.recipes import lora_config, trainer_arguments
        from scripts.lib.training.split_gkd import SplitGKDTrainer

    disable_progress_bars()
    names = {field.name for field in dataclasses.fields(DistillationConfig)}
    seed, work = settings["seed"], inputs.work
    arguments = trainer_arguments(recipe, names, "DistillationTrainer", seed, work)
    with starting:
        trainer = SplitGKDTrainer(
            model=model,
            teacher_model=teacher,
            args=DistillationConfig(**arguments | sampling),
            train_dataset=Dataset.from_list([{"prompt": row["prompt"]} for row in rows]),
            processing_class=tokenizer,
            peft_config=lora_config(recipe, tokenizer, model),
            callbacks=[inputs.watch],
            tokens_per_pass=inputs.tokens_per_pass,
        )
    set_seed(seed, device_specific=True)  # as after vLLM's start in train_grpo
    return trainer, counts


@training_program
def main() -> None:
    """Train the cell that the flags name."""
    train(planned_training("train_gkd", __doc__), build_trainer)


if __name__ == "__main__":
    main()
