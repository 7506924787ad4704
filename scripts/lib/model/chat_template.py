"""A model's tokenizer with its own chat template, whose settings (`enable_thinking`) are fixed."""

import json
from pathlib import Path
from typing import Any

from scripts.lib.machine.imports import quick_imports

PROBE = "Tom has 23 boxes of 4 eggs; how many eggs?"


def load_tokenizer(folder: Path, chat_template_kwargs: dict[str, Any] | None = None) -> Any:
    """Return a checkpoint's tokenizer, its chat template set; exit if it has none."""
    with quick_imports(without="sklearn"):
        from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    require_chat_template(tokenizer, folder)
    set_template_settings(tokenizer, chat_template_kwargs or {})
    require_encoding(tokenizer, folder)
    return tokenizer


def require_encoding(tokenizer: Any, folder: Path) -> None:
    """Exit with the cure if a tokenizer cannot encode a chat in its own template.

    Without its vocabulary's file transformers makes up a tokenizer of a few tokens, to which every
    word is unknown. Letters and digits alone are compared: some tokenizers change case or spaces.
    """
    turns = [{"role": "user", "content": PROBE}]
    ids = tokenizer.apply_chat_template(
        turns, add_generation_prompt=True, tokenize=True, return_dict=True
    )["input_ids"]
    lost = plain(PROBE) not in plain(tokenizer.decode(ids))
    if lost or tokenizer.unk_token_id in set(ids) - {tokenizer.eos_token_id}:
        raise SystemExit(
            f"{folder}: the tokenizer cannot encode its own chat template: of {PROBE!r} in a chat "
            f"{tokenizer.decode(ids)[-80:]!r} is left, with a vocabulary of {len(tokenizer)} "
            "tokens. Put the file of its vocabulary (tokenizer.json, tokenizer.model, ...) and its "
            "special tokens beside it"
        )


def plain(text: str) -> str:
    """Return the letters and digits of a text, in lower case."""
    return "".join(letter for letter in text.lower() if letter.isalnum())


def require_chat_template(tokenizer: Any, folder: Path) -> None:
    """Exit with the cure if a checkpoint's tokenizer has no chat template."""
    if not tokenizer.chat_template:
        raise SystemExit(
            f"{folder}: the tokenizer has no chat template, but every prompt of the study is a "
            "chat; take a model that has one, or put a chat_template.jinja into its folder"
        )


def set_template_settings(tokenizer: Any, chat_template_kwargs: dict[str, Any]) -> None:
    """Fix variables of a tokenizer's chat template, for everything that renders with it.

    LightEval and TRL call the template in places that pass no variables on, so they are set at its
    head; the names are those of `apply_chat_template(..., **chat_template_kwargs)`.
    """
    head = "".join(
        f"{{%- set {name} = {json.dumps(value)} %}}" for name, value in chat_template_kwargs.items()
    )
    if head:
        tokenizer.chat_template = head + tokenizer.chat_template
