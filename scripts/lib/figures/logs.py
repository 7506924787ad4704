"""What the figure of training curves takes from the trainers' logs."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import pandas as pd

SMOOTHED = 20  # the mean's moving average is over one in so many of a cell's steps


class Quantity(NamedTuple):
    """A quantity of the trainers' logs: its column, its name on the axis, and who logs it."""

    column: str
    label: str
    trainer: str
    share: bool = False  # it lies between 0 and 1
    linear: float = math.inf  # where values exceed it, the axis above a tenth of it is logarithmic


QUANTITIES = (
    Quantity("loss", "SFT, KD:\nloss", "sft"),
    Quantity("loss", "GKD:\nloss", "gkd"),
    Quantity("entropy", "entropy\n(nats)", "gkd"),
    Quantity("completions/mean_length", "length\n(tokens)", "gkd"),
    Quantity("loss", "DPO:\nloss", "dpo"),
    Quantity("rewards/accuracies", "right one\npreferred", "dpo", True),
    Quantity("rewards/margins", "margin", "dpo"),
    Quantity("reward", "RL:\nreward", "grpo"),
    Quantity("rewards/accuracy_reward", "accuracy\nreward", "grpo", True),
    Quantity("rewards/format_reward", "format\nreward", "grpo", True),
    Quantity("kl", "KL\n(nats)", "grpo", linear=1.0),
    Quantity("entropy", "entropy\n(nats)", "grpo"),
    Quantity("completions/mean_length", "length\n(tokens)", "grpo"),
    Quantity("completions/clipped_ratio", "share\ncut off", "grpo", True),
)


def curves_frame(trainings: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return one row per cell, seed and step of the training records' logs.

    What was no finite number when logged is NaN; so is what a trainer does not log.
    """
    columns = list(dict.fromkeys(quantity.column for quantity in QUANTITIES))
    rows = [
        {"cell": record["cell"], "seed": record["seed"], "step": entry["step"]}
        | {name: float(entry[name]) for name in columns if name in entry}
        for record in trainings
        for entry in record["log"]
    ]
    frame = pd.DataFrame(rows, columns=["cell", "seed", "step", *columns])
    return frame.replace([float("inf"), float("-inf")], float("nan"))


def mean_curve(values: pd.DataFrame) -> pd.Series:
    """Return the mean over seeds by step, as a moving average, of a frame step x seed.

    It ends where the first seed ends: a mean over fewer seeds would jump.
    """
    mean = values.dropna().mean(axis=1)
    window = 1 + len(mean) // SMOOTHED
    return mean.rolling(window, center=True, min_periods=1).mean()
