"""What a model card says of a cell, from the records of its trainings, evaluations and numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from scripts.lib.price.cost_text import digits
from scripts.lib.price.spent import evaluation_row, training_row

Record = dict[str, Any]

POINTS = 12  # of a learning curve, in a card; learning-curve.csv has all
CURVE = {  # column of a trainer's log: how a card calls it
    "loss": "loss",
    "mean_token_accuracy": "token accuracy",
    "rewards/accuracies": "right one preferred",
    "rewards/margins": "margin",
    "reward": "reward",
    "rewards/accuracy_reward": "accuracy reward",
    "rewards/format_reward": "format reward",
    "kl": "KL",
    "entropy": "entropy",
    "completions/mean_length": "mean length",
    "completions/clipped_ratio": "cut off",
    "learning_rate": "learning rate",
}
NUMBERS = ("accuracy", "strict_accuracy", "lighteval_accuracy", "cut_off", "mean_tokens")
NOT_MEASURED = "not measured"


def released_seed(trainings: Sequence[Record]) -> int | None:
    """Return the first seed whose training left weights; None if all collapsed."""
    return next((of["seed"] for of in trainings if of["status"] != "collapsed"), None)


def results(
    cells: Sequence[Record], benchmarks: Sequence[Record], prompt: str, seed: int
) -> list[Record]:
    """Return a row per benchmark under a prompt: the numbers of one seed, and the mean of all.

    `cells` are the records of score_cell; shares are fractions, None where there is no number.
    """
    found = {(of["prompt"], of["benchmark"]): of for of in cells}
    rows = []
    for benchmark in benchmarks:
        cell = found[prompt, benchmark["name"]]
        run = next(run for run in cell["runs"] if run["seed"] == seed)
        names = ("problems", "samples", "chance", "interval_method")
        rows.append(
            {name: run[name] for name in (*NUMBERS, "interval")}
            | {name: cell[name] for name in names}
            | {"benchmark": benchmark["name"], "label": benchmark["label"]}
            | {"mean": cell["accuracy"], "mean_interval": cell["interval"]}
        )
    return rows


def collapse_marks(cells: Sequence[Record]) -> dict[int, str]:
    """Return {seed: reason} of the seeds that collapsed; a mark is the cell's, in every record."""
    return {
        run["seed"]: run["reason"]
        for of in cells
        for run in of["runs"]
        if run["status"] == "collapsed"
    }


def curve(log: Sequence[Record]) -> Record:
    """Return a training's log as columns and rows: evenly spaced steps, the last among them."""
    names = [name for name in CURVE if any(name in entry for entry in log)]
    shown = log
    if len(log) > POINTS:
        shown = [log[round(n * (len(log) - 1) / (POINTS - 1))] for n in range(POINTS)]
    return {
        "columns": ["step", *(CURVE[name] for name in names)],
        "rows": [
            [str(entry["step"]), *(_short(entry.get(name)) for name in names)] for entry in shown
        ],
    }


def _short(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float | int) else str(value)


def curve_frame(trainings: Sequence[Record]) -> pd.DataFrame:
    """Return the whole logs of a chain of trainings, one row per logged step."""
    rows = [
        {"cell": of["cell"], "stage": of["stage"], "seed": of["seed"], **entry}
        for of in trainings
        for entry in of.get("log", [])  # none where the parent collapsed
    ]
    first = ["cell", "stage", "seed", "step"]
    frame = pd.DataFrame(rows, columns=None if rows else first)
    return frame[[*first, *sorted(frame.columns.difference(first))]]


def costs(
    trainings: Sequence[Record], runs: Sequence[Record], scores: Sequence[Record]
) -> list[Record]:
    """Return what each training of a seed's chain and its evaluation took, in words."""
    rows = [training_row(of) for of in trainings]
    if runs:
        rows.append(evaluation_row(runs, scores))
    return [_cost(row) for row in rows]


def _cost(row: Record) -> Record:
    unit = "CPU" if row["cpu_hours"] is not None else "GPU"
    hours = row["cpu_hours"] if unit == "CPU" else row["gpu_hours"]
    memory, joules = row["peak_memory_bytes"], row["joules"]
    tokens = [
        f"{int(row[name]):,} {word}"
        for name, word in (("tokens_trained", "trained"), ("tokens_generated", "sampled"))
        if row.get(name)
    ]
    return {
        "what": row["rule"],
        "cell": row["cell"],
        "device": row["device"] or NOT_MEASURED,
        "hours": f"{digits(hours)} {unit}-hours",
        "memory": NOT_MEASURED if memory is None else f"{digits(memory / 1e9)} GB",
        "tokens": ", ".join(tokens) or "none",
        "energy": NOT_MEASURED if pd.isna(joules) else f"{digits(joules / 3.6e6)} kWh",
    }


def data_steps(records: Sequence[tuple[str, Record]]) -> list[Record]:
    """Return what each step of cleaning and verifying removed; `records` are (rule, record)."""
    rows = []
    for rule, record in records:
        if "rows_in" not in record:
            continue
        left: int = record["rows_in"]
        for step in record["steps"]:
            removed = len(step["removed"])
            rows.append(
                {"dataset": record["dataset"], "rule": rule, "step": step["step"]}
                | {"rows_in": left, "removed": removed, "rows_out": left - removed}
            )
            left -= removed
    return rows


def flat(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested settings by dotted names.

    >>> flat({"lora": {"r": 16}, "beta": 0.04})
    {'lora.r': 16, 'beta': 0.04}
    """
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = value
    return found
