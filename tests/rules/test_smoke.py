"""`snakemake smoke` on the mini study's models, by transformers on the CPU."""

import pytest

from scripts.lib.files import read_json
from tests.rules.conftest import RUN, begin_with
from tests.workflow import snakemake


@pytest.mark.slow
def test_the_smoke_test_passes_and_its_speeds_are_in_the_plan(mini_study, tmp_path):
    begin_with(mini_study, tmp_path, "models/toy-base", "data")
    options = RUN[: RUN.index("--")] if "--" in RUN else RUN
    run = snakemake(*options, "--", "smoke", folder=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    record = read_json(tmp_path / "results" / "mini" / "smoke.json")
    assert all(check["passed"] for check in record["checks"].values()), record["checks"]
    assert record["checks"]["SFT, preempted and resumed"]["facts"]["starts"] == 2
    assert record["checks"]["memory of the longest sequences"]["facts"]["peak_memory_bytes"] > 0
    assert set(record["speeds"]) == {"evaluate", "train_grpo", "train_sft"}
    assert "passed  GRPO" in run.stdout and "With these speeds the study takes" in run.stdout
    assert "loss=" not in run.stdout  # what trainings print is in the log
    plan = snakemake(*options, "--", "plan", folder=tmp_path)
    assert "corrected by the smoke test's speeds" in plan.stdout
