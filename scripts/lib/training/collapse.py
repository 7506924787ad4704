"""What is kept of a trainer's log, and when it ends a training: at a number that is none."""

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
    "passes",
    "padding",
    "logps/chosen",
    "logps/rejected",
    "step_time",
)


def short(entry: dict[str, Any]) -> dict[str, float]:
    """Return what a record keeps of one step: loss, rewards, lengths, clipping, as numbers.

    DPO logs how likely both completions of a pair are (`logps/...`); both can fall.
    """
    names = [name for name in entry if name in KEPT or name.startswith("rewards/")]
    return {
        name.removesuffix("/mean"): entry[name]
        for name in names
        if entry[name] is not None and not name.endswith("/std")
    }


def steps_of(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of a trainer's log that stand for a step, not for the whole run."""
    return [entry for entry in history if "loss" in entry]


def found(history: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the reason and the evidence of a loss or gradient that is no finite number, or None.

    It alone ends a training, which then leaves no weights. Everything else that a collapse can look
    like is marked when the cell is scored (lib/scores/collapse.py).
    """
    for entry in steps_of(history):
        for name in ("loss", "grad_norm"):
            if not math.isfinite(entry.get(name, 0.0)):
                return {
                    "reason": f"{name} was {entry[name]} at step {entry['step']}",
                    "evidence": printable([short(entry)]),
                }
    return None


def printable(steps: list[dict[str, float]]) -> list[dict[str, float | str]]:
    """Return steps with NaN and infinity as words, which JSON has no numbers for."""
    return [
        {name: value if math.isfinite(value) else str(value) for name, value in step.items()}
        for step in steps
    ]
