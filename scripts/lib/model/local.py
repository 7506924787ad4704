"""Models in local folders: what can be said of them before a job starts, in less than a second.

scripts/check_model.py asks more, when the model enters the study.
"""

from pathlib import Path
from typing import Any

from scripts.lib.data.prompts import messages
from scripts.lib.model.chat_template import PROBE, one_chat, one_template, with_settings
from scripts.lib.model.integrity import read_object, refuse_links_outside, require_files
from scripts.lib.study.cells import Study
from scripts.lib.study.uses import Use, models_with_weights, use_of

TEMPLATE, SETTINGS = "chat_template.jinja", "tokenizer_config.json"


def check_local_models(study: Study) -> None:
    """Exit with the cure if a model's folder is no whole checkpoint, or refuses a prompt."""
    for model in models_with_weights(study):
        path = study.config["models"][model].get("path")
        if path is not None:
            folder, who = Path(path), f"models.{model}.path"
            refuse_links_outside(folder, who)
            require_files(folder, who)
            try:
                require_prompts(folder, use_of(study, model))
            except SystemExit as refusal:
                raise SystemExit(f"{who}: {refusal}") from None


def require_prompts(folder: Path, use: Use) -> None:
    """Exit with the cure if a folder's chat template is missing or refuses one of the prompts."""
    named = read_object(folder / SETTINGS, str(folder)) if (folder / SETTINGS).is_file() else {}
    template: Any = named.get("chat_template")
    try:
        if isinstance(template, list):  # as they are stored where there are several
            template = {entry["name"]: entry["template"] for entry in template}
        if (folder / TEMPLATE).is_file():
            template = (folder / TEMPLATE).read_text(encoding="utf-8")
    except (KeyError, TypeError, UnicodeDecodeError):
        raise SystemExit(f"{folder}: its chat template is no text; get its files anew") from None
    template = with_settings(one_template(template, folder), use.template_settings)
    from transformers.utils.chat_template_utils import render_jinja_template  # in a sandbox

    tokens = {name: spelling(named.get(name)) for name in ("bos_token", "eos_token", "pad_token")}
    for prompt in use.prompts:
        with one_chat(folder):
            render_jinja_template(
                conversations=[messages(prompt, PROBE)],
                chat_template=template,
                add_generation_prompt=True,
                **tokens,
            )


def spelling(token: Any) -> str:
    """Return a special token's text; it is stored as such, or in an object with its properties."""
    return token["content"] if isinstance(token, dict) else token or ""
