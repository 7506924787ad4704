"""What a study's jobs took, one row per job, from the records that they left.

A record without a fact (of a CPU, of an engine in another process, of an older run) leaves the
field empty: not measured. A job that had nothing to do, as after a collapsed parent, took nothing.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from scripts.lib.frames import Column

COLUMNS = [
    Column(
        "rule",
        "text",
        "what the job did: train_sft, train_grpo, train_gkd, train_dpo, evaluate, sample_traces",
    ),
    Column("cell", "text", "the cell trained or evaluated; empty for sample_traces"),
    Column("stage", "text", "the cell's last stage, which the training trained"),
    Column("dataset", "text", "the data set whose traces were sampled"),
    Column("seed", "count", "the seed of the training; of an untrained model, of its evaluation"),
    Column("device", "text", "name of the GPU, or cpu"),
    Column(
        "wall_seconds",
        "s",
        "of a training from its start to its record, all its starts added up; of an evaluation the "
        "engine's start and the tasks under every prompt; of traces their sampling",
    ),
    Column("gpus", "count", "GPUs of the job; 0: a CPU"),
    Column("gpu_hours", "h", "wall time x GPUs; empty on a CPU"),
    Column("cpu_hours", "h", "wall time x processes of a job on a CPU; empty on a GPU"),
    Column(
        "peak_memory_bytes",
        "B",
        "the most that torch allocated on one GPU; on a CPU the largest resident size of a process",
    ),
    Column("tokens_trained", "count", "tokens of prompts, targets, completions; no padding"),
    Column("tokens_generated", "count", "tokens sampled: rollouts, completions, traces"),
    Column("joules", "J", "energy of the job's GPUs by their own counters, idle power included"),
]
Record = dict[str, Any]
GENERATING = ("grpo", "gkd")  # trainers that sample as they go
COUNTS = ("seed", "gpus", "peak_memory_bytes", "tokens_trained", "tokens_generated")
TEXTS = ("rule", "cell", "stage", "dataset", "device")


def costs_frame(rows: Sequence[Record]) -> pd.DataFrame:
    """Return rows as a frame with the columns of COLUMNS; what a row lacks is missing."""
    frame = pd.DataFrame(rows, columns=[column.name for column in COLUMNS])
    types = dict.fromkeys(COUNTS, "Int64") | dict.fromkeys(TEXTS, "string")
    frame = frame.astype(dict.fromkeys(frame.columns, "Float64") | types)
    return frame.round({"wall_seconds": 3, "gpu_hours": 6, "cpu_hours": 6, "joules": 1})


def training_row(record: Record) -> Record:
    """Return the row of one training, from its training.json."""
    config = record["config"]
    trainer = config.get("trainer", "grpo" if "rewards" in config else "sft")
    return {
        "rule": f"train_{trainer}",
        **{name: record[name] for name in ("cell", "stage", "seed")},
        **_usage(record, record.get("processes", 1)),
        "tokens_trained": record.get("tokens") if record["steps"] else 0,
        "tokens_generated": rollout_tokens(record) if trainer in GENERATING else 0,
    }


def rollout_tokens(record: Record) -> int | None:
    """Return the tokens that a training sampled; None if a length in its log is no number.

    A log entry with a mean length stands for one generation of a whole batch.
    """
    name = "completions/mean_length"
    lengths = [entry[name] for entry in record.get("log", []) if name in entry]
    if any(isinstance(length, str) for length in lengths):  # NaN, as JSON can hold it
        return None
    return round(sum(lengths) * record["config"]["recipe"]["global_batch_size"])


def evaluation_row(runs: Sequence[Record], scores: Sequence[Record]) -> Record:
    """Return the row of one cell and seed, from the run records and scores of all of its tasks.

    An evaluation that was killed has several starts of its engine, each with times of its own; what
    a kill lost of an unfinished task is in none of the records.
    """
    starts = {run["engine_start_seconds"]: run for run in runs if "engine_start_seconds" in run}
    energy = [run.get("engine_start_joules") for run in starts.values()]
    energy += [run.get("joules") for run in runs]
    memory = [run["peak_memory_bytes"] for run in runs if run.get("peak_memory_bytes")]
    tokens = sum(_completion_tokens(score) for score in scores)
    used = {
        "wall_seconds": sum(starts) + sum(run["wall_seconds"] for run in runs),
        "joules": pd.Series(energy, dtype="Float64").sum(skipna=False),
        "peak_memory_bytes": max(memory, default=None),
        "device": next((run["device"] for run in runs if "device" in run), None),
    }
    devices = max((run.get("devices", 1) for run in runs), default=1)
    return {
        "rule": "evaluate",
        **{name: scores[0][name] for name in ("cell", "seed")},
        **_usage(used, devices),
        "tokens_trained": 0,
        "tokens_generated": round(tokens),
    }


def _completion_tokens(score: Record) -> float:
    if score["mean_tokens"] is None:  # a collapsed training left nothing to evaluate
        return 0.0
    return score["mean_tokens"] * score["problems"] * score["samples"]


def traces_row(record: Record, run: Record | None) -> Record:
    """Return the row of a data set's traces, from its record and raw.run.json.

    `run` counts only if it is of the same job; without it nothing but the job's name is known.
    """
    row: Record = {"rule": "sample_traces", "dataset": record["dataset"], "tokens_trained": 0}
    if run is None or run.get("key") != record["key"]:
        return row
    return row | _usage(run, run["devices"]) | {"tokens_generated": run["tokens"]}


def _usage(record: Record, devices: int) -> Record:
    """Return the columns on time, memory and energy of a job on so many devices or processes."""
    device = record.get("device")
    hours = record["wall_seconds"] * devices / 3600
    return {
        "device": device,
        "wall_seconds": record["wall_seconds"],
        "gpus": None if device is None else 0 if device == "cpu" else devices,
        "gpu_hours": None if device == "cpu" else hours,
        "cpu_hours": hours if device in (None, "cpu") else None,
        "peak_memory_bytes": record.get("peak_memory_bytes"),
        "joules": record.get("joules"),
    }
