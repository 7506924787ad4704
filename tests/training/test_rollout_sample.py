"""Which rollouts of a training are kept, and in what form."""

import json
from collections import deque

import pytest

from scripts.lib.training.rollout_sample import (
    CHARACTERS,
    CUT,
    FIELDS,
    PER_STEP,
    STEPS,
    is_sampled,
    rollouts_of,
    sampled,
    shortened,
)


def logs_of(count: int, text: str = "It is 18.") -> dict:
    """Return what TRL holds of a generation of so many completions."""
    return {
        "prompt": deque([{"role": "user", "content": f"problem {i}"}] for i in range(count)),
        "completion": deque([{"role": "assistant", "content": f"{text}{i}"}] for i in range(count)),
        "rewards": {"accuracy_reward": deque(float(i % 2) for i in range(count))},
        "advantages": deque([0.5] * (count - 1) + [float("nan")]),
    }


@pytest.mark.parametrize("steps", [1, 7, 50, 51, 233, 1000])
def test_the_sampled_steps_are_few_evenly_spaced_and_hold_the_last(steps):
    kept = [step for step in range(1, steps + 1) if is_sampled(step, steps)]
    assert len(kept) == min(steps, STEPS)
    assert kept[-1] == steps
    gaps = {after - before for before, after in zip(kept, kept[1:], strict=False)}
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_completions_are_taken_from_the_whole_batch_with_their_own_rewards():
    rows = sampled(logs_of(16), 3)
    assert [row["prompt"] for row in rows] == [f"problem {i}" for i in (0, 4, 8, 12)]
    assert [row["completion"] for row in rows] == [f"It is 18.{i}" for i in (0, 4, 8, 12)]
    assert [row["step"] for row in rows] == [3] * PER_STEP
    rows = sampled(logs_of(3), 1)
    assert [row["rewards"]["accuracy_reward"] for row in rows] == [0.0, 1.0, 0.0]
    assert [row["advantage"] for row in rows] == [0.5, 0.5, None]
    json.dumps(rows, allow_nan=False)


def test_a_long_text_keeps_its_two_ends():
    text = "a" * CHARACTERS + "b" * CHARACTERS
    assert shortened(text) == "a" * (CHARACTERS // 2) + CUT + "b" * (CHARACTERS // 2)
    assert shortened("a" * CHARACTERS) == "a" * CHARACTERS
    (row, *_) = sampled(logs_of(4, text), 1)
    assert len(row["completion"]) == CHARACTERS + len(CUT)


def test_the_rollouts_of_a_log_are_those_of_its_steps_in_order():
    first, second = sampled(logs_of(4), 1), sampled(logs_of(4), 2)
    history = [{"step": 1, "rollouts": first}, {"step": 2}, {"step": 2, "rollouts": second}]
    assert rollouts_of(history) == first + second


def test_a_log_that_a_checkpoint_held_gives_the_same_bytes():
    logs = logs_of(4)
    logs["rewards"] = {"format_reward": deque([1.0] * 4)} | logs["rewards"]
    history = [{"step": 1, "rollouts": sampled(logs, 1)}]
    saved = json.loads(json.dumps(history, sort_keys=True))
    assert json.dumps(rollouts_of(saved)) == json.dumps(rollouts_of(history))
    assert list(rollouts_of(saved)[0]) == list(FIELDS)
