"""A tiny random Qwen2 model with Qwen's chat format, and trainings of it, for the trainers' tests.

python -m tests.training_case CASE.json     run one training in a process of its own
"""

import importlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from importlib.resources import files
from pathlib import Path
from unittest.mock import patch

from scripts.lib.engines.start import EngineSettings
from scripts.lib.files import digest_files, read_json, write_json, write_jsonl
from scripts.lib.training.processes import processes
from scripts.lib.training.program import training_program
from scripts.lib.training.run import Training, train
from tests.workflow import ROOT

LORA = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.05, "target_modules": "all-linear"}
TOKEN_ROWS = {"trainable_token_indices": ["<|im_start|>", "<|im_end|>"]}
SFT = {
    "learning_rate": 1.0e-3,
    "max_steps": 6,
    "max_length": 400,
    "global_batch_size": 4,
    "save_steps": 2,
    "bf16": False,
    "gradient_checkpointing": False,
}
GRPO = {
    "learning_rate": 1.0e-3,
    "max_steps": 6,
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
GKD = {
    "learning_rate": 1.0e-3,
    "max_steps": 6,
    "global_batch_size": 4,
    "max_completion_length": 12,
    "temperature": 1.0,
    "beta": 1.0,
    "save_steps": 2,
    "bf16": False,
    "gradient_checkpointing": False,
}
DPO = {
    "learning_rate": 1.0e-3,
    "max_steps": 6,
    "max_length": 400,
    "global_batch_size": 4,
    "beta": 0.1,
    "loss_type": "sigmoid",
    "save_steps": 2,
    "bf16": False,
    "gradient_checkpointing": False,
}

TOKENS_PER_PASS = 500  # two examples, or four prompts with 12 tokens of completion

# One process draws dropout and samples otherwise than two: neither is part of the comparison.
# A plain SFT is compared where it is resumed.
COMPARABLE = {
    "sft-bf16": ("train_sft", SFT | {"bf16": True}),
    "lora": ("train_sft", SFT | {"lora": LORA | {"lora_dropout": 0.0}}),
    "grpo": ("train_grpo", GRPO),
    "dpo": ("train_dpo", DPO),
}


def tiny_model(
    folder: Path,
    dtype: str = "float32",
    eos: str = "<|endoftext|>",
    tied: bool = True,
    heads: int = 4,
    seed: int = 0,
) -> Path:
    """Write a model of about 40,000 random parameters and its record; return the record's path.

    Like Qwen2.5, a base model declares `<|endoftext|>` as its end and an instruct one `<|im_end|>`.
    With one head it is as wide as vLLM needs it.
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
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2 or 1,
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


def pairs(path: Path, count: int = 24) -> Path:
    """Write a right and a wrong answer to each of a few additions."""
    rows = [
        {
            "prompt": [{"role": "user", "content": f"{number} + 1?"}],
            "chosen": [{"role": "assistant", "content": f"\\boxed{{{number + 1}}}"}],
            "rejected": [{"role": "assistant", "content": f"It is {number}."}],
        }
        for number in range(count)
    ]
    write_jsonl(path, rows)
    return path


def case(
    folder: Path,
    parent: Path,
    rule: str,
    recipe: dict,
    key: str = "a" * 64,
    runtime: float = 0.0,
    vllm: dict | None = None,
    tokens_per_pass: int = TOKENS_PER_PASS,
    teacher: Path | None = None,
) -> Path:
    """Write down a training below `folder`, for `run_case`; return the file."""
    settings = {"seed": 0, "recipe": recipe}
    settings["chat_template_kwargs"] = {}
    if rule == "train_grpo":
        settings |= {
            "rewards": {"format": 1.0, "accuracy": 1.0},
            "grader": {"timeout": 5.0, "rules": "gsm8k"},
        }
    paths = {
        "parent": parent,
        "examples": (pairs if rule == "train_dpo" else examples)(folder / "examples.jsonl"),
        "checkpoints": folder / "checkpoints",
        "output": folder / "out" / "training.json",
    }
    paths |= {"teacher": teacher} if teacher else {}
    record = {name: str(path) for name, path in paths.items()}
    job = {"rule": rule, "key": key, "cell": "tiny+x", "settings": settings}
    job |= {"runtime": runtime, "vllm": vllm, "tokens_per_pass": tokens_per_pass}
    write_json(folder / "case.json", record | job)
    return folder / "case.json"


def odd_length(prompts: list, completions: list, **_: object) -> list[float]:
    """Reward what a random model does in half of the cases, so that GRPO has something to learn."""
    return [float(len(turns[0]["content"]) % 2) for turns in completions]


def fixed_completions(
    trainer: object, prompts: list, images: None, columns: dict, num_generations: int, **_: object
) -> tuple[list[list[int]], None]:
    """Stand in for sampling, of which every process has its own: a prompt's completions are fixed.

    What is left of GRPO can then be compared between numbers of processes.
    """
    completions = []
    for position, prompt in enumerate(prompts):
        draw = random.Random(f"{prompt} {position % num_generations}")
        completions.append([draw.randrange(256) for _ in range(draw.randint(3, 12))])
    return completions, None


def training_of(path: Path) -> Training:
    """Return the training of a case file."""
    fields = json.loads(Path(path).read_text())
    for name in ("parent", "examples", "checkpoints", "output", "teacher"):
        if name in fields:
            fields[name] = Path(fields[name])
    vllm = fields.pop("vllm")
    engine = EngineSettings("vllm", vllm) if vllm else EngineSettings()
    return Training(**fields, engine=engine)


def work_of(path: Path) -> Path:
    """Return the folder that a case resumes from."""
    training = training_of(path)
    return training.checkpoints / training.identity


def run_case(path: Path, format_reward: Callable = odd_length) -> None:
    """Run the training of a case file."""
    training = training_of(path)
    build_trainer = importlib.import_module(f"scripts.{training.rule}").build_trainer
    with patch("scripts.lib.grading.rewards.format_reward", format_reward):
        train(training, build_trainer)


def start(path: Path) -> subprocess.Popen:
    """Start the training of a case file in a process of its own."""
    environment = os.environ | {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.training_case", str(path)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def start_together(
    path: Path, *shims: str, strategy: str = "ddp", **environment: str
) -> subprocess.Popen:
    """Start the training of a case file in two processes, as scripts/launch.py does."""
    program = (
        "import sys; from scripts.lib.training.launcher import run_processes\n"
        f"sys.exit(run_processes('tests.training_case', sys.argv[1:], 2, '{strategy}'))"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1", "DS_ACCELERATOR": "cpu"} | environment
    command = [sys.executable, "-c", program, str(path), *shims]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def train_alone(path: Path) -> Path:
    """Run the training of a case file in this process, with fixed completions; return the file."""
    with patch("trl.GRPOTrainer._generate_single_turn", fixed_completions):
        run_case(path)
    return path


def record_of(path: Path) -> dict:
    """Return the record that the training of a case file left."""
    return read_json(path.parent / "out" / "training.json")


def largest_differences(path: Path, other: Path) -> tuple[float, float]:
    """Return by how much the losses of two trainings differ at most, and their weights."""
    from safetensors.torch import load_file

    logs = [record_of(one)["log"] for one in (path, other)]
    steps = zip(*logs, strict=True)
    models = [
        load_file(one.parent / "out" / "checkpoint" / "model.safetensors") for one in (path, other)
    ]
    return (
        max(abs(first["loss"] - second["loss"]) for first, second in steps),
        max((models[0][name] - models[1][name]).abs().max().item() for name in models[0]),
    )


def wait_for(path: Path, run: subprocess.Popen) -> None:
    """Wait until a training has written a file."""
    deadline = time.monotonic() + 120
    while not path.exists():
        assert run.poll() is None, run.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def device_without_number() -> AbstractContextManager:
    """Let several processes on a CPU resume: torch loads nothing to the `cpu:0` they are given."""
    import torch
    from transformers import TrainingArguments

    numbered = TrainingArguments.device.fget
    plain = property(lambda arguments: torch.device(numbered(arguments).type))
    return patch.object(TrainingArguments, "device", plain)


@training_program
def main() -> None:
    """Run the training of a case file as its script would, without a plan.

    python -m tests.training_case CASE.json [fixed_completions]
    """
    file, *shims = sys.argv[1:]
    with ExitStack() as stack:
        if processes() > 1:
            stack.enter_context(device_without_number())
        if "fixed_completions" in shims:
            name = "trl.GRPOTrainer._generate_single_turn"
            stack.enter_context(patch(name, fixed_completions))
        run_case(Path(file))


if __name__ == "__main__":
    main()
