"""What is marked as collapsed, and what looks like it and is not."""

import json
import math
import random
import re

import pytest
import yaml

from scripts.lib.scores.collapse import (
    ACCURACY,
    Texts,
    legibility,
    loops,
    marks_of_log,
    marks_of_texts,
)
from tests.workflow import ROOT

LIMITS = yaml.safe_load((ROOT / "config.yaml").read_text())["collapse"]
VOCABULARY = 800
HEALTHY = {
    "rewards/format_reward": 1.0,
    "kl": 0.05,
    "entropy": 0.06,
    "completions/clipped_ratio": 0.0,
    "frac_reward_zero_std": 0.2,
}


def log_of(accuracies, **changes):
    """Return the log of a run with these accuracy rewards, otherwise healthy but for `changes`."""
    changes = {name.replace("__", "/"): value for name, value in changes.items()}
    return [
        HEALTHY | {"step": step, ACCURACY: reward, "reward": 1.0 + reward} | changes
        for step, reward in enumerate(accuracies, start=1)
    ]


def rules_of(log, **limits):
    return [mark["rule"] for mark in marks_of_log(log, VOCABULARY, LIMITS | limits)]


LUCKY = [0.0] * 120 + [1 / 512] + [0.0] * 112  # one right completion of a step, once
RISING = [0.0] * 60 + [i / 400 for i in range(173)]


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (log_of(LUCKY), ["no reward"]),
        (log_of([0.004] * 233), ["no reward"]),
        (log_of([0.0] * 233, frac_reward_zero_std=1.0), ["no reward"]),
        (log_of([0.4] * 233, kl=1.0e4), ["KL"]),
        (log_of([0.4] * 233, kl="nan"), ["KL"]),
        (log_of([0.4] * 233, completions__clipped_ratio=1.0), ["cut off"]),
        (log_of([0.4] * 233, entropy=3.0), ["entropy"]),
        (log_of([0.4] * 100 + [0.05] * 133), ["fall"]),
        (
            log_of([0.04] * 100 + [0.001] * 133, frac_reward_zero_std=0.95),
            ["nothing to learn"],
        ),
    ],
)
def test_a_collapse_is_marked_with_its_reason_and_evidence(log, expected):
    marks = marks_of_log(log, VOCABULARY, LIMITS)
    assert [mark["rule"] for mark in marks] == expected
    assert all(mark["reason"] and len(mark["evidence"]) == 3 for mark in marks)
    assert marks[0]["evidence"][-1]["step"] == 233
    json.dumps(marks, allow_nan=False)


def rollout(step, text="so"):
    rewards = {"format_reward": 0.0, "accuracy_reward": 0.0}
    return {"step": step, "prompt": "?", "completion": text, "rewards": rewards, "advantage": 0.0}


def test_the_evidence_shows_a_few_rollouts_of_the_judged_window():
    rollouts = [rollout(step, "a" * 300 + str(step)) for step in range(4, 234, 4)]
    (mark,) = marks_of_log(log_of([0.4] * 100 + [0.05] * 133), VOCABULARY, LIMITS, rollouts)
    steps, texts = mark["evidence"][:3], mark["evidence"][3:]
    assert [entry["step"] for entry in steps] == [231, 232, 233]
    assert [entry["step"] for entry in texts] == [184, 200, 216]  # of 184 to 233
    assert [entry["text"] for entry in texts] == ["a" * 197 + str(s) for s in (184, 200, 216)]
    assert texts[0]["rewards"] == {"format_reward": 0.0, "accuracy_reward": 0.0}
    (mark,) = marks_of_log(log_of([0.4] * 40, kl=9.0), VOCABULARY, LIMITS, [rollout(2)])
    assert len(mark["evidence"]) == 3  # none of the window


@pytest.mark.parametrize(
    "log",
    [
        log_of(RISING),
        log_of([0.9] * 233, entropy=0.001, frac_reward_zero_std=1.0),  # a good policy
        [{k: v for k, v in entry.items() if k != "kl"} for entry in log_of([0.4] * 40)],  # beta 0
        log_of([0.4] * 40, completions__clipped_ratio=0.94),
        log_of([0.04] * 20 + [0.0] * 20),  # never good enough for a fall, and with spread
        log_of([0.0] * 9),  # too short to judge
        [{"step": step, "loss": 1.0, "entropy": 6.0} for step in range(99)],  # SFT
        [],
    ],
)
def test_what_only_looks_like_a_collapse_is_not_marked(log):
    assert marks_of_log(log, VOCABULARY, LIMITS) == []


def test_windows_are_a_quarter_of_a_short_run():
    log = log_of([0.4] * 30 + [0.0] * 10)
    assert rules_of(log) == ["fall"]  # ten steps of forty
    assert rules_of(log_of([0.4] * 230 + [0.0] * 10)) == []  # but not of 240
    assert rules_of(log, fall=0.0) == []


def test_a_model_of_unknown_vocabulary_is_not_judged_by_entropy():
    assert marks_of_log(log_of([0.4] * 40, entropy=math.log(800)), None, LIMITS) == []


def texts(unreadable, repetition=0.0):
    return Texts(unreadable, repetition, {"unreadable": ["{{{"], "repetition": ["so so"]})


def test_the_median_over_benchmarks_is_judged():
    hard = {"amc23": texts(0.94), "gsm8k": texts(0.02), "math500": texts(0.1)}
    assert marks_of_texts(hard, LIMITS) == []
    (mark,) = marks_of_texts(hard | {"math500": texts(0.3)}, LIMITS)
    assert mark["rule"] == "unreadable"
    assert mark["reason"].startswith("30% of the completions had no readable answer")
    assert mark["evidence"] == [{"benchmark": "amc23", "text": "{{{"}]
    (mark,) = marks_of_texts({"gsm8k": texts(0.0, 0.5)}, LIMITS)
    assert mark["rule"] == "repetition"
    assert marks_of_texts({}, LIMITS) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so " * 40, True),
        ("It is " + "12 + 3 = 15; " * 9, True),
        ("The answer is 18.\n" * 30, True),
        ("x" * 59, False),
        ("The result is \\boxed{" + "0" * 30 + "}", False),
        ("one two three four five six seven eight nine ten eleven twelve thirteen", False),
        ("", False),
    ],
)
def test_a_loop_at_the_end_is_seen(text, expected):
    assert loops(text) == expected


def test_loops_are_those_of_the_expression():
    """Ends of pieces, white space in them and behind them, repeats just too few or too short."""
    expression, draw, found = re.compile(r"(.{1,50}?)\1{7,}\s*$", re.DOTALL), random.Random(0), []
    for _ in range(3_000):
        piece = "".join(draw.choices("ab \n", k=draw.choice((1, 2, 3, 7, 8, 25, 50, 51))))
        text = "ab c" * draw.randrange(2) + piece * draw.randrange(5, 12)
        text = text[: len(text) - draw.randrange(3)] + draw.choice(("", " ", "\n\n", "c"))
        match = expression.search(text[-400:])
        found.append(match is not None and len(match[0]) >= 60)
        assert loops(text) == found[-1], text
    assert 300 < sum(found) < 2_700


def test_shares_and_samples_are_read_from_the_completions():
    texts = ["It is 18.", "so " * 90, "{{" * 300, "\\boxed{"]
    statuses = ["ok", "no_answer", "unparsable", "ok"]
    found = legibility(
        [{"completion": t, "status": s} for t, s in zip(texts, statuses, strict=True)]
    )
    assert (found.unreadable, found.repetition) == (0.5, 0.5)
    assert [len(text) for text in found.samples["unreadable"]] == [200, 200]
