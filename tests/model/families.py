"""Tiny checkpoints of other families' real architectures, with random weights.

Configs, models and tokenizers are transformers' own classes; the chat templates say in short what
each family's own says: its turns, its special tokens, and what it refuses.
"""

import functools
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scripts.lib.files import digest_files, write_json

POSITIONS = 1024
# The text that tokenizers are trained on: what the tests ask, and how it is answered.
TEXTS = [
    f"{number} + 1? Tom has {number} boxes of {number + 3} eggs; how many eggs does he have? "
    f"<think>\n{number} * {number + 3} = {number * (number + 3)}\n</think>\n<answer>\n"
    f"\\boxed{{{number * (number + 3)}}}\n</answer> Reason step by step and write the result."
    for number in range(40)
]

REFUSES_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}"
)
ALTERNATES = (
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/...') }}{% endif %}"
)
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SMOLLM2 = (
    "{% if messages[0].role != 'system' %}<|im_start|>system\nYou answer shortly.<|im_end|>\n"
    "{% endif %}" + CHATML
)
LLAMA3 = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
    "{{ m.content | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
LLAMA2 = (
    "{% set system = '' %}{% set turns = messages %}{% if messages[0].role == 'system' %}"
    "{% set system = '<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' %}"
    "{% set turns = messages[1:] %}{% endif %}{% for m in turns %}" + ALTERNATES + "{% if m.role "
    "== 'user' %}{{ bos_token + '[INST] ' + (system if loop.first else '') + m.content + ' [/INST]'"
    " }}{% else %}{{ ' ' + m.content + ' ' + eos_token }}{% endif %}{% endfor %}"
)
MISTRAL = (
    "{{ bos_token }}{% for m in messages %}" + ALTERNATES + "{% if m.role == 'user' %}"
    "{{ '[INST] ' + m.content + ' [/INST]' }}{% else %}{{ ' ' + m.content + eos_token }}"
    "{% endif %}{% endfor %}"
)
GEMMA_TURNS = (
    "{% for m in turns %}" + ALTERNATES + "<start_of_turn>"
    "{{ 'model' if m.role == 'assistant' else m.role }}\n{{ prefix if loop.first }}"
    "{{ m.content | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
GEMMA2 = "{{ bos_token }}" + REFUSES_SYSTEM + "{% set turns = messages %}" + GEMMA_TURNS
GEMMA3 = (
    "{{ bos_token }}{% set prefix = '' %}{% set turns = messages %}"
    "{% if messages[0].role == 'system' %}{% set prefix = messages[0].content + '\n\n' %}"
    "{% set turns = messages[1:] %}{% endif %}" + GEMMA_TURNS
)
PHI3 = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% else %}{{ eos_token }}{% endif %}"
)
QWEN3 = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' and loop.last %}"
    "<think>\n\n</think>\n\n{{ m.content.split('</think>')[-1].lstrip('\n') }}"
    "{% else %}{{ m.content }}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n"
    "{% endif %}{% endif %}"
)
R1 = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}"
    "{% elif m.role == 'user' %}<｜User｜>{{ m.content }}{% else %}<｜Assistant｜>"
    "{{ m.content.split('</think>')[-1] }}<｜end▁of▁sentence｜>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<｜Assistant｜><think>\n{% endif %}"
)
IM = ("<|im_start|>", "<|im_end|>")


@dataclass(frozen=True)
class Family:
    """How a family's tiny checkpoint is made.

    `named` are the tokens that its tokenizer knows by a role, `special` those of its template, and
    `end` is the one that ends a turn.
    """

    architecture: str
    tokenizer: str
    template: str | None
    end: str
    named: dict[str, str]
    special: tuple[str, ...] = ()
    byte_level: bool = True
    sizes: dict[str, Any] = field(default_factory=dict)
    template_settings: dict[str, Any] = field(default_factory=dict)
    opened: str = ""  # the thought that stands in the prompt
    shard_size: str = "5GB"


SENTENCEPIECE = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
PHI3_NAMED = SENTENCEPIECE | {"eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
PHI3_SPECIAL = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
GEMMA = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
TURNS = ("<start_of_turn>", "<end_of_turn>")
LLAMA3_NAMED = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
LLAMA3_SPECIAL = ("<|start_header_id|>", "<|end_header_id|>", "<|end_of_text|>")
QWEN_NAMED = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
SMOLLM2_NAMED = {"bos_token": IM[0], "eos_token": IM[1], "pad_token": IM[1], "unk_token": IM[1]}
R1_END = "<｜end▁of▁sentence｜>"
R1_NAMED = {"bos_token": "<｜begin▁of▁sentence｜>", "eos_token": R1_END, "pad_token": R1_END}
DOCUMENT = dict.fromkeys(("unk_token", "bos_token", "eos_token"), "<|endoftext|>")
WIDE = {"head_dim": 16}

LLAMA3_FAMILY = Family(
    "Llama", "PreTrainedFast", LLAMA3, "<|eot_id|>", LLAMA3_NAMED, LLAMA3_SPECIAL
)
GEMMA3_FAMILY = Family("Gemma3", "Gemma", GEMMA3, TURNS[1], GEMMA, TURNS, False, WIDE)
QWEN3_FAMILY = Family("Qwen3", "Qwen2", QWEN3, IM[1], QWEN_NAMED, IM, sizes=WIDE)
NEOX_FAMILY = Family("GPTNeoX", "GPTNeoX", None, "<|endoftext|>", DOCUMENT)
GPT2_FAMILY = Family("GPT2", "GPT2", None, "<|endoftext|>", DOCUMENT)
WITH_CHATML = {"template": CHATML, "special": IM, "end": IM[1]}

FAMILIES: dict[str, Family] = {
    "Llama 3": LLAMA3_FAMILY,
    "Llama 3, sharded weights": replace(LLAMA3_FAMILY, shard_size="60KB"),
    "Llama 2": Family("Llama", "Llama", LLAMA2, "</s>", SENTENCEPIECE, (), False),
    "Mistral": Family(
        "Mistral", "Llama", MISTRAL, "</s>", SENTENCEPIECE, ("[INST]", "[/INST]"), False
    ),
    "Gemma 2": Family("Gemma2", "Gemma", GEMMA2, TURNS[1], GEMMA, TURNS, False, WIDE),
    "Gemma 3": GEMMA3_FAMILY,
    "Gemma 3 with vision": replace(GEMMA3_FAMILY, architecture="Gemma3 with vision"),
    "Phi-3": Family("Phi3", "Llama", PHI3, "<|end|>", PHI3_NAMED, PHI3_SPECIAL, False),
    "SmolLM2": Family(
        "Llama", "GPT2", SMOLLM2, IM[1], SMOLLM2_NAMED, IM, sizes={"tie_word_embeddings": True}
    ),
    "Qwen3, thinking": QWEN3_FAMILY,
    "Qwen3, not thinking": replace(
        QWEN3_FAMILY,
        template_settings={"enable_thinking": False},
        opened="<think>\n\n</think>\n\n",
    ),
    "Qwen3, tied weights": replace(QWEN3_FAMILY, sizes=WIDE | {"tie_word_embeddings": True}),
    "R1 distillate": Family(
        "Qwen2",
        "PreTrainedFast",
        R1,
        R1_END,
        R1_NAMED,
        ("<｜User｜>", "<｜Assistant｜>"),
        opened="<think>\n",
    ),
    "GPT-NeoX": NEOX_FAMILY,
    "GPT-NeoX with a template": replace(NEOX_FAMILY, **WITH_CHATML),
    "GPT-2": GPT2_FAMILY,
    "GPT-2 with a template": replace(GPT2_FAMILY, **WITH_CHATML),
}


@functools.cache
def trained_pieces(byte_level: bool) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Return the vocabulary and merges of a byte-pair encoding of 500 tokens, without specials."""
    from tokenizers import ByteLevelBPETokenizer, SentencePieceBPETokenizer

    trained = ByteLevelBPETokenizer() if byte_level else SentencePieceBPETokenizer()
    size = {"vocab_size": 500, "show_progress": False}
    trained.train_from_iterator(TEXTS, **size, **({} if byte_level else {"special_tokens": []}))
    model = json.loads(trained.to_str())["model"]
    vocabulary = model["vocab"]
    if not byte_level:  # SentencePiece falls back to bytes
        vocabulary |= {f"<0x{n:02X}>": len(vocabulary) + n for n in range(256)}
    return vocabulary, [tuple(pair) for pair in model["merges"]]


def tokenizer_of(family: Family) -> Any:
    """Return a family's tokenizer, with its class, special tokens and template."""
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    vocabulary, merges = trained_pieces(family.byte_level)
    vocabulary = dict(vocabulary)
    for token in dict.fromkeys([*family.named.values(), *family.special]):
        vocabulary[token] = len(vocabulary)
    special = {"extra_special_tokens": list(family.special)} | family.named
    if family.tokenizer == "PreTrainedFast":
        backend = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        backend.decoder = decoders.ByteLevel()
        tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=backend, **special)
    else:
        kind = getattr(transformers, f"{family.tokenizer}Tokenizer")
        opens = {} if family.byte_level else {"add_bos_token": True}
        tokenizer = kind(vocab=vocabulary, merges=merges, **special, **opens)
    tokenizer.chat_template = family.template
    return tokenizer


def model_of(family: Family, tokenizer: Any) -> Any:
    """Return a random model of a family's architecture, 64 wide and with two layers."""
    import torch
    import transformers

    torch.manual_seed(0)
    size = {"vocab_size": len(tokenizer), "eos_token_id": tokenizer.eos_token_id}
    size |= {"bos_token_id": tokenizer.bos_token_id, "pad_token_id": tokenizer.pad_token_id}
    if family.architecture == "GPT2":
        sizes = {"n_positions": POSITIONS, "n_embd": 64, "n_layer": 2, "n_head": 4}
        config = transformers.GPT2Config(**sizes, **size)
        return transformers.GPT2LMHeadModel(config)
    size |= {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": POSITIONS,
    }
    if family.architecture == "GPTNeoX":
        return transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(**size))
    size |= {"num_key_value_heads": 2} | family.sizes
    if family.architecture == "Gemma3 with vision":
        vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1}
        vision |= {"num_attention_heads": 2, "image_size": 28, "patch_size": 14}
        config = transformers.Gemma3Config(
            text_config=size,
            vision_config=vision,
            mm_tokens_per_image=4,
            eos_token_id=size["eos_token_id"],
            image_token_index=len(tokenizer) - 1,
        )
        return transformers.Gemma3ForConditionalGeneration(config)
    name = "Gemma3Text" if family.architecture == "Gemma3" else family.architecture
    config = getattr(transformers, f"{name}Config")(**size)
    causal = family.architecture + "ForCausalLM"
    return getattr(transformers, causal)(config)


def make_checkpoint(folder: Path, name: str) -> Path:
    """Save a family's checkpoint below a folder, with a record; return the record's path."""
    family = FAMILIES[name]
    tokenizer = tokenizer_of(family)
    model = model_of(family, tokenizer)
    # Gemma's and Phi's tokenizers name the end of a document, their generation configs a turn's.
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids(family.end)
    model.save_pretrained(folder / "checkpoint", max_shard_size=family.shard_size)
    tokenizer.save_pretrained(folder / "checkpoint")
    record = {"model": name, "status": "ok", "files": digest_files(folder / "checkpoint")}
    write_json(folder / "model.json", record)
    return folder / "model.json"
