"""Evaluations, cell records and tables made up for the tests of scores, tables and figures."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scripts.lib.scores.marks import Marks, marks_against

BENCHMARKS = [{"name": "gsm8k", "label": "GSM8K"}, {"name": "amc23", "label": "AMC23"}]


def write_evaluation(
    folder: Path,
    cell: str,
    seed: int,
    verdicts: Sequence[Sequence[bool]] | np.ndarray,
    status: str = "ok",
    task: str = "gsm8k",
) -> Path:
    """Write an evaluation record, and its verdicts (problems, samples) as parquet beside it."""
    problems, samples = np.shape(verdicts)
    record = {
        "key": f"{cell}-{seed}",
        "cell": cell,
        "seed": seed,
        "benchmark": task.rpartition("/")[2],
        "task": task,
        "status": status,
        "reason": None if status == "ok" else "loss is not a number",
        "problems": problems,
        "samples": samples,
        "lighteval_accuracy": 0.25,
        "cut_off": 0.5,
        "mean_tokens": 12.0,
        "statuses": {"ok": problems * samples - 1, "timeout": 1},
    }
    path = folder / cell / f"seed-{seed}" / f"{task}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))
    rows = [] if status == "collapsed" else list(np.ndindex(problems, samples))
    columns = {
        "problem": pa.array([str(problem) for problem, _ in rows], pa.string()),
        "sample": pa.array([sample for _, sample in rows], pa.int64()),
        "gold": pa.array([str(problem % 2) for problem, _ in rows], pa.string()),
        "correct": pa.array([bool(verdicts[p][s]) for p, s in rows], pa.bool_()),
        "strict_correct": pa.array([False for _ in rows], pa.bool_()),
        "lighteval_correct": pa.array([bool(verdicts[p][s]) for p, s in rows], pa.bool_()),
        "completion": pa.array(["It is 18." for _ in rows], pa.string()),
        "extracted": pa.array(["18" for _ in rows], pa.string()),
        "status": pa.array(["ok" for _ in rows], pa.string()),
    }
    pq.write_table(pa.table(columns), path.with_suffix(".parquet"))
    return path


def cell_record(
    cell: str, benchmark: str, accuracy: float | None, seeds: int = 1, prompt: str = "boxed"
) -> dict:
    """Return a cell record; without an accuracy all of its seeds collapsed."""
    status = "collapsed" if accuracy is None else "ok"
    return {
        "key": f"key of {cell}",
        "cell": cell,
        "benchmark": benchmark,
        "prompt": prompt,
        "status": status,
        "accuracy": accuracy,
        "interval": None if accuracy is None else [accuracy - 0.031, accuracy + 0.042],
        "same_problems_interval": None,
        "lighteval_accuracy": accuracy,
        "chance": None if accuracy is None else {"answer": "3", "accuracy": 0.0512},
        "seeds": list(range(seeds)),
        "problems": 40,
        "samples": 2,
        "runs": [{"seed": seed, "status": status} for seed in range(seeds)],
    }


def table_settings(note: str | None = None) -> dict:
    """Return a table of two sections, three cells and two benchmarks."""
    rows = (
        [{"cell": "toy", "label": "Toy", "chosen": False}],
        [
            {"cell": "toy+sft", "label": "Toy+SFT", "chosen": False},
            {"cell": "toy+sft+rl", "label": "Toy+SFT+RL", "chosen": False},
        ],
    )
    return {
        "caption": "A table.",
        "sections": [
            {"section": "Baselines", "rows": rows[0]},
            {"section": "Training", "rows": rows[1]},
        ],
        "benchmarks": BENCHMARKS,
        "note": note,
        "context": {},
        "chosen": False,
    }


def comparison(cell: str, benchmark: str, mark: str = "", **others: str) -> dict[str, str]:
    """Return a row of comparisons.csv as it is read: 12.5 points against the root, by one run."""
    return {
        "against": "root",
        "prompts": "boxed",
        "cell": cell,
        "other": "toy",
        "benchmark": benchmark,
        "difference": "0.125000",
        "basis": "this run",
        "family_size": "4",
        "runs_p": "0.004",
        "mark": mark,
        **others,
    }


def table_marks() -> Marks:
    """Return marks of the sample table: its second row on GSM8K."""
    rows = [comparison("toy+sft", "gsm8k", "*"), comparison("toy+sft", "amc23")]
    return marks_against(rows, "root", "boxed")


def table_records(seeds: int = 1) -> dict[tuple[str, str], dict]:
    """Return the records of that table; the training of its last row collapsed."""
    accuracies = {"toy": 0.25, "toy+sft": 0.5404, "toy+sft+rl": None}
    return {
        (cell, benchmark["name"]): cell_record(cell, benchmark["name"], accuracy, seeds)
        for cell, accuracy in accuracies.items()
        for benchmark in BENCHMARKS
    }
