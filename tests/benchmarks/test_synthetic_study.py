"""The synthetic study: its records are those that are planned, and what follows runs on it."""

import pytest

from benchmarks.synthetic_study import MADE, NOTE, Sizes, synthetic_study, write_study
from scripts.lib.dag.targets import targets
from scripts.lib.files import read_json, write_json
from scripts.lib.frames import read_frame
from scripts.lib.price.walk import dag_of
from scripts.lib.records import is_current
from tests.workflow import snakemake

TARGETS = ["scores", "tables", "figures", "paper", "report"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return the study with all its cells on a few problems and two seeds, and its folder."""
    folder = tmp_path_factory.mktemp("synthetic")
    made = synthetic_study(folder, seeds=[0, 1])
    write_study(folder, made, Sizes(8, 60, 24))
    return made, folder


def stale(study, folder):
    """Return the rules of the jobs that would run although their files are there."""
    jobs = [job for job in dag_of(study, targets(study)["scores"]) if job.rule in MADE]
    assert len(jobs) > 100
    return [job.rule for job in jobs if not is_current(job, folder / "results" / study.name)]


def test_every_record_is_that_of_the_planned_job(study):
    assert stale(*study) == []


def test_a_record_of_another_key_is_not(study):
    made, folder = study
    path = next((folder / "results" / "synthetic" / "eval").glob("*+rl/seed-0/gsm8k.run.json"))
    record = read_json(path)
    try:
        write_json(path, record | {"key": "0" * 64})
        assert stale(made, folder) == ["evaluate"]
    finally:
        write_json(path, record)


@pytest.mark.slow
def test_what_follows_an_evaluation_runs_on_it_and_nothing_before(study):
    """Two trainings collapsed: one left no model, one is marked by its log. Nothing is too wide."""
    folder = study[1]
    run = snakemake("--configfile", folder / "study.yaml", "--cores", "2", "--show-failed-logs",
                    "--", *TARGETS, folder=folder)  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    results = folder / "results" / "synthetic"
    logs = {path.name for path in (folder / "logs" / "synthetic").iterdir()}
    assert not any(rule in logs for rule in MADE)
    scores = read_frame(results / "scores.csv")
    assert len(scores) == (30 + 20 + 2) * 5 * 2
    assert scores.loc[scores["status"] == "collapsed", "cell"].nunique() == 2
    assert scores["accuracy"].isna().any()
    assert NOTE in (results / "tables" / "table1.md").read_text()
    assert (results / "paper.pdf").read_bytes().startswith(b"%PDF")
    assert NOTE in (results / "report" / "index.html").read_text()
    assert "Overfull" not in (folder / "logs" / "synthetic" / "typeset.log").read_text()
