"""What is recorded of one benchmark's evaluation: one row per completion, and their summary."""

import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = pa.schema(
    {
        "problem": pa.string(),
        "sample": pa.int64(),
        "question": pa.string(),
        "prompt": pa.string(),
        "completion": pa.string(),
        "gold": pa.string(),
        "extracted": pa.string(),
        "correct": pa.bool_(),
        "strict_correct": pa.bool_(),
        "status": pa.string(),
        "strict_status": pa.string(),
        "lighteval_correct": pa.bool_(),
        "tokens": pa.int64(),
        "finish_reason": pa.string(),
    }
)
THINK = "<think>"
# The numbers of a training that left no model to evaluate: those of `summary`, without a value.
NO_NUMBERS: dict[str, Any] = {
    "accuracy": None,
    "strict_accuracy": None,
    "lighteval_accuracy": None,
    "lighteval_undecided": 0,
    "cut_off": None,
    "statuses": {},
    "mean_tokens": None,
}


def completions_of(
    details: list[dict[str, Any]], problems: list[dict[str, Any]], stop_ids: list[int]
) -> list[dict[str, Any]]:
    """Return one row per completion from LightEval's details, in the benchmark's own order.

    `lighteval_correct` is None where LightEval came to no verdict. A stop token counts as one.
    """
    by_problem = {detail["doc"]["specific"]["problem"]: detail for detail in details}
    rows = []
    for problem in problems:
        detail = by_problem[problem["id"]]
        response = detail["model_response"]
        verdicts = detail["doc"]["specific"]["extractive_match"]
        answers = zip(response["text"], response["output_tokens"], verdicts, strict=True)
        for sample, (text, tokens, verdict) in enumerate(answers):
            stopped = bool(tokens) and tokens[-1] in stop_ids
            rows.append(
                {
                    "problem": problem["id"],
                    "sample": sample,
                    "question": problem["question"],
                    "prompt": response["input"],
                    "completion": text,
                    "gold": problem["gold"],
                    "lighteval_correct": verdict,
                    "tokens": len(tokens),
                    "finish_reason": "stop" if stopped else "length",
                }
            )
    return rows


def graded_text(row: dict[str, Any]) -> str:
    """Return the text to be judged: a <think> that the chat template wrote belongs to it."""
    return opened_thought(row["prompt"]) + row["completion"]


def opened_thought(prompt: str) -> str:
    """Return the <think> at a prompt's end, with the white space behind it; empty if none is."""
    text = prompt.rstrip()
    return prompt[len(text) - len(THINK) :] if text.endswith(THINK) else ""


def with_verdicts(
    rows: list[dict[str, Any]], verdicts: Iterable[tuple[Any, Any]]
) -> list[dict[str, Any]]:
    """Add the grader's verdicts, in lenient mode and in strict mode, to the rows."""
    return [
        {
            **row,
            "extracted": verdict.extracted,
            "correct": verdict.correct,
            "strict_correct": strict_verdict.correct,
            "status": verdict.status,
            "strict_status": strict_verdict.status,
        }
        for row, (verdict, strict_verdict) in zip(rows, verdicts, strict=True)
    ]


def mean_over_problems(rows: list[dict[str, Any]], column: str) -> float:
    """Return the mean over problems of the mean over each problem's samples."""
    values: dict[str, list[bool]] = {}
    for row in rows:
        values.setdefault(row["problem"], []).append(row[column] is True)
    return fmean(fmean(of_problem) for of_problem in values.values())


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the numbers of a record from its rows."""
    return {
        "accuracy": mean_over_problems(rows, "correct"),
        "strict_accuracy": mean_over_problems(rows, "strict_correct"),
        "lighteval_accuracy": mean_over_problems(rows, "lighteval_correct"),
        "lighteval_undecided": sum(row["lighteval_correct"] is None for row in rows),
        "cut_off": fmean(row["finish_reason"] == "length" for row in rows),
        "statuses": dict(sorted(Counter(row["status"] for row in rows).items())),
        "mean_tokens": fmean(row["tokens"] for row in rows),
    }


def without_times(results: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return LightEval's results file without the run's times, and these."""
    general = results["config_general"]
    times = {name: value for name, value in general.items() if "time" in name}
    kept = {name: value for name, value in general.items() if name not in times}
    return results | {"config_general": kept}, times


def lighteval_part(results: dict[str, Any], benchmark: str) -> dict[str, Any]:
    """Return what LightEval itself reported, without its times and paths."""
    task = f"{benchmark}|0"
    config = results["config_tasks"][task]
    model = results["config_general"]["model_config"]
    names = ("name", "version", "generation_size", "num_fewshots", "evaluation_splits")
    return {
        "results": results["results"][task],
        "hashes": results["summary_tasks"][task]["hashes"],
        "task": {name: config[name] for name in names},
        "generation_parameters": model["generation_parameters"],
        "system_prompt": model["system_prompt"],
    }


def parquet_bytes(rows: list[dict[str, Any]]) -> bytes:
    """Return the rows as a parquet file; no rows make an empty table with the same columns."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), buffer, compression="zstd")
    return buffer.getvalue()


def checked_problems(path: Path, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Check a benchmark's rows: each with its own id, a question and a gold, all of them text."""
    seen = set()
    for number, row in enumerate(rows, start=1):
        for name in ("id", "question", "gold"):
            if not isinstance(row.get(name), str):
                raise SystemExit(f"{path}, line {number}: `{name}` must be a string")
        if row["id"] in seen:
            raise SystemExit(f"{path}, line {number}: the id {row['id']!r} is there twice")
        seen.add(row["id"])
    if not rows:
        raise SystemExit(f"{path}: has no problem")
    return rows
