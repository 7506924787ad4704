"""What the report says of a cell: where it comes from, how it was trained, what its numbers are."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Record = dict[str, Any]

POINTS = 1_000  # of a training curve, at most, per seed
DIGITS = 6
# What the records of the jobs behind a cell say about them.
FACTS = (
    "dataset",
    "source",
    "source_files",
    "stage",
    "status",
    "reason",
    "rows",
    "rows_in",
    "rows_out",
    "examples",
    "steps",
    "weights",
    "vocabulary",
    "cut_off",
    "engine",
    "git_commit",
    "code_fingerprint",
    "host",
    "device",
    "wall_seconds",
)
# Of a training, beside its curve.
TRAINING = (
    "status",
    "reason",
    "evidence",
    "key",
    "git_commit",
    "host",
    "platform",
    "processor",
    "cpu_capability",
    "device",
    "devices",
    "distributed",
    "engine",
    "wall_seconds",
    "device_seconds",
    "peak_memory_bytes",
    "joules",
    "tokens",
    "examples",
    "versions",
)
# Of a table cell.
NUMBERS = (
    "status",
    "accuracy",
    "interval",
    "lighteval_accuracy",
    "strict_accuracy",
    "pass_at_k",
    "maj_at_k",
    "unreadable",
    "in_format",
    "cut_off",
    "mean_tokens",
    "problems",
    "samples",
)


def numbers(records: Iterable[Record]) -> dict[str, dict[str, dict[str, Record]]]:
    """Return {cell: {prompt: {benchmark: numbers}}} from the records of table cells."""
    found: dict[str, dict[str, dict[str, Record]]] = {}
    for record in records:
        of_cell = found.setdefault(record["cell"], {}).setdefault(record["prompt"], {})
        of_cell[record["benchmark"]] = {name: record.get(name) for name in NUMBERS}
    return found


def collapsed(records: Iterable[Record], labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one entry per seed that has collapsed, with the reason and the evidence."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for record in records:
        for run in record["runs"]:
            if run["status"] == "collapsed":
                found[record["cell"], run["seed"]] = {
                    "cell": record["cell"],
                    "label": labels[record["cell"]],
                    "seed": run["seed"],
                    "reason": run["reason"],
                    "evidence": run["marks"],
                }
    return list(found.values())


def lineage_node(rule: str, name: str, keys: Mapping[str, Any], record: Record) -> dict[str, Any]:
    """Return a job behind a cell, from its record; `keys` are those of each seed, "" of all."""
    facts = {fact: record[fact] for fact in FACTS if record.get(fact) is not None}
    if steps := record.get("steps"):
        facts["steps"] = steps if isinstance(steps, int) else _removed(steps)
    return {"rule": rule, "name": name, "keys": dict(keys), **facts}


def _removed(steps: Sequence[Record]) -> list[dict[str, Any]]:
    """Return how many rows each step of cleaning or verifying removed, without their names."""
    return [{"step": step["step"], "removed": len(step.get("removed", []))} for step in steps]


def training(record: Record) -> dict[str, Any]:
    """Return what a training's record says beside its curve and its recipe."""
    facts = {name: record[name] for name in TRAINING if name in record}
    return {"seed": record["seed"], "steps": record["steps"], **facts}


def curve(records: Sequence[Record]) -> dict[str, Any]:
    """Return the logs of a cell's trainings as columns: {columns, seeds: {seed: rows}}.

    A long log keeps evenly spaced steps, and always the last.
    """
    names = {name for record in records for entry in record["log"] for name in entry}
    columns = ["step", *sorted(names - {"step"})]
    seeds = {
        str(record["seed"]): [[_rounded(entry.get(name)) for name in columns] for entry in log]
        for record in records
        for log in [_spaced(record["log"])]
    }
    return {"columns": columns, "seeds": seeds}


def _spaced(log: Sequence[Record]) -> list[Record]:
    if len(log) <= POINTS:
        return list(log)
    return [log[round(n * (len(log) - 1) / (POINTS - 1))] for n in range(POINTS)]


def _rounded(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
