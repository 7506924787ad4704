"""When a training has collapsed, read from the metrics that its trainer logged at every step."""

import math
from typing import Any

KEPT = (
    "step",
    "epoch",
    "loss",
    "grad_norm",
    "learning_rate",
    "entropy",
    "mean_token_accuracy",
    "reward",
    "reward_std",
    "frac_reward_zero_std",
    "kl",
    "completions/mean_length",
    "completions/clipped_ratio",
    "clip_ratio/region_mean",
    "sampling/sampling_logp_difference/mean",
    "grader_timeouts",
    "step_time",
)


def short(entry: dict[str, Any]) -> dict[str, float]:
    """Return what a record keeps of one step: loss, rewards, lengths, clipping, as numbers."""
    names = [name for name in entry if name in KEPT or name.startswith("rewards/")]
    return {
        name.removesuffix("/mean"): entry[name]
        for name in names
        if entry[name] is not None and not name.endswith("/std")
    }


def steps_of(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of a trainer's log that stand for a step, not for the whole run."""
    return [entry for entry in history if "loss" in entry]


def found(history: list[dict[str, Any]], zero_reward_steps: int | None) -> dict[str, Any] | None:
    """Return the reason and the evidence of a collapse, or None.

    A loss or gradient that is no finite number ends any training; with `zero_reward_steps`, so
    does a total reward of zero in that many steps on end: no completion is right or well formed, so
    GRPO has nothing to learn from.
    """
    steps = steps_of(history)
    for entry in steps:
        for name in ("loss", "grad_norm"):
            if not math.isfinite(entry.get(name, 0.0)):
                return {
                    "reason": f"{name} was {entry[name]} at step {entry['step']}",
                    "evidence": printable([short(entry)]),
                }
    if zero_reward_steps is None:
        return None
    streak: list[dict[str, Any]] = []
    for entry in steps:
        streak = [*streak, entry] if entry.get("reward") == 0 else []
        if len(streak) == zero_reward_steps:
            return {
                "reason": f"the reward was 0 for {zero_reward_steps} steps in a row, "
                f"to step {entry['step']}",
                "evidence": [short(step) for step in streak[-3:]],
            }
    return None


def printable(steps: list[dict[str, float]]) -> list[dict[str, float | str]]:
    """Return steps with NaN and infinity as words, which JSON has no numbers for."""
    return [
        {name: value if math.isfinite(value) else str(value) for name, value in step.items()}
        for step in steps
    ]
