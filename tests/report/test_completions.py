"""Verdicts and texts of completions, against the parquet files that they come from."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scripts.lib.evaluation.completions import SCHEMA
from scripts.lib.report.completions import (
    LONGEST,
    LONGEST_ANSWER,
    Evaluation,
    Part,
    chunks,
    text_sizes,
    verdicts,
)
from scripts.lib.report.writing import script_of

IDS, SAMPLES, SEEDS = ["a", "b", "c", "d", "e"], 3, (0, 4)
TEXTS = [
    "It is \\boxed{18}.",
    "</script>\u2028\x00\x1b\n\"'\\",
    "<" * 3_000,
    "ü" * LONGEST,
    "long " * LONGEST,
]


def rows_of(seed):
    """Return made-up rows of a seed's evaluation."""
    draw = np.random.default_rng(seed)
    return [
        {
            "problem": problem,
            "sample": sample,
            "question": f"What is {problem}?",
            "prompt": f"<user>What is {problem}?<end>",
            "completion": f"{problem}{sample} of {seed}: {TEXTS[draw.integers(len(TEXTS))]}",
            "gold": "18",
            "extracted": [None, "18", "7" * 5_000][draw.integers(3)],
            "correct": bool(draw.integers(2)),
            "strict_correct": bool(draw.integers(2)),
            "status": ["ok", "no_answer", "timeout"][draw.integers(3)],
            "strict_status": "ok",
            "lighteval_correct": [None, True, False][draw.integers(3)],
            "tokens": int(draw.integers(1, 4_096)),
            "finish_reason": ["stop", "length"][draw.integers(2)],
        }
        for problem in IDS
        for sample in range(SAMPLES)
    ]


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation")
    parts = []
    for seed in SEEDS:
        path = folder / f"{seed}.parquet"
        pq.write_table(pa.Table.from_pylist(rows_of(seed), schema=SCHEMA), path)
        parts.append(Part(seed, path, SAMPLES))
    return Evaluation("toy+rl", "boxed", "gsm8k", IDS, parts)


def all_of(evaluation):
    return [np.full(len(IDS) * SAMPLES, True) for _ in evaluation.parts]


def test_the_verdicts_are_those_of_the_parquet_files(evaluation):
    found = verdicts(evaluation, all_of(evaluation))
    rows = [row for seed in SEEDS for row in rows_of(seed)]
    assert found["seeds"] == list(SEEDS)
    assert (found["samples"], found["problems"]) == (SAMPLES, len(IDS))
    assert [found["statuses"][n] for n in found["status"]] == [row["status"] for row in rows]
    assert found["tokens"] == [row["tokens"] for row in rows]
    bits = {True: "1", False: "0", None: "?"}
    for name, column in (
        ("correct", "correct"),
        ("strict", "strict_correct"),
        ("lighteval", "lighteval_correct"),
    ):
        assert found[name] == "".join(bits[row[column]] for row in rows)
    assert found["cut_off"].count("1") == sum(row["finish_reason"] == "length" for row in rows)


def test_a_completion_stands_in_the_chunk_of_its_problem_with_what_was_read(evaluation):
    found = dict(chunks(evaluation, all_of(evaluation), chunk=2))
    assert list(found) == [0, 1, 2]
    assert {row["problem"] for row in found[2]["completions"]} == {"e"}
    rows = {(s, r["problem"], r["sample"]): r for s in SEEDS for r in rows_of(s)}
    shown = [(chunk, row) for chunk in found.values() for row in chunk["completions"]]
    assert len(shown) == len(rows)
    for chunk, row in shown:
        was = rows[row["seed"], row["problem"], row["sample"]]
        assert "prompt" not in row
        assert f"{chunk['before']}{was['question']}{chunk['after']}" == was["prompt"]
        assert row["status"] == was["status"]
        if "omitted" not in row:
            assert row["completion"] == was["completion"]
        else:
            assert len(was["completion"]) > LONGEST
            whole = len(row["completion"]) + row["omitted"] + len(row["end"])
            assert whole == len(was["completion"])
            assert was["completion"].startswith(row["completion"])
            assert was["completion"].endswith(row["end"])
        if was["extracted"] is None or len(was["extracted"]) <= LONGEST_ANSWER:
            assert row["extracted"] == was["extracted"]
        else:
            assert len(row["extracted"]) == LONGEST_ANSWER


def test_what_is_not_kept_is_in_no_chunk_but_has_its_verdict(evaluation):
    kept = [np.arange(len(IDS) * SAMPLES) == 4, np.full(len(IDS) * SAMPLES, False)]
    found = dict(chunks(evaluation, kept, chunk=2))
    assert list(found) == [0]
    (row,) = found[0]["completions"]
    assert (row["seed"], row["problem"], row["sample"]) == (0, "b", 1)
    marks = verdicts(evaluation, kept)
    assert marks["kept"].count("1") == 1
    assert marks["kept"].index("1") == 4
    assert len(marks["correct"]) == len(SEEDS) * len(IDS) * SAMPLES


def test_a_prompt_that_is_not_like_the_others_is_kept_whole(tmp_path):
    rows = rows_of(0)
    rows[4] |= {"prompt": "Another one."}
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "x.parquet")
    part = Part(0, tmp_path / "x.parquet", SAMPLES)
    evaluation = Evaluation("toy", "boxed", "gsm8k", IDS, [part])
    found = dict(chunks(evaluation, all_of(evaluation), chunk=5))[0]
    own = [row["prompt"] for row in found["completions"] if "prompt" in row]
    assert own == ["Another one."]


def test_no_completion_takes_more_than_is_counted_for_it(evaluation):
    counted = np.concatenate([text_sizes(part.path) for part in evaluation.parts])
    for chunk in dict(chunks(evaluation, all_of(evaluation), chunk=1)).values():
        for row in chunk["completions"]:
            index = IDS.index(row["problem"]) * SAMPLES + row["sample"]
            index += SEEDS.index(row["seed"]) * len(IDS) * SAMPLES
            taken = len(script_of("", row)) - len(script_of("", None)) + len("null,")
            assert taken <= counted[index]
            if "omitted" not in row:
                assert counted[index] < 1.5 * taken + 7 * LONGEST_ANSWER


def test_completions_of_other_problems_than_the_benchmarks_are_an_error(evaluation):
    other = Evaluation("toy+rl", "boxed", "gsm8k", [*IDS[:-1], "x"], evaluation.parts)
    with pytest.raises(SystemExit, match="are not those of 5 problems of gsm8k"):
        verdicts(other, all_of(other))


def test_a_cell_whose_trainings_all_collapsed_has_no_verdicts():
    nothing = Evaluation("toy+rl", "boxed", "gsm8k", IDS, [])
    assert verdicts(nothing, [])["correct"] == ""
    assert list(chunks(nothing, [], chunk=2)) == []
