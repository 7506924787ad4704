"""pass@k, maj@k and the shares of an evaluation, from its stored completions."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scripts.lib.scores.samples import majority, read_samples, sample_shares

WELL_FORMED = "<think>6 * 3</think><answer>18</answer>"


def row(extracted, correct, completion="It is 18."):
    status = "ok" if extracted else "no_answer"
    return {
        "completion": completion,
        "extracted": extracted,
        "correct": correct,
        "status": status,
    }


def test_the_shares_of_two_problems_with_three_samples(tmp_path):
    rows = [
        row("18", True, WELL_FORMED), row("7", False), row("7", False),
        row("0.5", True), row(r"\\frac{1}{2}", True), row(None, False),
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "gsm8k.parquet")
    assert sample_shares(read_samples(tmp_path / "gsm8k.parquet"), 3) == pytest.approx(
        {"pass_at_k": 1.0, "maj_at_k": 0.5, "unreadable": 1 / 6, "in_format": 1 / 6}
    )


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([("18", True)], 1.0),
        ([("7", False)], 0.0),
        ([(None, False)], 0.0),
        ([("18", True), ("7", False)], 0.5),
        ([("18", True), ("7", False), ("8", False)], 1 / 3),
        ([("18", True), ("18.0", True), ("7", False), ("7", False), ("7", False)], 0.0),
        ([("18", True), (None, False), (None, False)], 1.0),  # no answer is no vote
    ],
)
def test_the_majority_of_answers(answers, expected):
    assert majority([row(*answer) for answer in answers]) == pytest.approx(expected)
