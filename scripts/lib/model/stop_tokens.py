"""The two tokens that end a completion, whichever of them a model was taught."""

from transformers import PreTrainedTokenizerBase

STOP_TOKENS = ("<|im_end|>", "<|endoftext|>")


def stop_token_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the ids of the stop tokens that the vocabulary has, the tokenizer's own included.

    Qwen2.5's base model ends on `<|endoftext|>`, its chat format on `<|im_end|>`: with only one of
    them a model that learned the other runs to the token limit.
    """
    vocabulary = tokenizer.get_vocab()
    ids = [vocabulary[token] for token in STOP_TOKENS if token in vocabulary]
    return ids if tokenizer.eos_token_id in ids else [*ids, tokenizer.eos_token_id]
