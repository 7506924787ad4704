"""Evaluation without an engine: its arithmetic, its checks and its store."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scripts.evaluate import decides
from scripts.lib.evaluation.completions import (
    SCHEMA,
    checked_problems,
    completions_of,
    graded_text,
    mean_over_problems,
    parquet_bytes,
    summary,
)
from scripts.lib.evaluation.store import entry
from tests.evaluation_case import model_record, run
from tests.workflow import ROOT


def rows_with(**columns: list) -> list[dict]:
    base = {
        "correct": False,
        "strict_correct": False,
        "lighteval_correct": False,
        "status": "ok",
        "finish_reason": "stop",
        "tokens": 1,
    }
    count = len(columns["problem"])
    return [{**base, **{name: columns[name][i] for name in columns}} for i in range(count)]


# ---------------------------------------------------------------------------------- arithmetic


def test_accuracy_of_one_sample_is_the_share_of_correct_problems():
    rows = rows_with(problem=["a", "b", "c", "d"], correct=[True, False, True, True])
    assert mean_over_problems(rows, "correct") == 0.75


def test_accuracy_of_three_samples_is_the_mean_of_the_problems_means():
    rows = rows_with(
        problem=["a"] * 3 + ["b"] * 3,
        correct=[True, True, True, False, True, False],
        lighteval_correct=[True, None, None, True, False, None],
    )
    assert mean_over_problems(rows, "correct") == pytest.approx((1 + 1 / 3) / 2)
    assert mean_over_problems(rows, "lighteval_correct") == pytest.approx(1 / 3)
    assert summary(rows)["lighteval_undecided"] == 3


@pytest.mark.parametrize("samples", [1, 2, 3, 8, 9, 10, 32])
def test_accuracy_is_right_for_any_number_of_samples(samples):
    """Of three problems the first is always right, the second once, the third never."""
    right = [True] * samples + [True] + [False] * (samples - 1) + [False] * samples
    rows = rows_with(problem=[name for name in "abc" for _ in range(samples)], correct=right)
    assert mean_over_problems(rows, "correct") == pytest.approx((1 + 1 / samples) / 3)


def test_summary_counts_statuses_and_completions_cut_off():
    rows = rows_with(
        problem=["a", "b", "c", "d"],
        status=["ok", "timeout", "no_answer", "ok"],
        finish_reason=["stop", "length", "stop", "stop"],
        tokens=[2, 10, 3, 5],
    )
    numbers = summary(rows)
    assert numbers["statuses"] == {"no_answer": 1, "ok": 2, "timeout": 1}
    assert numbers["cut_off"] == 0.25
    assert numbers["mean_tokens"] == 5


def test_think_tag_of_the_chat_template_is_judged_with_the_completion():
    opened = {"prompt": "<|im_start|>assistant\n<think>\n", "completion": "2\n</think>\n18"}
    assert graded_text(opened) == "<think>\n2\n</think>\n18"
    named = {"prompt": "Reason inside <think> tags.<|im_end|>\n", "completion": "18"}
    assert graded_text(named) == "18"


def test_details_are_put_in_the_benchmarks_order_with_their_finish_reason():
    details = [
        {
            "doc": {"specific": {"problem": name, "extractive_match": [True, False]}},
            "model_response": {
                "input": "prompt",
                "text": [f"{name}0", f"{name}1"],
                "output_tokens": [[5, 9], [5, 5, 5]],
            },
        }
        for name in ("b", "a")
    ]
    asked = [{"id": name, "question": "?", "gold": "1"} for name in ("a", "b")]
    rows = completions_of(details, asked, stop_ids=[9])
    assert [row["completion"] for row in rows] == ["a0", "a1", "b0", "b1"]
    assert [row["finish_reason"] for row in rows[:2]] == ["stop", "length"]
    assert [row["tokens"] for row in rows[:2]] == [2, 3]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "has no problem"),
        ([{"id": "0", "question": "?", "gold": 18}], "line 1: `gold`"),
        ([{"id": "0", "question": "?", "gold": "1"}] * 2, "line 2: the id '0'"),
    ],
)
def test_bad_benchmark_file_is_named(rows, message):
    with pytest.raises(SystemExit, match=f"gsm8k.jsonl.*{message}"):
        checked_problems(Path("gsm8k.jsonl"), rows)


# --------------------------------------------------------------------------------------- store


def test_store_gives_back_only_what_the_same_weights_key_and_data_made(tmp_path):
    stored = entry(tmp_path / "gsm8k", weights="w", key="k", data="d")
    assert stored.record() is None
    stored.keep({"accuracy": 0.5}, parquet_bytes([]), {}, {"wall_seconds": 1.0})
    assert entry(tmp_path / "gsm8k", weights="w", key="k", data="d").record() == {"accuracy": 0.5}
    for other in ({"weights": "x"}, {"key": "x"}, {"data": "x"}):
        identity = {"weights": "w", "key": "k", "data": "d"} | other
        assert entry(tmp_path / "gsm8k", **identity).record() is None
    assert entry(tmp_path / "amc23", weights="w", key="k", data="d").record() is None


def test_collapsed_training_gives_records_without_numbers(tmp_path):
    record = model_record(tmp_path, status="collapsed", reason="loss is NaN", files={})
    out = run(tmp_path, record, {"gsm8k": 4, "training/gsm8k": 4})
    other = json.loads((out / "training" / "gsm8k.json").read_text())
    assert (other["benchmark"], other["task"]) == ("gsm8k", "training/gsm8k")
    written = json.loads((out / "gsm8k.json").read_text())
    assert written["status"] == "collapsed"
    assert written["reason"] == "loss is NaN"
    assert written["accuracy"] is None
    assert written["problems"] == 4
    assert pq.read_table(out / "gsm8k.parquet").schema.equals(SCHEMA)
    assert pq.read_table(out / "gsm8k.parquet").num_rows == 0


def test_a_script_that_finds_all_in_the_store_imports_no_engine():
    heavy = "{'torch', 'transformers', 'lighteval', 'datasets', 'sympy'}"
    code = f"import sys, scripts.evaluate; print(sorted({heavy} & set(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_what_was_kept_is_taken_for_the_same_key_and_code_of_the_engine_alone():
    settings = {"gsm8k": {"key": "k"}}

    def made(**vouched):
        return decides("gsm8k", settings, {"gsm8k": vouched})

    planned = made(key="k", engines={"transformers": "a"})
    assert planned == made(key="k", engines={"transformers": "a"})
    others = [
        made(key="k", engines={"transformers": "b"}),  # the engine's code was edited
        made(key="k", engines={"vllm": "a"}),
        made(key=None, engines={"transformers": "a"}),  # by hand, its inputs unchecked
    ]
    assert planned not in others
