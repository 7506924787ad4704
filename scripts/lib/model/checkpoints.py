"""Checkpoints as a training reads and leaves them: ordinary Hugging Face folders.

A published checkpoint stops at the end of a chat turn and at the end of a document, samples with
nothing inherited from its parent, and keeps the parent's number format.
"""

import json
from pathlib import Path
from typing import Any

from scripts.lib.model.architecture import require_causal_lm
from scripts.lib.model.chat_template import load_tokenizer


def load_model(folder: Path, init: dict[str, Any], tokenizer: Any) -> Any:
    """Return a checkpoint's causal language model, in TRL's default float32 unless `init` differs.

    Its generation settings are replaced: neither rollouts nor later stages inherit the hub's.
    """
    from transformers import AutoModelForCausalLM

    require_causal_lm(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, **{"dtype": "float32"} | init)
    model.generation_config = sampling_config(tokenizer)
    return model


def end_of_turn(tokenizer: Any) -> int:
    """Return the id of the token that the chat template writes after an assistant's message."""
    marker = "MESSAGE"
    turns = [{"role": "user", "content": "-"}, {"role": "assistant", "content": marker}]
    after = tokenizer.apply_chat_template(turns, tokenize=False).rpartition(marker)[2]
    ids = tokenizer(after, add_special_tokens=False)["input_ids"]
    token = tokenizer.added_tokens_decoder.get(ids[0]) if ids else None
    if not (token and token.special):
        raise SystemExit(
            "the chat template ends an assistant's message with no special token "
            f"(but with {after!r}), so a model trained with it could never stop"
        )
    return ids[0]


def stop_tokens(tokenizer: Any) -> list[int]:
    """Return every token that ends a completion; the chat template's end of turn is always one."""
    from scripts.lib.model.stop_tokens import stop_token_ids

    ids = stop_token_ids(tokenizer)
    last = end_of_turn(tokenizer)
    return ids if last in ids else [last, *ids]


def sampling_config(tokenizer: Any) -> Any:
    """Return plain sampling with every setting written out, for publication and for rollouts."""
    from transformers import GenerationConfig

    stops, pad = stop_tokens(tokenizer), tokenizer.pad_token_id
    return GenerationConfig(
        do_sample=True,
        temperature=1.0,
        top_p=1.0,
        top_k=0,
        repetition_penalty=1.0,
        eos_token_id=stops,
        pad_token_id=stops[-1] if pad is None else pad,
        bos_token_id=tokenizer.bos_token_id,
    )


def prefill(tokenizer: Any) -> str:
    """Return the opening `<think>` that some chat templates put into the prompt, or nothing."""
    turns = [{"role": "user", "content": "-"}]
    prompt = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    head, tag, tail = prompt.rpartition("<think>")
    return tag + tail if head and not tail.strip() else ""


def save_checkpoint(model: Any, parent: Path, folder: Path) -> None:
    """Save a trained model in its parent's number format, with the parent's tokenizer."""
    import torch
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(parent)
    tokenizer = load_tokenizer(parent)
    model.to(config.dtype or torch.float32)
    # Trainer changes these for its own needs (the cache with gradient checkpointing).
    for name in ("use_cache", "eos_token_id", "pad_token_id", "bos_token_id"):
        setattr(model.config, name, getattr(config, name, None))
    model.generation_config = sampling_config(tokenizer)
    model.save_pretrained(folder)
    for name in ("is_local", "local_files_only"):  # how it was loaded, not what it is
        tokenizer.init_kwargs.pop(name, None)
    tokenizer.save_pretrained(folder)


def save_adapter(model: Any, parent: str, folder: Path) -> None:
    """Save a LoRA adapter; PEFT writes a set in arbitrary order and the machine's path into it."""
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = parent
    config["target_modules"] = sorted(config["target_modules"])
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
