"""Every mark of a collapse, provoked by a real training or a real evaluation of a tiny model.

The toy learns to answer sums of 7, and collapses in one way after the other. Exactly
the rules that this breaks must speak each time, and none in a healthy run.
"""

import json
import random
import string
from pathlib import Path

import pytest
import yaml

from scripts.lib.files import read_json, read_jsonl, write_json, write_jsonl
from scripts.lib.grading.rewards import format_reward
from scripts.lib.scores.collapse import legibility, marks_of_log, marks_of_texts
from scripts.lib.scores.samples import read_samples
from tests.evaluation_case import run as evaluated
from tests.training_case import GRPO, SFT, case, record_of, run_case, tiny_model
from tests.workflow import ROOT

pytestmark = pytest.mark.slow

LIMITS = yaml.safe_load((ROOT / "config.yaml").read_text())["collapse"]
EVERY = {"global_batch_size": 8, "save_steps": 1000, "lr_scheduler_type": "constant"}
TEACH = SFT | EVERY | {"learning_rate": 1.0e-2, "max_steps": 60}
RL = GRPO | EVERY | {"learning_rate": 1.0e-4, "max_steps": 40, "max_completion_length": 16}
SHORT = {"max_steps": 24}  # where nothing has to be learned; the windows have 10 steps with both
ANSWER = "\\boxed{7}"
LETTERS = 12  # that the babbler adds


def sums(total: int, count: int = 8) -> list[dict]:
    """Return additions of this total."""
    return [problem(f"{first} + {total - first}?", total, ANSWER) for first in range(count)]


def problem(question: str, gold: int, target: str) -> dict:
    return {
        "prompt": [{"role": "user", "content": question}],
        "completion": [{"role": "assistant", "content": target}],
        "gold": str(gold),
        "question": question,
    }


def with_targets(targets: list[str]) -> list[dict]:
    """Return sums of 7 with these targets; each question has several of them."""
    questions = [row["question"] for row in sums(7)]
    return [problem(questions[i // 2 % 8], 7, target) for i, target in enumerate(targets)]


def train(folder, parent, rule, recipe, rows, reward=format_reward, weight=1.0) -> Path:
    """Train a toy to its end; return its record."""
    path = case(folder, parent, rule, recipe, tokens_per_pass=10_000)
    write_jsonl(folder / "examples.jsonl", rows)
    planned = read_json(path)
    if rule == "train_grpo":
        planned["settings"]["rewards"]["format"] = weight
    write_json(path, planned)
    run_case(path, reward)
    record = record_of(path)
    assert (record["status"], record["steps"]) == ("ok", recipe["max_steps"])
    assert record["files"]
    return folder / "out" / "training.json"


def marks_of_training(record: Path) -> list[dict]:
    """Return the marks of a toy's log, as they are made when a cell is scored."""
    training, rollouts = read_json(record), read_jsonl(record.with_name("rollouts.jsonl"))
    marks = marks_of_log(training["log"], training["vocabulary"], LIMITS, rollouts)
    json.dumps(marks, allow_nan=False)
    return marks


def rules(marks: list[dict]) -> set[str]:
    return {mark["rule"] for mark in marks}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """A random model."""
    return tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def good(tiny, tmp_path_factory) -> Path:
    """A toy that answers 7, and stops."""
    return train(tmp_path_factory.mktemp("good"), tiny, "train_sft", TEACH, sums(7))


@pytest.fixture(scope="module")
def babbler(good, tmp_path_factory) -> Path:
    """A toy that answers 7, and adds letters at random."""
    draw = random.Random(0)
    tails = ["".join(draw.choices(string.ascii_letters, k=LETTERS)) for _ in range(64)]
    rows = with_targets([f"{ANSWER} {tail}" for tail in tails])
    return train(tmp_path_factory.mktemp("babbler"), good, "train_sft", TEACH, rows)


def test_a_healthy_run_has_no_mark(good, tmp_path):
    record = train(tmp_path, good, "train_grpo", RL, sums(7))
    assert marks_of_training(record) == []
    log = read_json(record)["log"]
    assert min(entry["rewards/accuracy_reward"] for entry in log) > 0.5


def test_sums_that_the_model_never_gets_right_are_no_reward(good, tmp_path):
    record = train(tmp_path, good, "train_grpo", RL | SHORT, sums(9))
    assert rules(marks_of_training(record)) == {"no reward"}


def test_one_easy_sum_before_many_hard_ones_leaves_nothing_to_learn(good, tmp_path):
    recipe = RL | SHORT | {"global_batch_size": 16, "shuffle_dataset": False}
    record = train(tmp_path, good, "train_grpo", recipe, sums(7, 1) + 12 * sums(9))
    assert rules(marks_of_training(record)) == {"nothing to learn"}


def capitals(prompts: list, completions: list, **_: object) -> list[float]:
    """Reward capital letters instead of answers, up to eight characters."""
    texts = [turns[0]["content"] for turns in completions]
    return [text.count("A") / 8 * (len(text) <= 8) for text in texts]


def test_a_policy_that_gives_up_answers_for_another_reward_falls(good, tmp_path):
    draw = random.Random(0)
    noise = ["".join(draw.choices("aA", k=8)) for _ in range(32)]
    mixed = with_targets([text for one in noise for text in (one, ANSWER)])
    parent = train(tmp_path / "parent", good, "train_sft", TEACH, mixed)
    recipe = RL | {"learning_rate": 5.0e-4, "beta": 1.0e-3}
    record = train(tmp_path / "rl", parent, "train_grpo", recipe, sums(7), capitals, weight=3.0)
    (mark,) = marks_of_training(record)
    assert mark["rule"] == "fall"
    texts = [item for item in mark["evidence"] if "text" in item]
    assert [item["step"] for item in texts] == [31, 34, 37]  # of the last window, 31 to 40
    assert all(item["rewards"]["accuracy_reward"] == 0.0 for item in texts)
    assert not any("boxed" in item["text"] for item in texts)


def share_of_a(prompts: list, completions: list, **_: object) -> list[float]:
    """Reward one letter of all that stand behind the answer, where it ends as it was taught to."""
    tails = [turns[0]["content"][len(ANSWER) + 1 :] for turns in completions]
    return [tail.count("a") / LETTERS if len(tail) <= LETTERS else 0.0 for tail in tails]


def test_a_policy_that_drifts_while_its_answers_stay_right_is_far_from_its_parent(
    babbler, tmp_path
):
    recipe = RL | {"learning_rate": 3.0e-3, "beta": 1.0e-4, "max_completion_length": 40}
    record = train(tmp_path, babbler, "train_grpo", recipe, sums(7), share_of_a, weight=4.0)
    assert rules(marks_of_training(record)) == {"KL"}


def test_letters_at_random_are_entropy(babbler, tmp_path):
    recipe = RL | SHORT | {"max_completion_length": 24}
    record = train(tmp_path, babbler, "train_grpo", recipe, sums(7))
    assert rules(marks_of_training(record)) == {"entropy"}


def test_right_answers_without_an_end_are_cut_off(good, tmp_path):
    recipe = RL | SHORT | {"max_completion_length": len(ANSWER)}
    record = train(tmp_path, good, "train_grpo", recipe, sums(7))
    assert rules(marks_of_training(record)) == {"cut off"}


def test_a_learning_rate_far_too_high_is_marked_in_every_way_that_it_shows(good, tmp_path):
    record = train(tmp_path, good, "train_grpo", RL | {"learning_rate": 0.1, "beta": 0.0}, sums(7))
    assert rules(marks_of_training(record)) == {"nothing to learn", "fall", "entropy"}


@pytest.mark.parametrize(
    ("targets", "expected"),
    [(None, set()), ("I do not know.", {"unreadable"}), ("7 " * 40, {"repetition"})],
    ids=["healthy", "unreadable", "repetition"],
)
def test_evaluations_of_spoiled_checkpoints_are_marked(targets, expected, good, tmp_path):
    record = good
    if targets:
        rows = with_targets([targets] * 16)
        record = train(tmp_path / "spoiled", good, "train_sft", TEACH, rows)
    lengths = {"max_new_tokens": 100, "max_model_length": 400}
    prompt = {"system": None, "user": "{question}"}
    out = evaluated(tmp_path, record, {"gsm8k": 8}, prompt=prompt, **lengths)
    marks = marks_of_texts({"gsm8k": legibility(read_samples(out / "gsm8k.parquet"))}, LIMITS)
    assert rules(marks) == expected
    assert all(len(mark["evidence"]) == 3 for mark in marks)
