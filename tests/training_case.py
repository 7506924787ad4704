"""A tiny random Qwen2 model with Qwen's chat format, and trainings of it, for the trainers' tests.

python -m tests.training_case CASE.json     run one training in a process of its own
"""

import json
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from unittest.mock import patch

from scripts.lib.records import digest_files, write_json, write_jsonl
from scripts.lib.training.run import Training, train

LORA = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.05, "target_modules": "all-linear"}
TOKEN_ROWS = {"trainable_token_indices": ["<|im_start|>", "<|im_end|>"]}
SFT = {
    "learning_rate": 1.0e-3,
    "max_steps": 6,
    "max_length": 400,
    "per_device_train_batch_size": 2,
    "global_batch_size": 4,
    "save_steps": 2,
    "bf16": False,
    "gradient_checkpointing": False,
}
GRPO = {
    "learning_rate": 1.0e-3,
    "max_steps": 6,
    "per_device_train_batch_size": 4,
    "global_batch_size": 8,
    "num_generations": 4,
    "max_completion_length": 12,
    "temperature": 1.0,
    "beta": 0.04,
    "loss_type": "grpo",
    "save_steps": 2,
    "bf16": False,
    "gradient_checkpointing": False,
}


def tiny_model(
    folder: Path, dtype: str = "float32", eos: str = "<|endoftext|>", tied: bool = True
) -> Path:
    """Write a model of about 40,000 random parameters and its record; return the record's path.

    Like Qwen2.5, a base model declares `<|endoftext|>` as its end and an instruct one `<|im_end|>`.
    """
    import torch
    from tokenizers import pre_tokenizers
    from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: number for number, letter in enumerate(alphabet)}
    tokenizer = Qwen2Tokenizer(
        vocab=vocabulary, merges=[], extra_special_tokens=["<|im_start|>", "<|im_end|>"]
    )
    template = files("trl") / "chat_templates" / "qwen2_5.jinja"  # Qwen2.5-Instruct's own
    tokenizer.chat_template = template.read_text(encoding="utf-8")
    tokenizer.eos_token = eos
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=tied,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = Qwen2ForCausalLM(config).to(getattr(torch, dtype))
    model.save_pretrained(folder / "checkpoint")
    tokenizer.save_pretrained(folder / "checkpoint")
    record = {"model": "tiny", "status": "ok", "files": digest_files(folder / "checkpoint")}
    write_json(folder / "model.json", record)
    return folder / "model.json"


def examples(path: Path, count: int = 24) -> Path:
    """Write a few additions in the study's example format."""
    rows = [
        {
            "prompt": [{"role": "user", "content": f"{number} + 1?"}],
            "completion": [
                {
                    "role": "assistant",
                    "content": f"<think>\n{number}+1={number + 1}\n</think>\n"
                    f"<answer>\n\\boxed{{{number + 1}}}\n</answer>",
                }
            ],
            "gold": str(number + 1),
            "question": f"{number} + 1?",
        }
        for number in range(count)
    ]
    write_jsonl(path, rows)
    return path


def case(folder: Path, parent: Path, rule: str, recipe: dict, key: str = "a" * 64) -> Path:
    """Write down a training below `folder`, for `run_case`; return the file."""
    settings = {"seed": 0, "recipe": recipe, "collapse": {"zero_reward_steps": 100}}
    settings["chat_template_kwargs"] = {}
    if rule == "train_grpo":
        settings |= {"rewards": {"format": 1.0, "accuracy": 1.0}, "grader": {"timeout": 5.0}}
    paths = {
        "parent": parent,
        "examples": examples(folder / "examples.jsonl"),
        "checkpoints": folder / "checkpoints",
        "output": folder / "out" / "training.json",
    }
    record = {name: str(path) for name, path in paths.items()}
    job = {"rule": rule, "key": key, "cell": "tiny+x", "settings": settings}
    write_json(folder / "case.json", record | job)
    return folder / "case.json"


def odd_length(prompts: list, completions: list, **_: object) -> list[float]:
    """Reward what a random model does in half of the cases, so that GRPO has something to learn."""
    return [float(len(turns[0]["content"]) % 2) for turns in completions]


def training_of(path: Path) -> Training:
    """Return the training of a case file."""
    fields = json.loads(Path(path).read_text())
    for name in ("parent", "examples", "checkpoints", "output"):
        fields[name] = Path(fields[name])
    return Training(**fields)


def work_of(path: Path) -> Path:
    """Return the folder that a case resumes from."""
    training = training_of(path)
    return training.checkpoints / training.identity


def run_case(path: Path, format_reward: Callable = odd_length) -> None:
    """Run the training of a case file."""
    training = training_of(path)
    if training.rule == "train_sft":
        from scripts.train_sft import build_trainer
    else:
        from scripts.train_grpo import build_trainer
    with patch("scripts.lib.grading.rewards.format_reward", format_reward):
        train(training, build_trainer)


if __name__ == "__main__":
    run_case(Path(sys.argv[1]))
