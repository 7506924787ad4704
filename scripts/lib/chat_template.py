"""Settings of a model's own chat template, such as Qwen3's `enable_thinking`."""

import json
from typing import Any


def set_template_settings(tokenizer: Any, chat_template_kwargs: dict[str, Any]) -> None:
    """Fix variables of a tokenizer's chat template, for everything that renders with it.

    LightEval and TRL call the template in places that pass no variables on, so they are set at its
    head; the names are those of `apply_chat_template(..., **chat_template_kwargs)`.
    """
    head = "".join(
        f"{{%- set {name} = {json.dumps(value)} %}}" for name, value in chat_template_kwargs.items()
    )
    if head and not tokenizer.chat_template:
        raise SystemExit("chat_template_kwargs are given, but the model has no chat template")
    if head:
        tokenizer.chat_template = head + tokenizer.chat_template
