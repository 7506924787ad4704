"""The benchmark of the trainers runs, at toy size; what it measured on GPUs is kept whole."""

import re
import subprocess
import sys

import pytest

from scripts.lib.files import read_json
from tests.workflow import ROOT

KEPT = sorted((ROOT / "benchmarks" / "results").glob("*-h100*.json"))


@pytest.mark.slow
def test_every_program_of_the_benchmark_gives_its_figures(tmp_path):
    output = tmp_path / "toy.json"
    cases = ["sft-220-b4", "sft-lora-220-b4", "grpo-128", "generate-32x120", "host"]
    command = [sys.executable, "-m", "benchmarks.train_speed", "--toy", "--output", output]
    subprocess.run([*command, "--cases", *cases], cwd=ROOT, check=True)
    found = {name: case["figures"] for name, case in read_json(output)["cases"].items()}
    assert list(found) == sorted(cases)
    assert all(step > 0 for step in found["sft-220-b4"]["step_seconds"])
    assert 0 < found["sft-220-b4"]["mfu"] < found["sft-220-b4"]["mfu_with_attention"] < 1
    parts = found["grpo-128"]["parts"]
    assert sum(parts.values()) == pytest.approx(found["grpo-128"]["step_seconds"], rel=0.01)
    assert found["grpo-128"]["completion_tokens"] <= 8 * 12


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_kept_result_says_when_where_and_of_which_code_it_is(path):
    record = read_json(path)
    assert re.fullmatch(r"[0-9a-f]{40}", record["commit"])
    assert path.name.startswith(record["date"])
    assert record["machine"]["gpu"] and record["machine"]["versions"]["torch"]
    for case in record["cases"].values():
        assert case["figures"] or case["reason"]
