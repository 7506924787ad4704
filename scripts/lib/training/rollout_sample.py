"""The few rollouts of a GRPO training that are kept for readers: which they are, and in what form.

TRL can write its completions itself (`log_completions`), but every completion of every step. Here a
bounded number is taken from what it holds in memory anyway, evenly over the training.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

Rollout = dict[str, Any]

STEPS = 50  # of a training, at most
PER_STEP = 4  # completions
CHARACTERS = 2_000  # of a prompt, and of a completion: its beginning and its end
CUT = " [...] "
FIELDS = ("step", "prompt", "completion", "rewards", "advantage")


def is_sampled(step: int, steps: int) -> bool:
    """Say whether rollouts of a step are kept in a training of so many; steps count from 1.

    >>> [step for step in range(1, 201) if is_sampled(step, 200)][:3]
    [4, 8, 12]
    """
    return step * STEPS // steps > (step - 1) * STEPS // steps


def sampled(logs: Mapping[str, Any], step: int) -> list[Rollout]:
    """Return rollouts at evenly spaced places of the last generation, from GRPOTrainer's `_logs`.

    It holds those of all processes, in the same order in each of them.
    """
    prompts, completions = list(logs["prompt"]), list(logs["completion"])
    rewards = {name: list(values) for name, values in logs["rewards"].items()}
    advantages = list(logs["advantages"])
    count = min(PER_STEP, len(completions))
    places = [number * len(completions) // count for number in range(count)]
    return [
        {
            "step": step,
            "prompt": shortened(text_of(prompts[place])),
            "completion": shortened(text_of(completions[place])),
            "rewards": {name: _number(values[place]) for name, values in rewards.items()},
            "advantage": _number(advantages[place]),
        }
        for place in places
    ]


def text_of(turns: Sequence[Mapping[str, str]]) -> str:
    """Return the text of a chat's turns, without their roles."""
    return "\n\n".join(turn["content"] for turn in turns)


def shortened(text: str, characters: int = CHARACTERS) -> str:
    """Return the two ends of a text that is longer than so many characters.

    >>> shortened("The answer is 18.", 10)
    'The a [...] s 18.'
    """
    half = characters // 2
    return text if len(text) <= characters else text[:half] + CUT + text[-half:]


def rollouts_of(history: Sequence[Mapping[str, Any]]) -> list[Rollout]:
    """Return all rollouts that a trainer's log holds, in the order of the steps.

    A log that was saved with a checkpoint comes back with the names of each entry sorted; here they
    have one order, so that the file of a resumed training is that of an undisturbed one.
    """
    found = [rollout for entry in history for rollout in entry.get("rollouts", [])]
    return [
        {name: rollout[name] for name in FIELDS}
        | {"rewards": dict(sorted(rollout["rewards"].items()))}
        for rollout in found
    ]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
