"""A real small model goes through the study's paths with its own tokenizer and chat template.

SRLM_REAL_MODEL names its folder; `python -m tests.make_real_model FOLDER` makes it.
"""

import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.lib.data.prompts import messages, target
from scripts.lib.files import digest_files, read_json, read_jsonl, write_json, write_jsonl
from scripts.lib.grading.rewards import format_reward
from scripts.lib.model.weights import required_checkpoint
from scripts.lib.study.uses import Use
from scripts.lib.toy.word_problems import generate
from tests.model.test_stop_tokens import SETTINGS
from tests.training_case import GRPO, LORA, SFT, case, run_case

pytestmark = pytest.mark.slow

FOLDER = os.environ.get("SRLM_REAL_MODEL", "")
BOXED = {
    "system": None,
    "user": "{question}\n\nReason step by step and write the final result as \\boxed{result}.",
}
PLAIN = {"system": None, "user": "{question}"}
TIER = {"steps": [1, 1], "start": [2, 9], "operand": [1, 9], "factor": [2, 3], "largest": 24}
TIERS = [TIER | {"operations": ["add", "sub"]}]
LIBRARIES = ("transformers", "trl", "peft", "accelerate", "datasets", "lighteval")


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Path:
    """Return the record of the real model."""
    if not FOLDER:
        pytest.skip("no real model: set SRLM_REAL_MODEL (python -m tests.make_real_model FOLDER)")
    folder = tmp_path_factory.mktemp("real")
    (folder / "checkpoint").symlink_to(Path(FOLDER).resolve())
    record = {"model": "real", "status": "ok", "files": digest_files(folder / "checkpoint")}
    write_json(folder / "model.json", record)
    return folder / "model.json"


@pytest.fixture(autouse=True)
def nothing_is_warned_of() -> Iterator[None]:
    """Let a warning of a library fail the test, wherever it is written to."""
    said: list[str] = []
    listener = logging.Handler(logging.WARNING)
    listener.emit = lambda record: said.append(record.getMessage())
    for name in LIBRARIES:
        logging.getLogger(name).addHandler(listener)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        yield
    for name in LIBRARIES:
        logging.getLogger(name).removeHandler(listener)
    ours = [w for w in caught if not issubclass(w.category, DeprecationWarning | FutureWarning)]
    assert said + [str(warning.message) for warning in ours] == []


def rows_of(count: int) -> list[dict[str, Any]]:
    """Return short word problems of the toy generator with solutions, as training examples."""
    return [
        {
            "prompt": messages(PLAIN, problem.question),
            "completion": target(problem.solution(), str(problem.answer)),
            "id": str(number),
            "question": problem.question,
            "gold": str(problem.answer),
        }
        for number, problem in enumerate(generate(TIERS, count, 0, "train"))
    ]


def trained(folder: Path, parent: Path, rule: str, recipe: dict[str, Any], rows: int) -> Path:
    path = case(folder, parent, rule, recipe, tokens_per_pass=1200)
    write_jsonl(folder / "examples.jsonl", rows_of(rows))
    run_case(path, format_reward)
    return folder / "out" / "training.json"


def evaluated(record: Path, problems: list[dict], **settings: Any) -> tuple[list[dict], dict, Any]:
    from scripts.evaluate import Evaluator
    from scripts.lib.engines.start import EngineSettings

    settings = SETTINGS | {"max_model_length": 2048} | settings
    with Evaluator(required_checkpoint(record), "real", settings, EngineSettings()) as evaluator:
        rows, numbers, *_ = evaluator.evaluate("gsm8k", problems, settings)
        return rows, numbers, evaluator.model


def losses(record: Path) -> list[float]:
    return [step["loss"] for step in read_json(record)["log"]]


@pytest.fixture(scope="module")
def tuned(real, tmp_path_factory) -> Path:
    """Return the record of the model after a dozen steps of SFT on short problems."""
    folder = tmp_path_factory.mktemp("sft")
    recipe = {"learning_rate": 2.0e-4, "max_steps": 12, "save_steps": 12, "global_batch_size": 2}
    return trained(folder, real, "train_sft", SFT | recipe, rows=24)


def test_it_is_taken_as_it_is(real):
    from scripts.lib.model.integrity import require_files
    from scripts.lib.model.usable import require_usable

    folder = required_checkpoint(real)
    require_files(folder, "models.real.path")
    tokens = LORA | {"trainable_token_indices": ["<|im_start|>", "<|im_end|>"]}
    recipes = [SFT, SFT | {"lora": tokens}, GRPO]
    require_usable(folder, Use({}, [BOXED, {"system": "Think.", **PLAIN}], recipes, 2048))


def test_forty_problems_are_asked_whole_and_in_its_own_format(real, real_data):
    problems = []
    for number, row in enumerate(read_jsonl(real_data / "gsm8k_test.jsonl")[:40]):
        gold = row["answer"].rpartition("####")[2].strip()
        problems.append({"id": str(number), "question": row["question"], "gold": gold})
    limits = {"prompt": BOXED, "max_new_tokens": 16, "batch_size": 40}
    rows, numbers, model = evaluated(real, problems, **limits)
    named = model.tokenizer.convert_ids_to_tokens(model.stop_ids)
    assert named == ["<|im_end|>", "<|endoftext|>"]
    assert len(rows) == 40 and 0 < numbers["mean_tokens"] <= 16
    for row, problem in zip(rows, problems, strict=True):
        assert row["prompt"].startswith("<|im_start|>system\nYou are a helpful AI assistant named")
        asked = BOXED["user"].replace("{question}", problem["question"])
        end = f"<|im_start|>user\n{asked}<|im_end|>\n<|im_start|>assistant\n"
        assert row["prompt"].endswith(end)
        assert row["tokens"] == 16 or row["finish_reason"] == "stop"
        assert len(row["completion"].split()) > 3  # words, not noise


def test_sft_teaches_it_the_format_and_to_stop(tuned):
    start, *_, end = losses(tuned)
    assert end < start / 2
    problems = [{k: row[k] for k in ("id", "question", "gold")} for row in rows_of(30)[24:]]
    limits = {"prompt": PLAIN, "max_new_tokens": 64, "batch_size": 6, "temperature": 0.0}
    rows, numbers, _ = evaluated(tuned, problems, **limits)
    stopped = [row for row in rows if row["finish_reason"] == "stop"]
    assert len(stopped) >= 4
    assert sum("</answer>" in row["completion"] for row in rows) >= 4
    assert all("<|im_end|>" not in row["completion"] for row in rows)


def test_lora_learns_too_and_is_merged(real, tmp_path):
    recipe = {"learning_rate": 2.0e-3, "max_steps": 6, "save_steps": 6, "lora": LORA | {"r": 16}}
    recipe["global_batch_size"] = 2
    record = trained(tmp_path, real, "train_sft", SFT | recipe, rows=12)
    start, *_, end = losses(record)
    assert end < start - 0.2  # a step of two examples
    assert (record.parent / "checkpoint" / "model.safetensors").is_file()
    assert read_json(record)["adapter_files"]


def test_the_studys_own_rewards_differ_within_groups(tuned, tmp_path):
    recipe = {"learning_rate": 1.0e-5, "max_steps": 2, "save_steps": 2, "max_completion_length": 48}
    record = trained(tmp_path, tuned, "train_grpo", GRPO | recipe, rows=16)
    log = read_json(record)["log"]
    assert any(step["frac_reward_zero_std"] < 1 for step in log)
    assert any(step["grad_norm"] > 0 for step in log)
    assert all(step["completions/clipped_ratio"] < 1 for step in log)
    rollouts = read_jsonl(record.with_name("rollouts.jsonl"))
    assert any(rollout["rewards"]["format_reward"] == 1 for rollout in rollouts)
