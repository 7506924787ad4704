"""A small study's folder as evaluations leave it, for programs that read what models wrote."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.lib.evaluation.completions import NO_NUMBERS, parquet_bytes, summary
from scripts.lib.evaluation.store import write_evaluation
from scripts.lib.files import write_json

PROMPTS = {
    "boxed": {"system": None, "user": "{question}\nWrite \\boxed{result}."},
    "training": {"system": "Think.", "user": "{question}"},
}
SETTINGS = {
    "prompt": PROMPTS["boxed"],
    "temperature": 0.6,
    "top_p": 0.95,
    "top_k": 20,
    "repetition_penalty": 1.0,
    "max_new_tokens": 24,
    "max_model_length": 128,
    "chat_template_kwargs": {},
    "dtype": "float32",
    "batch_size": 4,
    "num_samples": 2,
    "grader": {"timeout": 5.0, "rules": "gsm8k"},
    "seed": 0,
}
CONFIG = {
    "study": "small",
    "roles": {"base": "toy"},
    "models": {
        "toy": {"repo": "org/toy", "revision": "a" * 40, "label": "Toy"},
    },
    "stages": {"sft": {"label": "SFT"}, "rl": {"label": "RL"}},
    "tables": {
        "table2": {"sections": [{"section": "One", "rows": ["base", "base+sft", "base+rl"]}]}
    },
    "tabulate": ["table2"],
    "seeds": [0, 1],
    "evaluate": ["gsm8k", "amc23"],
    "benchmarks": {"gsm8k": {"label": "GSM8K", "dataset": "gsm8k-test", "num_samples": 2}},
    "datasets": {
        "gsm8k-test": {
            "schema": "gsm8k",
            "hub": {
                "repo": "openai/gsm8k",
                "revision": "b" * 40,
                "split": "test",
                "subset": "main",
            },
        }
    },
    "evaluation": {"prompt": "boxed"},
    "sensitivity": {"prompts": ["training"], "untrained": [], "tables": ["table2"], "own": {}},
    "prompts": PROMPTS,
}


def make_study(folder: Path) -> Path:
    """Write the study's resolved config; return its folder."""
    write_json(folder / "config.json", CONFIG)
    return folder


def completion(problem: str, sample: int, correct: bool, **fields: Any) -> dict[str, Any]:
    """Return a row of an evaluation; `fields` replace what it holds."""
    row = {
        "problem": problem,
        "sample": sample,
        "question": f"Question {problem}?",
        "prompt": f"<|im_start|>user\nQuestion {problem}?<|im_end|>",
        "completion": f"It is \\boxed{{{7 if correct else 3}}}.",
        "gold": "7",
        "extracted": "7" if correct else "3",
        "correct": correct,
        "strict_correct": correct,
        "status": "ok",
        "strict_status": "ok",
        "lighteval_correct": correct,
        "tokens": 12,
        "finish_reason": "stop",
    }
    return row | fields


def verdict_rows(verdicts: dict[str, Sequence[bool]]) -> list[dict[str, Any]]:
    """Return a row per verdict of each problem."""
    return [
        completion(problem, sample, correct)
        for problem, of_problem in verdicts.items()
        for sample, correct in enumerate(of_problem)
    ]


def add_evaluation(
    folder: Path, cell: str, seed: int, rows: list[dict[str, Any]], task: str = "gsm8k"
) -> Path:
    """Write one evaluation, of a collapsed training where there are no rows; return its record."""
    benchmark = task.rpartition("/")[2]
    collapsed = {"status": "collapsed", "reason": "loss is not a number", **NO_NUMBERS}
    problems = {row["problem"] for row in rows}
    record = {
        "key": f"key of {cell} {seed} {task}",
        "cell": cell,
        "seed": seed,
        "benchmark": benchmark,
        "task": task,
        "problems": len(problems),
        "samples": len(rows) // max(1, len(problems)),
        "settings": SETTINGS | {"seed": seed},
        "lighteval": None,
        "weights": "w" * 64,
        **({"status": "ok", "reason": None, **summary(rows)} if rows else collapsed),
    }
    run = {
        "engine": "transformers",
        "git_commit": "c" * 40,
        "host": "a-host",
        "wall_seconds": 3.0,
        "versions": {"lighteval": "0.13.0", "transformers": "5.17.0", "torch": "2.13.0+cpu"},
    }
    place = folder / "eval" / cell / f"seed-{seed}" / task
    write_evaluation(place.parent, benchmark, record, parquet_bytes(rows), {}, run)
    return place.with_suffix(".json")
