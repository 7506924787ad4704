"""Who stops: targets, checkpoints, rollouts and evaluation, and what LoRA on a base model does."""

import json
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from scripts.lib.files import digest_files, read_jsonl, write_json, write_jsonl
from scripts.lib.model.weights import checkpoint_of
from scripts.lib.study.recipes import resolved
from tests.training_case import GRPO, LORA, SFT, TOKEN_ROWS, case, examples, run_case, tiny_model
from tests.workflow import ROOT

STOPS = ["<|im_end|>", "<|endoftext|>"]
ROOT_ENDS = {"base": "<|endoftext|>", "instruct": "<|im_end|>"}  # each as Qwen2.5 declares its end
RECIPES = {
    "sft": ("train_sft", SFT),
    "lora": ("train_sft", SFT | {"lora": LORA}),
    "lora-tokens": ("train_sft", SFT | {"lora": LORA | TOKEN_ROWS}),
    "rl": ("train_grpo", GRPO),
    "rl-lora": ("train_grpo", GRPO | {"lora": LORA}),
}
SETTINGS = {
    "prompt": {"system": None, "user": "{question}"},
    "temperature": 0.6,
    "top_p": 0.95,
    "top_k": 0,
    "repetition_penalty": 1.0,
    "max_new_tokens": 96,
    "max_model_length": 512,
    "chat_template_kwargs": {},
    "dtype": "float32",
    "batch_size": 64,
    "num_samples": 1,
    "grader": {"timeout": 5.0, "rules": "gsm8k"},
    "seed": 0,
    "key": "the benchmark's key",
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def roots(tmp_path_factory) -> dict[str, Path]:
    """Return the records of two random models that declare different ends."""
    folder = tmp_path_factory.mktemp("roots")
    return {root: tiny_model(folder / root, eos=eos) for root, eos in ROOT_ENDS.items()}


def checkpoint(record: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = checkpoint_of(record)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return AutoModelForCausalLM.from_pretrained(folder, dtype="float32"), tokenizer


def output_rows(model: Any) -> Any:
    return model.get_output_embeddings().weight.detach()


def input_rows(model: Any) -> Any:
    return model.get_input_embeddings().weight.detach()


def changed(before: Any, after: Any) -> list[int]:
    return (before != after).any(dim=1).nonzero().flatten().tolist()


# ------------------------------------------------------------------------- where the tokens are


def test_a_batch_without_its_end_is_refused():
    import torch

    from scripts.lib.model.encoding import check_batch

    check_batch({"labels": torch.tensor([[-100, 5, 9], [5, 9, -100]])}, stop=9)
    for cut in ([-100, 9, 5], [-100, -100, -100]):
        with pytest.raises(SystemExit, match="does not end in the end-of-turn token"):
            check_batch({"labels": torch.tensor([[-100, 5, 9], cut])}, stop=9)


def test_the_variant_stages_are_lora_and_the_token_rows():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    lora, with_tokens = (
        resolved(config["recipes"], name) for name in ("sft-lora", "sft-lora-tokens")
    )
    assert "trainable_token_indices" not in lora["lora"]  # as the paper ran it
    lora["lora"] |= {"trainable_token_indices": ["<|im_start|>", "<|im_end|>"]}
    assert with_tokens == lora
    for stage in ("sft", "kd"):
        plain, tokens = (config["stages"][f"{stage}-lora{end}"] for end in ("", "-tokens"))
        assert tokens["recipe"] == "sft-lora-tokens"
        assert (tokens["trainer"], tokens["data"]) == (plain["trainer"], plain["data"])
    assert "-tokens" not in json.dumps(config["tables"])


@pytest.mark.parametrize("root", ROOT_ENDS)
@pytest.mark.parametrize("kind", RECIPES)
def test_a_published_checkpoint_declares_both_ends(kind, root, roots, tmp_path):
    rule, recipe = RECIPES[kind]
    run_case(case(tmp_path, roots[root], rule, recipe | {"max_steps": 1, "save_steps": 1}))
    model, tokenizer = checkpoint(tmp_path / "out" / "training.json")
    ends = tokenizer.convert_ids_to_tokens(model.generation_config.eos_token_id)
    assert sorted(ends) == sorted(STOPS)
    assert tokenizer.eos_token == ROOT_ENDS[root]


@pytest.mark.parametrize("root", ROOT_ENDS)
@pytest.mark.parametrize("kind", ["rl", "rl-lora"])
@pytest.mark.parametrize("token", STOPS)
def test_a_rollout_ends_at_either_token(token, kind, root, roots, tmp_path):
    from transformers import TrainerCallback

    from scripts.lib.training.run import Inputs
    from scripts.train_grpo import build_trainer

    rule, recipe = RECIPES[kind]
    job = case(tmp_path, roots[root], rule, recipe | {"max_steps": 1})
    settings = json.loads(job.read_text())["settings"]
    rows = read_jsonl(tmp_path / "examples.jsonl")
    folder = checkpoint_of(roots[root])
    work = tmp_path / "work"
    trainer, _ = build_trainer(Inputs(settings, folder, rows, work, TrainerCallback()))
    say(trainer.model, [trainer.processing_class.convert_tokens_to_ids(token)])
    trainer.train()
    step = trainer.state.log_history[0]
    assert step["completions/mean_length"] == 1
    assert step["completions/clipped_ratio"] == 0


def say(model: Any, tokens: list[int]) -> None:
    """Let a model say nothing but these tokens: in each row of a batch the next of them."""
    import torch

    def only(_: Any, __: Any, logits: Any) -> Any:
        bias = torch.zeros(len(logits), 1, logits.shape[-1])
        for row in range(len(logits)):
            bias[row, 0, tokens[row % len(tokens)]] = 1000.0
        return logits + bias

    model.get_output_embeddings().register_forward_hook(only)


@pytest.mark.parametrize("root", ROOT_ENDS)
@pytest.mark.parametrize("token", STOPS)
def test_an_evaluation_counts_what_stopped_and_what_was_cut_off(token, root, roots):
    from scripts.evaluate import Evaluator
    from scripts.lib.engines.start import EngineSettings

    settings = SETTINGS | {"max_new_tokens": 7, "num_samples": 2}
    folder = checkpoint_of(roots[root])
    with Evaluator(folder, "tiny/seed-0", settings, EngineSettings()) as evaluator:
        said = evaluator.model.tokenizer.convert_tokens_to_ids([token, "a"])
        say(evaluator.model.engine.model, said)
        rows, numbers, *_ = evaluator.evaluate("gsm8k", problems(4), settings)
    ends = [(row["finish_reason"], row["tokens"], row["completion"]) for row in rows]
    # four of eight stop at once, and the padding that their batch gives them is not counted
    assert sorted(ends) == [("length", 7, "a" * 7)] * 4 + [("stop", 1, "")] * 4
    assert (numbers["cut_off"], numbers["mean_tokens"]) == (0.5, 4.0)


# -------------------------------------------------- a base model that has read no chat format
#
# Its training pushes the rows of all tokens that it never reads the same way, so its output layer
# can hardly tell <|im_end|> from the others. LoRA leaves these rows as they are: however it turns
# the hidden state, <|im_end|> gets little more than the share of one among all of them.
# Qwen2.5 has such rows too, 271 of them for no token at all. That <|im_end|> is one of them in the
# base model is said of Qwen's first models (QwenLM/Qwen#608) and not measured here for Qwen2.5.

ALIKE, APART = "base", "base whose <|im_end|> stands apart"
RANK_16 = LORA | {"r": 16, "lora_alpha": 32}
TUNED = {
    "sft": (ALIKE, {"learning_rate": 1.0e-3}),
    "sft-lora": (ALIKE, {"learning_rate": 2.0e-3, "lora": RANK_16}),
    "sft-lora-tokens": (ALIKE, {"learning_rate": 2.0e-3, "lora": RANK_16 | TOKEN_ROWS}),
    "sft-lora, apart": (APART, {"learning_rate": 2.0e-3, "lora": RANK_16}),
}
STEPS = {"max_steps": 150, "save_steps": 150}
BATCH = {"global_batch_size": 8}
SEED = 0


def problems(count: int) -> list[dict]:
    return [
        {"id": str(number), "question": f"{number} + 1?", "gold": str(number + 1)}
        for number in range(count)
    ]


def base_model(folder: Path, seed: int) -> tuple[dict[str, Path], list[int]]:
    """Train a base model on texts that end in <|endoftext|>, and never on a chat.

    Return its record, that of a copy in which the row of <|im_end|> alone has a direction of its
    own, and the tokens it never read.
    """
    import torch
    from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

    from scripts.build_model import make_batches, save_model
    from scripts.build_model import train as learn

    tokenizer = AutoTokenizer.from_pretrained(checkpoint_of(tiny_model(folder / "tiny")))
    texts = [
        (f"{row['question']}\n", row["completion"][0]["content"] + "<|endoftext|>")
        for row in read_jsonl(examples(folder / "texts.jsonl", count=400))
    ]
    read = {token for text in texts for token in tokenizer("".join(text))["input_ids"]}
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
    )
    model = Qwen2ForCausalLM(config)
    shuffled = random.Random(seed).sample(texts * 6, 2400)
    batches = make_batches(shuffled, tokenizer, 8, seed)
    build = {"max_steps": 300, "learning_rate": 3e-3, "warmup_steps": 20, "weight_decay": 0.01}
    build["save_steps"] = build["max_steps"]
    learn(model, batches, build, tokenizer.pad_token_id, folder, "tiny")
    records = {}
    for name in (ALIKE, APART):
        if name == APART:
            row = model.get_input_embeddings().weight.data[end_of_turn(tokenizer)]
            row.copy_(torch.nn.functional.normalize(torch.randn(64), dim=0) * row.norm())
        save_model(model, tokenizer, "<|endoftext|>", folder / name / "checkpoint")
        files = digest_files(folder / name / "checkpoint")
        records[name] = folder / name / "model.json"
        write_json(records[name], {"model": name, "status": "ok", "files": files})
    return records, sorted(set(range(len(tokenizer))) - read)


def end_of_turn(tokenizer: Any) -> int:
    return tokenizer.convert_tokens_to_ids("<|im_end|>")


def cut_off(record: Path) -> float:
    """Return the share of a checkpoint's completions that an evaluation had to cut off."""
    from scripts.evaluate import evaluate
    from scripts.lib.engines.start import EngineSettings

    folder = record.parent
    write_jsonl(folder / "gsm8k.jsonl", problems(64))
    files, settings = {"gsm8k": folder / "gsm8k.jsonl"}, {"gsm8k": SETTINGS}
    store, out = folder / "store", folder / "eval"
    evaluate("tiny+x", SEED, record, files, settings, store, out, EngineSettings())
    reasons = pq.read_table(folder / "eval" / "gsm8k.parquet")["finish_reason"].to_pylist()
    share = json.loads((folder / "eval" / "gsm8k.json").read_text())["cut_off"]
    assert share == reasons.count("length") / 64
    return share


def chance_of_the_end(record: Path) -> float:
    """Return the mean probability of <|im_end|> behind a whole answer of the training data."""
    import torch

    model, tokenizer = checkpoint(record)
    chances = []
    for row in read_jsonl(examples(record.parent / "answers.jsonl")):
        prompt = tokenizer.apply_chat_template(
            row["prompt"], add_generation_prompt=True, tokenize=False
        )
        ids = tokenizer(prompt + row["completion"][0]["content"], return_tensors="pt")["input_ids"]
        with torch.no_grad():
            chances.append(model(input_ids=ids).logits[0, -1].softmax(-1)[end_of_turn(tokenizer)])
    return float(sum(chances) / len(chances))


@pytest.fixture(scope="module")
def tuned(tmp_path_factory) -> dict[str, Any]:
    """Return the base model, what it never read, and the records tuned from it."""
    folder = tmp_path_factory.mktemp("base")
    records, unread = base_model(folder, SEED)
    for name, (root, recipe) in TUNED.items():
        recipe = SFT | BATCH | STEPS | recipe
        whole = {"tokens_per_pass": 2_000}  # of a batch of eight
        job = case(folder / name, records[root], "train_sft", recipe, **whole)
        examples(folder / name / "examples.jsonl", count=400)
        run_case(job)
        records[name] = folder / name / "out" / "training.json"
    return {"records": records, "unread": unread}


def test_a_base_model_cannot_tell_the_tokens_apart_that_it_never_read(tuned):
    import torch

    model, tokenizer = checkpoint(tuned["records"][ALIKE])
    rows = output_rows(model)
    unread = rows[tuned["unread"]]
    likeness = torch.nn.functional.cosine_similarity(unread, unread.mean(0, keepdim=True))
    assert end_of_turn(tokenizer) in tuned["unread"] and len(unread) > 200
    assert likeness.min() > 0.9


def test_a_base_model_tuned_in_full_stops(tuned):
    assert cut_off(tuned["records"]["sft"]) < 0.1
    assert chance_of_the_end(tuned["records"]["sft"]) > 0.5


def test_lora_on_a_base_model_leaves_its_rows_and_runs_to_the_limit(tuned):
    base, tokenizer = checkpoint(tuned["records"][ALIKE])
    lora, _ = checkpoint(tuned["records"]["sft-lora"])
    assert output_rows(lora).equal(output_rows(base))
    assert chance_of_the_end(tuned["records"]["sft-lora"]) < 0.1
    assert cut_off(tuned["records"]["sft-lora"]) > 0.3


def test_the_same_lora_stops_where_the_row_stands_apart(tuned):
    assert cut_off(tuned["records"]["sft-lora, apart"]) < 0.1


def test_lora_that_trains_the_token_rows_stops(tuned):
    assert cut_off(tuned["records"]["sft-lora-tokens"]) < 0.1
    assert chance_of_the_end(tuned["records"]["sft-lora-tokens"]) > 0.5


@pytest.mark.parametrize("tied", [True, False])
def test_the_token_rows_of_both_layers_are_trained(tied, tmp_path):
    parent = tiny_model(tmp_path / "model", tied=tied)
    rule, recipe = RECIPES["lora-tokens"]
    run_case(case(tmp_path, parent, rule, recipe))
    (before, tokenizer), (after, _) = map(checkpoint, (parent, tmp_path / "out" / "training.json"))
    chat = tokenizer.convert_tokens_to_ids(TOKEN_ROWS["trainable_token_indices"])
    for rows in (output_rows, input_rows):
        assert changed(rows(before), rows(after)) == sorted(chat)
    assert after.config.tie_word_embeddings is tied
    assert output_rows(after).equal(input_rows(after)) is tied


def test_trained_token_rows_are_in_the_merged_checkpoint(tuned):
    """Loaded anew, it says what the base model and its adapter say."""
    import torch
    from peft import PeftModel

    record = tuned["records"]["sft-lora-tokens"]
    base, tokenizer = checkpoint(tuned["records"][ALIKE])
    merged, _ = checkpoint(record)
    chat = tokenizer.convert_tokens_to_ids(TOKEN_ROWS["trainable_token_indices"])
    assert changed(output_rows(base), output_rows(merged)) == sorted(chat)
    unmerged = PeftModel.from_pretrained(base, record.parent / "adapter").eval()
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "7 + 1?"}], add_generation_prompt=True, return_tensors="pt"
    )
    said = [
        model.generate(**prompt, do_sample=False, max_new_tokens=96, eos_token_id=chat)
        for model in (unmerged, merged)
    ]
    assert said[0].tolist() == said[1].tolist()
    assert said[1][0, -1] == end_of_turn(tokenizer)
    with torch.no_grad():
        logits = [model(input_ids=said[1]).logits for model in (unmerged, merged)]
    assert torch.allclose(*logits, atol=1e-3)
