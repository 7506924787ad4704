"""The tokens that end a completion, whichever of them a model was taught.

One answer for rollouts, published checkpoints, evaluation and a teacher's traces: `stop_ids_of`.
"""

from pathlib import Path
from typing import Any

STOP_TOKENS = ("<|im_end|>", "<|endoftext|>")  # Qwen's: of a chat turn, of a document


def stop_ids_of(checkpoint: Path, tokenizer: Any) -> list[int]:
    """Return the ids of all tokens at which generation from a checkpoint stops, each once.

    They are Qwen's two, as far as the vocabulary has them, the tokenizer's own, the one that the
    chat template writes behind a turn, and what the checkpoint declares. Qwen2.5's base model ends
    on `<|endoftext|>`, its chat format on `<|im_end|>`; Gemma's and Phi's tokenizers name the end
    of a document, their templates and generation configs that of a turn. With only one of them a
    model that learned another runs to the token limit.
    """
    from transformers import AutoConfig

    vocabulary = tokenizer.get_vocab()
    # A tokenizer's class can add them where the model has no row for them, and never writes them.
    rows = AutoConfig.from_pretrained(checkpoint).get_text_config().vocab_size
    ids = [vocabulary[token] for token in STOP_TOKENS if vocabulary.get(token, rows) < rows]
    ids += [tokenizer.eos_token_id, template_end(tokenizer), *declared_stop_ids(checkpoint)]
    return list(dict.fromkeys(number for number in ids if number is not None))


def declared_stop_ids(checkpoint: Path) -> list[int]:
    """Return the stop tokens that a checkpoint declares, in its generation config or its config."""
    from transformers import AutoConfig, GenerationConfig

    try:
        declared = GenerationConfig.from_pretrained(checkpoint)
    except OSError:  # no such file
        declared = AutoConfig.from_pretrained(checkpoint)
    own = declared.eos_token_id
    return own if isinstance(own, list) else [own] if own is not None else []


def template_end(tokenizer: Any) -> int | None:
    """Return the id of the special token that the chat template writes after a message, or None.

    A space may stand before it, as in Llama 2's.
    """
    behind = _behind_a_message(tokenizer).lstrip()
    ids = tokenizer(behind, add_special_tokens=False)["input_ids"]
    token = tokenizer.added_tokens_decoder.get(ids[0]) if ids else None
    return ids[0] if token and token.special else None


def end_of_turn(tokenizer: Any) -> int:
    """Return the id of the token that the chat template writes after an assistant's message."""
    end = template_end(tokenizer)
    if end is None:
        raise SystemExit(
            "the chat template ends an assistant's message with no special token (but with "
            f"{_behind_a_message(tokenizer)!r}), so a model trained with it could never stop"
        )
    return end


def _behind_a_message(tokenizer: Any) -> str:
    marker = "MESSAGE"
    turns = [{"role": "user", "content": "-"}, {"role": "assistant", "content": marker}]
    return tokenizer.apply_chat_template(turns, tokenize=False).rpartition(marker)[2]
