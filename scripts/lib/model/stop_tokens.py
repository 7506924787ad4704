"""The tokens that end a completion, whichever of them a model was taught."""

from pathlib import Path

from transformers import AutoConfig, GenerationConfig, PreTrainedTokenizerBase

STOP_TOKENS = ("<|im_end|>", "<|endoftext|>")


def stop_token_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the ids of the stop tokens that the vocabulary has, the tokenizer's own included.

    Qwen2.5's base model ends on `<|endoftext|>`, its chat format on `<|im_end|>`: with only one of
    them a model that learned the other runs to the token limit.
    """
    vocabulary = tokenizer.get_vocab()
    ids = [vocabulary[token] for token in STOP_TOKENS if token in vocabulary]
    return ids if tokenizer.eos_token_id in ids else [*ids, tokenizer.eos_token_id]


def declared_stop_ids(checkpoint: Path) -> list[int]:
    """Return the stop tokens that a checkpoint declares, in its generation config or its config."""
    try:
        declared = GenerationConfig.from_pretrained(checkpoint)
    except OSError:  # no such file
        declared = AutoConfig.from_pretrained(checkpoint)
    own = declared.eos_token_id
    return own if isinstance(own, list) else [own] if own is not None else []


def stop_ids_of(checkpoint: Path, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return, sorted, all at which generation from a checkpoint stops: its own and Qwen's two."""
    return sorted({*declared_stop_ids(checkpoint), *stop_token_ids(tokenizer)})
