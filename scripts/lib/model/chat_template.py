"""A model's tokenizer with its own chat template, whose settings (`enable_thinking`) are fixed."""

import json
from pathlib import Path
from typing import Any


def load_tokenizer(folder: Path, chat_template_kwargs: dict[str, Any] | None = None) -> Any:
    """Return a checkpoint's tokenizer, its chat template set; exit if it has none."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    require_chat_template(tokenizer, folder)
    set_template_settings(tokenizer, chat_template_kwargs or {})
    return tokenizer


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
