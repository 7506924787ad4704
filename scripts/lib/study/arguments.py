"""Which values a trainer's arguments take, beyond their types.

TRL, transformers and PEFT refuse the others after hours, when data and parents are made; here it is
known at the dry run, without importing them. tests/study/test_arguments.py compares the lists.
"""

import re
from collections.abc import Iterator
from typing import Any

from scripts.lib.console import nearest
from scripts.lib.study.schema import KeyPath

LOSSES = {
    "sft": ("nll", "dft"),
    "grpo": ("grpo", "dr_grpo", "dapo", "bnpo", "cispo", "sapo", "luspo", "vespo"),
    # Without those of TRL that are no mean over pairs: passes are chosen by length here.
    "dpo": (
        "sigmoid",
        "hinge",
        "ipo",
        "exo_pair",
        "nca_pair",
        "robust",
        "bco_pair",
        "sppo_hard",
        "apo_zero",
        "apo_down",
        "discopop",
        "sigmoid_norm",
    ),
}
SCHEDULER_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "linear": (),
    "cosine": ("num_cycles",),
    "cosine_with_restarts": ("num_cycles",),
    "polynomial": ("lr_end", "power"),
    "constant": (),
    "constant_with_warmup": (),
    "inverse_sqrt": ("timescale",),
    "cosine_with_min_lr": ("num_cycles", "min_lr", "min_lr_rate"),
    "cosine_warmup_with_min_lr": ("num_cycles", "min_lr", "min_lr_rate", "warmup_lr_rate"),
    "warmup_stable_decay": (
        "num_decay_steps",
        "num_stable_steps",
        "warmup_type",
        "decay_type",
        "min_lr_ratio",
        "num_cycles",
    ),
}
ALL_LAYERS = "all-linear"
# The linear layers of Qwen2, the architecture of the models that this DAG builds.
QWEN2_LAYERS = (
    *(f"model.layers.0.self_attn.{name}" for name in ("q_proj", "k_proj", "v_proj", "o_proj")),
    *(f"model.layers.0.mlp.{name}" for name in ("gate_proj", "up_proj", "down_proj")),
)


def argument_mistakes(recipe: dict[str, Any], trainer: str) -> Iterator[tuple[KeyPath, str]]:
    """Yield (path within the recipe, message) of the values that its trainer refuses.

    The recipe is resolved: it has every key that the trainer must be told.
    """
    losses = LOSSES.get(trainer)
    if losses and recipe["loss_type"] not in losses:
        near = nearest(recipe["loss_type"], losses)
        yield ("loss_type",), f"{trainer} has no loss {recipe['loss_type']!r}{near}"
    yield from _scheduler_mistakes(recipe["lr_scheduler_type"], recipe["lr_scheduler_kwargs"])
    if trainer == "grpo":
        yield from _rollout_mistakes(recipe)
    if trainer == "gkd" and recipe["beta"] > 1:
        yield ("beta",), f"gkd's is 0 (forward KL) to 1 (reverse KL), not {recipe['beta']}"


def _scheduler_mistakes(name: str, given: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    known = SCHEDULER_ARGUMENTS[name]
    for key in given:
        if key not in known:
            near = nearest(key, known) if known else "; it takes none"
            away = f"; `{key}: null` takes it away"
            yield ("lr_scheduler_kwargs", key), f"{name} has no such argument{near}{away}"
    if "min_lr" in known and len(given.keys() & {"min_lr", "min_lr_rate"}) != 1:
        yield ("lr_scheduler_kwargs",), f"{name} needs min_lr or min_lr_rate, one of them"
    if name == "warmup_stable_decay" and "num_decay_steps" not in given:
        yield ("lr_scheduler_kwargs",), f"{name} needs num_decay_steps"


def _rollout_mistakes(recipe: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    batch, group = recipe["global_batch_size"], recipe["num_generations"]
    if batch % group:
        yield (
            ("num_generations",),
            f"global_batch_size {batch} must be a multiple of its num_generations {group}",
        )
    if recipe["save_steps"] % recipe["num_iterations"]:
        yield (
            ("save_steps",),
            f"{recipe['save_steps']} ends between two generations; make it a multiple of "
            f"num_iterations {recipe['num_iterations']}",
        )


def layer_mistakes(
    recipe: dict[str, Any], layers: tuple[str, ...]
) -> Iterator[tuple[KeyPath, str]]:
    """Yield the LoRA targets that are not among a model's linear layers, as PEFT looks for them.

    PEFT refuses a list of which none is there, and leaves out in silence one that is not.
    """
    targets = recipe.get("lora", {}).get("target_modules", ALL_LAYERS)
    path: KeyPath = ("lora", "target_modules")
    if isinstance(targets, str):
        try:
            if targets != ALL_LAYERS and not any(re.fullmatch(targets, name) for name in layers):
                yield (
                    path,
                    f"the model has no layer that fits {targets!r}; did you mean {ALL_LAYERS}?",
                )
        except re.error as error:
            yield path, f"{targets!r} is no regular expression: {error}"
        return
    last = {name.rpartition(".")[2] for name in layers}
    for index, target in enumerate(targets):
        if not any(name.endswith(f".{target}") for name in layers):
            yield (*path, index), f"the model has no layer {target!r}{nearest(target, last)}"
