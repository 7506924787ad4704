"""Toy tokenizer and models: round trips, same seed same bytes, resumed or not."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from scripts import build_model
from scripts.build_tokenizer import build_tokenizer
from scripts.lib.files import digest_files

TIER = {
    "steps": [1, 2],
    "start": [2, 9],
    "operand": [1, 9],
    "factor": [2, 3],
    "operations": ["add", "sub"],
    "largest": 20,
}
PROMPTS = {
    "training": {"system": "Think in <think>, answer in <answer>.", "user": "{question}"},
    "boxed": {"system": None, "user": "{question}\nPut the answer within \\boxed{}."},
}
CORPUS = {
    "tiers": [TIER],
    "careless": 0.3,
    "documents": [
        {"form": "plain", "trace": "short", "tags": True, "weight": 1},
        {"form": "boxed", "trace": "short", "tags": False, "weight": 1},
        {"form": "training", "trace": "long", "tags": True, "weight": 2},
    ],
}
ARCHITECTURE = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 512,
}
BUILD = {
    "architecture": ARCHITECTURE,
    "corpus": CORPUS,
    "max_steps": 6,
    "per_device_train_batch_size": 2,
    "learning_rate": 1.0e-3,
    "warmup_steps": 2,
    "weight_decay": 0.01,
    "save_steps": 2,
    "eos": "<|endoftext|>",
    "seed": 0,
}


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    settings = {"corpus": CORPUS, "prompts": PROMPTS, "vocab_size": 500, "seed": 0}
    build_tokenizer(settings, folder)
    return folder


def build(tokenizer_folder, work, start=None, **changes):
    settings = {"build": {**BUILD, **changes}, "prompts": PROMPTS}
    checkpoint = work / "checkpoint"
    build_model.build_model(settings, tokenizer_folder, start, work, checkpoint, "toy")
    return digest_files(checkpoint)


def test_tokenizer_splits_digits_and_reads_any_text_back(tokenizer_folder):
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    assert [tokenizer.decode(i) for i in tokenizer.encode("12")] == ["1", "2"]
    assert tokenizer.decode(tokenizer.encode("\\frac{é}{2} «x»\n")) == "\\frac{é}{2} «x»\n"
    assert tokenizer.pad_token == "<|endoftext|>"
    assert len(tokenizer.encode("<|im_start|><|im_end|><|endoftext|>")) == 3


def test_words_of_the_prompts_are_single_tokens(tokenizer_folder):
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    assert {"user", "system", "assistant", "boxed"} <= set(tokenizer.get_vocab())


def test_chat_template_has_a_default_system_prompt_only_where_none_is_given(tokenizer_folder):
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    user = {"role": "user", "content": "2 + 2?"}
    text = tokenizer.apply_chat_template([user], tokenize=False, add_generation_prompt=True)
    assert text.startswith("<|im_start|>system\nYou solve problems.<|im_end|>\n<|im_start|>user\n2")
    assert text.endswith("2 + 2?<|im_end|>\n<|im_start|>assistant\n")
    chat = [{"role": "system", "content": "Short."}, user]
    text = tokenizer.apply_chat_template(chat, tokenize=False)
    assert text == "<|im_start|>system\nShort.<|im_end|>\n<|im_start|>user\n2 + 2?<|im_end|>\n"


def test_same_seed_same_bytes(tokenizer_folder, tmp_path):
    assert build(tokenizer_folder, tmp_path / "a") == build(tokenizer_folder, tmp_path / "b")


def test_killed_build_resumes_to_the_same_bytes(tokenizer_folder, tmp_path, monkeypatch):
    whole = build(tokenizer_folder, tmp_path / "whole")
    batch_loss, calls = build_model.batch_loss, []

    def dies_at_the_fourth_step(*args):
        calls.append(args)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return batch_loss(*args)

    monkeypatch.setattr(build_model, "batch_loss", dies_at_the_fourth_step)
    with pytest.raises(KeyboardInterrupt):
        build(tokenizer_folder, tmp_path / "killed")
    assert build(tokenizer_folder, tmp_path / "killed") == whole
    assert len(calls) == 4 + 4  # steps 1-2 were saved: 3 steps, the kill, then steps 3-6


def test_checkpoint_loads_by_path_with_its_stop_tokens(tokenizer_folder, tmp_path):
    build(tokenizer_folder, tmp_path / "base")
    base = tmp_path / "base" / "checkpoint"
    chat_settings = {"eos": "<|im_end|>", "max_steps": 2}
    build(tokenizer_folder, tmp_path / "chat", start=base, **chat_settings)
    chat = tmp_path / "chat" / "checkpoint"
    for folder, stops in ((base, ["<|endoftext|>"]), (chat, ["<|im_end|>", "<|endoftext|>"])):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        generation = GenerationConfig.from_pretrained(folder)
        assert tokenizer.convert_ids_to_tokens(generation.eos_token_id) == stops
        assert (generation.do_sample, generation.temperature, generation.top_p) == (True, 0.6, 0.95)
        assert tokenizer.eos_token == stops[0]
        assert tokenizer.pad_token == "<|endoftext|>"
        model = AutoModelForCausalLM.from_pretrained(folder)
        assert model.config.model_type == "qwen2"
        assert torch.isfinite(model(torch.tensor([tokenizer.encode("2 + 2")])).logits).all()
