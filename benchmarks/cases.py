"""What `benchmarks.train_speed` measures: the cases, and models and examples made for them.

A model has the architecture of Qwen2.5-0.5B and random weights, so nothing is downloaded. Its
tokenizer has Qwen's chat format and one token per byte, and fills the vocabulary with made-up
words, so that whatever a random model samples is text for the rewards.
"""

import itertools
import math
import random
import string
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from scripts.lib.study.recipes import resolved

CONFIG = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text(encoding="utf-8"))
QWEN = {
    "vocab_size": 151936,
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_hidden_layers": 24,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
    "rope_theta": 1.0e6,
}
TOY = QWEN | {
    "vocab_size": 600,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 1024,
}
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


@dataclass(frozen=True)
class Case:
    """One measurement of a recipe of config.yaml.

    Example lengths are log-normal around `length` tokens, with `spread` as the logarithm's standard
    deviation; for GRPO and generation `length` is the prompt's. `instead_of` names a case without
    whose failure this one is left out.
    """

    name: str
    program: str  # host, sft, grpo or generate
    recipe: str
    length: int
    batch: int  # sequences per forward pass, on one device
    whole: int  # sequences per optimiser step
    spread: float = 0.0
    completion: int = 0
    steps: int = 3  # timed, after a first one that is not
    overrides: dict[str, Any] = field(default_factory=dict)
    limit: float = 120.0  # seconds, with the start of a process
    instead_of: str | None = None


def sft(recipe: str, length: int, batch: int, whole: int = 64, **more: Any) -> Case:
    """Return a case of supervised fine-tuning."""
    return Case(f"{recipe}-{length}-b{batch}", "sft", recipe, length, batch, whole, **more)


def grpo(whole: int, **more: Any) -> Case:
    """Return a case of GRPO at the recipe's completion length."""
    return Case(f"grpo-{whole}", "grpo", "grpo", 120, 8, whole, completion=2048, steps=1, **more)


def generate(batch: int, prompt: int) -> Case:
    """Return a case of transformers' generate, in the number formats of a GRPO rollout."""
    name = f"generate-{batch}x{prompt}"
    return Case(name, "generate", "grpo", prompt, batch, batch, completion=48)


CHECKPOINTING = {"gradient_checkpointing": True}
LONG: dict[str, Any] = {"whole": 16, "spread": 0.004}
GSM8K: dict[str, Any] = {"spread": 0.35}
TRACES: dict[str, Any] = {"spread": 0.5}
# The most important first: a machine may be lent for minutes only.
CASES = (
    Case("host", "host", "sft", 0, 1, 1),
    sft("sft", 8130, 4, **LONG),
    sft("sft", 8130, 2, instead_of="sft-8130-b4", **LONG),
    sft("sft-lora", 8130, 4, **LONG),
    sft("sft-lora", 8130, 2, instead_of="sft-lora-8130-b4", **LONG),
    sft("sft-lora", 8130, 1, instead_of="sft-lora-8130-b2", **LONG),
    sft("sft", 220, 4, **GSM8K),
    grpo(128, limit=240.0),
    sft("sft", 220, 16, **GSM8K),
    sft("sft", 220, 32, **GSM8K),
    sft("sft", 1270, 4, **TRACES),
    sft("sft-lora", 220, 4, **GSM8K),
    sft("sft-lora", 1270, 4, **TRACES),
    sft("sft", 8130, 1, **LONG),
    sft("sft-lora", 220, 32, **GSM8K),
    generate(32, 120),
    generate(512, 120),
    generate(512, 1000),
    generate(128, 120),
    sft("sft", 1270, 8, **TRACES),
    replace(sft("sft", 8130, 4, overrides=CHECKPOINTING, **LONG), name="sft-8130-b4-checkpointing"),
    sft("sft-lora", 1270, 8, **TRACES),
    sft("sft", 1270, 16, **TRACES),
    generate(32, 2000),
    grpo(512, limit=900.0),
)


def toy(case: Case) -> Case:
    """Return a case small enough for a CPU to run in a second."""
    length = max(90, case.length // 32)
    batch = min(case.batch, 4)
    completion = min(case.completion, 12)
    groups = {"num_generations": 4} if case.program == "grpo" else {}
    return replace(
        case,
        length=length,
        batch=batch,
        whole=2 * batch,
        completion=completion,
        steps=1,
        overrides=case.overrides | groups,
    )


def recipe_of(case: Case, recipes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a case's recipe: the study's own, with less work and no checkpoint."""
    steps = {"sft": 2 + case.steps, "grpo": 1 + case.steps}.get(case.program, 1)
    recipe = resolved(recipes, case.recipe) | {
        "max_steps": steps,
        "global_batch_size": case.whole,
        "save_steps": 1_000_000,
    }
    if case.completion:
        recipe["max_completion_length"] = case.completion
    return recipe | case.overrides


def lengths(case: Case, count: int, longest: int) -> list[int]:
    """Return the tokens of each example, the same on every machine.

    >>> case = sft("sft", 220, 4, spread=0.35)
    >>> lengths(case, 5, 8192)
    [251, 168, 184, 244, 307]
    """
    chance = random.Random(case.length)
    centre = math.log(case.length) - case.spread**2 / 2
    return [min(longest, round(chance.lognormvariate(centre, case.spread))) for _ in range(count)]


def example(number: int, prompt: str, completion: str) -> dict[str, Any]:
    """Return an example in the study's format."""
    return {
        "prompt": [
            {"role": "system", "content": "-"},
            {"role": "user", "content": prompt},
        ],
        "completion": [{"role": "assistant", "content": completion}],
        "gold": str(number),
        "question": prompt,
    }


def examples(case: Case, tokenizer: Any, count: int, longest: int) -> list[dict[str, Any]]:
    """Return examples of a case: one byte per token, each a letter at random.

    A fine-tuning example has 120 tokens of prompt, as a problem of GSM8K, and half of a short one.
    """
    from scripts.lib.model.encoding import encode
    from scripts.lib.model.stop_tokens import end_of_turn

    frame = len(encode(example(0, "", ""), tokenizer, end_of_turn(tokenizer), "")[0])
    chance = random.Random(0)

    def text(length: int) -> str:
        return "".join(chance.choices(string.ascii_letters, k=max(1, length)))

    rows = []
    for number, length in enumerate(lengths(case, count, longest)):
        prompt = length if case.program == "grpo" else min(120, length // 2)
        rows.append(example(number, text(prompt - frame), text(length - max(prompt, frame))))
    return rows


def words(count: int) -> list[str]:
    """Return made-up words of three letters or more, each after a space, as byte-level tokens.

    >>> words(2)
    ['Ġaaa', 'Ġaab']
    """
    letters = string.ascii_lowercase
    spelled = (
        "".join(word)
        for size in itertools.count(3)
        for word in itertools.product(letters, repeat=size)
    )
    return ["Ġ" + word for word in itertools.islice(spelled, count)]


def make_model(folder: Path, architecture: dict[str, Any]) -> None:
    """Write a random model in bfloat16, as the hub has Qwen's, and its tokenizer."""
    import torch
    from tokenizers import pre_tokenizers
    from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    filling = words(architecture["vocab_size"] - len(alphabet) - len(SPECIAL))
    tokenizer = Qwen2Tokenizer(
        vocab={token: number for number, token in enumerate([*alphabet, *filling])},
        merges=[],
        extra_special_tokens=list(SPECIAL[1:]),
    )
    template = files("trl") / "chat_templates" / "qwen2_5.jinja"
    tokenizer.chat_template = template.read_text(encoding="utf-8")
    tokenizer.eos_token = SPECIAL[0]
    torch.manual_seed(0)
    config = Qwen2Config(
        **architecture, tie_word_embeddings=True, eos_token_id=tokenizer.eos_token_id
    )
    Qwen2ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
