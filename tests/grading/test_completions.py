"""What models really wrote, and the verdicts: by eye, ours and LightEval's.

completions.jsonl holds completions that the study's own evaluation sampled at temperature 0.6: of
SmolLM2-135M-Instruct (from a 4-bit file) on real problems, at most 256 tokens, and of toy models,
some of which distillation had spoilt. `right` was settled by reading; `why` explains where `ours`
or `lighteval` differs from it.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from scripts.lib.grading.grader import Grader

ROWS = [
    json.loads(line)
    for line in Path(__file__).with_name("completions.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def verdicts():
    items = [(row["benchmark"], row["gold"], row["completion"]) for row in ROWS]
    with Grader(timeout=20.0) as grader:
        return {mode: grader.grade_many(items, mode) for mode in ("lenient", "strict")}


def test_the_set_is_large_and_every_difference_explained():
    assert len(ROWS) >= 200 and len({row["model"] for row in ROWS}) >= 5
    for row in ROWS:
        alike = row["ours"] == row["lighteval"] == row["right"]
        assert alike is (row["why"] is None), row


def test_ours(verdicts):
    judged = [verdict.correct for verdict in verdicts["lenient"]]
    assert judged == [row["ours"] for row in ROWS]


def test_what_earns_a_reward_is_right(verdicts):
    rewarded = [row for row, v in zip(ROWS, verdicts["strict"], strict=True) if v.correct]
    assert all(row["right"] for row in rewarded)
    assert len(rewarded) >= 20


@pytest.mark.slow
def test_lightevals():
    from scripts.lib.evaluation.metric import judge

    judged = judge([(row["gold"], row["completion"]) for row in ROWS])
    assert [verdict is True for verdict in judged] == [row["lighteval"] for row in ROWS]


def test_ours_is_nearer_to_the_reader_than_lightevals():
    wrong = Counter(
        name for row in ROWS for name in ("ours", "lighteval") if row[name] != row["right"]
    )
    assert wrong["ours"] < wrong["lighteval"]
