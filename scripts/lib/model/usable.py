"""Can the study use a model for what it means to do with it? Asked when the model enters it.

Nothing is computed: the model is built on torch's `meta` device, which holds no numbers.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.lib.data.prompts import messages
from scripts.lib.model.architecture import (
    positions_of,
    require_causal_lm,
)
from scripts.lib.model.chat_template import PROBE, load_tokenizer, prompt_ids
from scripts.lib.model.stop_tokens import end_of_turn, stop_ids_of
from scripts.lib.study.uses import Use
from scripts.lib.training.recipes import lora_config


def require_usable(folder: Path, use: Use) -> None:
    """Exit with the cure if a checkpoint is not fit for its use in the study."""
    with loading(folder, "config"):
        require_causal_lm(folder)
    with loading(folder, "tokenizer"):
        tokenizer = load_tokenizer(folder, use.template_settings)
    prompts = [prompt_ids(tokenizer, messages(prompt, PROBE)) for prompt in use.prompts]
    with loading(folder, "weights"):
        model = unfilled_model(folder)
    require_positions(folder, positions_of(model.config), max(map(len, prompts), default=0), use)
    rows = model.get_input_embeddings().weight.shape[0]
    used = {token for ids in prompts for token in ids} | set(stop_ids_of(folder, tokenizer))
    if max(used) >= rows:
        raise SystemExit(
            f"{folder}: its tokenizer writes token {max(used)} "
            f"({tokenizer.convert_ids_to_tokens(max(used))!r}), but the model has {rows} rows of "
            "embeddings: they do not belong together"
        )
    if use.recipes:
        end_of_turn(tokenizer)
    for recipe in use.recipes:
        require_adapter(folder, recipe, tokenizer)


@contextlib.contextmanager
def loading(folder: Path, what: str) -> Iterator[None]:
    """Exit with one line, whatever a foreign file makes transformers raise."""
    try:
        yield
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise SystemExit(
            f"{folder}: transformers cannot load its {what} ({said[:300]}); the files do not belong"
            " together, are damaged, or need code of their own, which is never run"
        ) from None


def unfilled_model(folder: Path) -> Any:
    """Return a checkpoint's model without its numbers; exit if weights are missing or misshapen."""
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bar()
    set_verbosity_error()  # its own report of what is said below
    model, found = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype="auto",
        device_map="meta",
        use_safetensors=True,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    if found["mismatched_keys"]:
        name, stored, wanted = min(found["mismatched_keys"])
        raise SystemExit(
            f"{folder}: {name} has the shape {list(stored)}, but config.json describes a model "
            f"with {list(wanted)} ({len(found['mismatched_keys'])} such tensors): the two are of "
            "different models; get both from one source"
        )
    for key, why in (
        ("missing_keys", "would be random: they are not in its files; get both from one source"),
        (
            "unexpected_keys",
            "would be ignored: config.json describes a model without them; if the model is right "
            "without them, load and save it once by `save_pretrained`, and give that folder as "
            "`path`",
        ),
    ):
        if found[key]:
            raise SystemExit(
                f"{folder}: weights ({min(found[key])}, {len(found[key])} in all) {why}"
            )
    return model


def require_positions(folder: Path, positions: int | None, prompt: int, use: Use) -> None:
    """Exit with the cure if a text of the study can be longer than a model's positions."""
    if positions is None:
        return
    if use.context is not None and use.context > positions:
        raise SystemExit(
            f"{folder}: the model has {positions} positions, but evaluation.max_model_length is "
            f"{use.context}; give the model its `max_model_length`"
        )
    longest = max((recipe.get("max_completion_length", 0) for recipe in use.recipes), default=0)
    if longest and prompt + longest > positions:
        raise SystemExit(
            f"{folder}: the model has {positions} positions, but a prompt of {prompt} tokens and "
            f"max_completion_length {longest} of a recipe need more; lower it"
        )


def require_adapter(folder: Path, recipe: dict[str, Any], tokenizer: Any) -> None:
    """Exit with the cure if a recipe's LoRA does not fit a model: its layers, its tokens."""
    from peft import get_peft_model

    model = unfilled_model(folder)
    if (adapter := lora_config(recipe, tokenizer, model)) is None:
        return
    try:
        get_peft_model(model, adapter)
    except ValueError as error:
        said = " ".join(str(error).split())[:300]
        raise SystemExit(f"{folder}: a recipe's lora does not fit the model: {said}") from None
