"""Checkpoints as a training reads and leaves them: ordinary Hugging Face folders.

A published checkpoint stops at the end of a chat turn and at the end of a document, samples with
nothing inherited from its parent, and keeps the parent's number format.
"""

import json
from pathlib import Path
from typing import Any

from scripts.lib.machine.imports import quick_imports
from scripts.lib.model.architecture import require_causal_lm
from scripts.lib.model.chat_template import load_tokenizer
from scripts.lib.model.stop_tokens import stop_ids_of


def load_model(folder: Path, init: dict[str, Any], tokenizer: Any) -> Any:
    """Return a checkpoint's causal language model, in TRL's default float32 unless `init` differs.

    Its generation settings are replaced: neither rollouts nor later stages inherit the hub's.
    """
    with quick_imports(without="sklearn"):
        from transformers import AutoModelForCausalLM

    require_causal_lm(folder)
    arguments = {"dtype": "float32"} | init
    model = AutoModelForCausalLM.from_pretrained(folder, **arguments, use_safetensors=True)
    model.generation_config = sampling_config(folder, tokenizer)
    return model


def sampling_config(checkpoint: Path, tokenizer: Any) -> Any:
    """Return plain sampling with every setting written out, for publication and for rollouts.

    It stops where the checkpoint that it starts from does, its own end of turn included.
    """
    from transformers import GenerationConfig

    stops, pad = stop_ids_of(checkpoint, tokenizer), tokenizer.pad_token_id
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
    """Return the `<think>` that some chat templates put into the prompt, or nothing.

    With `enable_thinking: false` it is a whole thought with nothing in it, closed again.
    """
    turns = [{"role": "user", "content": "-"}]
    prompt = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    head, tag, tail = prompt.rpartition("<think>")
    return tag + tail if head and tail.strip() in ("", "</think>") else ""


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
    model.generation_config = sampling_config(parent, tokenizer)
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
