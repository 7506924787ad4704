"""From a recipe of the study to the arguments of a TRL trainer.

A recipe holds TRL's own argument names and three more: `global_batch_size` (sequences of one
optimiser step, over all processes), `lora` (PEFT's LoraConfig; absent for a full training) and
`model_init_kwargs` (how the parent's weights are loaded; this script loads them, not TRL).
"""

import os
from pathlib import Path
from typing import Any

from scripts.lib.console import nearest
from scripts.lib.machine.devices import torch_device
from scripts.lib.training.passes import batch_of_process
from scripts.lib.training.processes import processes
from scripts.lib.training.resume import KEPT_CHECKPOINTS

OURS = ("global_batch_size", "lora", "model_init_kwargs")

# Arguments of GRPOConfig whose effect would depend on how a step is split, and their "off".
OF_ONE_PASS = {"top_entropy_quantile": 1.0, "entropy_coef": 0.0, "use_adaptive_entropy": False}

# Not the recipe's to say: they follow from the job, or the run's exactness rests on them.
FIXED = {
    "data_seed",
    "dataloader_num_workers",
    "disable_tqdm",
    "generation_batch_size",
    "gradient_accumulation_steps",
    "include_num_input_tokens_seen",
    "logging_first_step",
    "logging_nan_inf_filter",
    "logging_strategy",
    "output_dir",
    "per_device_train_batch_size",
    "push_to_hub",
    "remove_unused_columns",
    "report_to",
    "reward_weights",
    "save_only_model",
    "save_strategy",
    "save_total_limit",
    "seed",
    "steps_per_generation",
    "use_cpu",
}


def check_devices(visible: int) -> None:
    """Exit with an error unless each visible GPU has a process of its own.

    One process with several GPUs splits every batch over them (DataParallel): other numbers, and
    slower. Without a GPU, as in the demo, there is nothing to compare.
    """
    local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if visible not in (0, local):
        raise SystemExit(
            f"{visible} GPUs are visible to {local} training process(es), but each must have one: "
            "start the training through Snakemake or scripts.launch, or set CUDA_VISIBLE_DEVICES "
            "to the GPUs that it shall use"
        )


def check_names(recipe: dict[str, Any], known: set[str], trainer: str) -> None:
    """Exit with the key's name if a recipe has a key that the trainer does not."""
    allowed = (known - FIXED) | set(OURS)
    for key in sorted(recipe.keys() - allowed):
        if key in FIXED:
            raise SystemExit(f"recipe: {key} is set by the training script; remove it")
        raise SystemExit(f"recipe: {trainer} has no argument {key}{nearest(key, allowed)}")


def check_generation(recipe: dict[str, Any]) -> None:
    """Exit with an error if completions cannot be grouped by prompt, or numbers are not exact.

    TRL generates the completions of `num_iterations` optimiser steps at once and keeps them in
    memory alone: a checkpoint between two generations would be resumed with completions of another
    policy.
    """
    whole, group = recipe["global_batch_size"], recipe["num_generations"]
    if whole % group:
        raise SystemExit(
            f"recipe: global_batch_size {whole} must be a multiple of num_generations {group}"
        )
    for key, off in OF_ONE_PASS.items():
        if recipe.get(key, off) != off:
            raise SystemExit(
                f"recipe: {key} {recipe[key]} is not supported: TRL computes it from the sequences "
                f"of one pass, which are here chosen by length; remove it, or set it to {off}"
            )
    if recipe["save_steps"] % recipe.get("num_iterations", 1):
        raise SystemExit(
            f"recipe: save_steps {recipe['save_steps']} ends between two generations; make it a "
            f"multiple of num_iterations {recipe['num_iterations']}"
        )


def check_problems(problems: int, recipe: dict[str, Any]) -> None:
    """Exit with an error if a training that samples has fewer problems than prompts per step.

    TRL leaves incomplete batches out: it would train no step, and with `max_steps` report success.
    """
    prompts = recipe["global_batch_size"] // recipe.get("num_generations", 1)
    if problems < prompts:
        raise SystemExit(
            f"{problems} problems are left, but a step takes {prompts} prompts (global_batch_size "
            "in the recipe, of GRPO over num_generations), so it would train 0 steps: "
            "give the stage more problems (`data`), or lower global_batch_size"
        )


def trainer_arguments(
    recipe: dict[str, Any], names: set[str], trainer: str, seed: int, folder: Path
) -> dict[str, Any]:
    """Return the keyword arguments of a TRL config (SFTConfig, GRPOConfig, ...) for a recipe.

    `names` are the trainer's own arguments. For Trainer a step is one pass: SplitStep splits it.
    Every step is logged, because collapse is judged step by step and a resumed run must log what an
    uninterrupted one does; NaN is logged as it is, where Trainer would hide it behind the mean.
    """
    check_names(recipe, names, trainer)
    if recipe.get("logging_steps", 1) != 1:
        raise SystemExit("recipe: logging_steps must be 1: collapse is judged step by step")
    save_steps = recipe.get("save_steps")
    if not isinstance(save_steps, int) or save_steps < 1:
        raise SystemExit(f"recipe: save_steps must be a whole number of steps, not {save_steps}")
    batch = batch_of_process(recipe["global_batch_size"], processes())
    if "num_generations" in recipe:
        check_generation(recipe)
    return {key: value for key, value in recipe.items() if key not in OURS} | {
        "output_dir": str(folder),
        "seed": seed,
        "data_seed": seed,
        "per_device_train_batch_size": batch,
        "gradient_accumulation_steps": 1,
        "dataloader_num_workers": 0,
        "disable_tqdm": True,
        "report_to": "none",
        "logging_strategy": "steps",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_total_limit": KEPT_CHECKPOINTS,
        "use_cpu": torch_device() == "cpu",
    }


def lora_config(recipe: dict[str, Any], tokenizer: Any, model: Any) -> Any:
    """Return PEFT's LoraConfig of a recipe for a model, or None for a full training.

    `trainable_token_indices` names the tokens; PEFT wants their ids, and for both layers that have
    a row for each: with the ids alone it trains no output row unless the two are tied.
    """
    if "lora" not in recipe:
        return None
    import dataclasses

    from peft import LoraConfig

    known = {field.name for field in dataclasses.fields(LoraConfig)}
    for key in sorted(recipe["lora"].keys() - known):
        raise SystemExit(f"recipe: lora has no argument {key} in PEFT{nearest(key, known)}")
    lora = dict(recipe["lora"])
    if tokens := lora.get("trainable_token_indices"):
        vocabulary = tokenizer.get_vocab()
        if missing := [token for token in tokens if token not in vocabulary]:
            raise SystemExit(f"recipe: trainable_token_indices: no token {missing} in the model")
        ids = [vocabulary[token] for token in tokens]
        lora["trainable_token_indices"] = dict.fromkeys(rows_per_token(model), ids)
    return LoraConfig(task_type="CAUSAL_LM", **lora)


def rows_per_token(model: Any) -> list[str]:
    """Return the names of the two layers with a row per token, without those of the modules above.

    They are `embed_tokens` and `lm_head` in Qwen2, other names in GPT-2 and GPT-NeoX.
    """
    layers = (model.get_input_embeddings(), model.get_output_embeddings())
    names = {module: name for name, module in model.named_modules()}
    return [names[layer].rpartition(".")[2] for layer in layers]
