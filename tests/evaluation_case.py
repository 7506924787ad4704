"""A tiny random model, two benchmarks of a few problems, and one evaluation of them."""

import shutil
from pathlib import Path

from scripts.evaluate import evaluate
from scripts.lib.engines.start import EngineSettings
from scripts.lib.files import digest_files, write_json, write_jsonl

TRANSFORMERS = EngineSettings()
SETTINGS = {
    "prompt": {"system": None, "user": "{question}\nWrite the result as \\boxed{result}."},
    "temperature": 0.6,
    "top_p": 0.95,
    "top_k": 0,
    "repetition_penalty": 1.0,
    "max_new_tokens": 24,
    "max_model_length": 128,
    "chat_template_kwargs": {},
    "dtype": "float32",
    "batch_size": 4,
    "num_samples": 2,
    "grader": {"timeout": 5.0, "rules": "gsm8k"},
    "seed": 0,
    "key": "the benchmark's key",
}


def problems(count: int) -> list[dict]:
    return [
        {"id": str(i), "question": f"Mia has {i} plums" + " and more" * (i % 3), "gold": str(i)}
        for i in range(count)
    ]


def model_record(folder: Path, **fields) -> Path:
    record = {"key": "m", "status": "ok", "files": digest_files(folder / "checkpoint"), **fields}
    write_json(folder / "training.json", record)
    return folder / "training.json"


def run(
    tmp_path: Path,
    record: Path,
    names: dict[str, int],
    out: str = "out",
    engine: EngineSettings = TRANSFORMERS,
    memory_gb: float | None = None,
    expected: dict[str, float] | None = None,
    **changed,
) -> Path:
    """Evaluate tasks of a few problems each; return the output folder."""
    benchmarks = {}
    for name, count in names.items():
        benchmarks[name] = tmp_path / f"{name.replace('/', '-')}.jsonl"
        write_jsonl(benchmarks[name], problems(count))
    settings = dict.fromkeys(names, {**SETTINGS, **changed})
    store, folder = tmp_path / "store", tmp_path / out
    machine = {"engine": engine, "memory_gb": memory_gb, "expected": expected}
    evaluate("toy+sft", 0, record, benchmarks, settings, store, folder, **machine)
    return tmp_path / out


def make_model(folder: Path, seed: int, positions: int = 128) -> Path:
    """Save a random Qwen2 whose own generation settings are all against the study's.

    Its heads are 32 wide, the least that vLLM has kernels for.
    """
    import torch
    from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

    texts = [problem["question"] for problem in problems(30)] + [SETTINGS["prompt"]["user"]]
    blank = Qwen2Tokenizer()
    tokenizer = blank.train_new_from_iterator(
        texts, 300, new_special_tokens=["<|im_start|>", "<|im_end|>", "<|own_stop|>"]
    )
    tokenizer.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=positions,
            tie_word_embeddings=True,
        )
    )
    own = tokenizer.convert_tokens_to_ids("<|own_stop|>")
    model.generation_config = GenerationConfig(
        do_sample=True, top_k=1, repetition_penalty=1.5, eos_token_id=own, max_new_tokens=3
    )
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder / "checkpoint")
    tokenizer.save_pretrained(folder / "checkpoint")
    return model_record(folder)
