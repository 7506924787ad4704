"""What grading costs on the golds of all five benchmarks, as a ratio.

python -m pytest tests/benchmarks -s     prints the figures
"""

import json

import pytest

from benchmarks.bars import BARS
from benchmarks.grading_ratios import grader_by_math_verify, ordinary_completions
from tests.real_files import FILES, load

BLOCKS = 20
MEASURED = 6  # of them, each with all five benchmarks, after one that warms up


@pytest.mark.slow
def test_the_grader_takes_a_fraction_of_bare_math_verify(real_data):
    """Every pair is new to both."""
    rows = [
        (benchmark, load(benchmark, json.loads(line), index)["gold"])
        for benchmark, name in FILES.items()
        for index, line in enumerate((real_data / f"{name}.jsonl").open(encoding="utf-8"))
    ]
    assert len(rows) == 2806
    pairs = ordinary_completions(rows)
    found = grader_by_math_verify([pairs[start::BLOCKS] for start in range(MEASURED + 1)])
    print(found)
    assert found["value"] <= BARS["grader_by_math_verify"].most
