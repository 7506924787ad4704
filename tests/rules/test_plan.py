"""`snakemake plan` as it is typed: read in part, or without what it needs to price the study."""

import os
import subprocess

import pytest

from tests.workflow import DEMO, ENVIRONMENT, ROOT, command, snakemake


@pytest.mark.parametrize("both", [False, True], ids=["stdout", "stdout and stderr"])
def test_a_reader_that_leaves_ends_it_as_soon(both, tmp_path):
    words = ["--cores", "1", "--configfile", DEMO, "--", "plan"]
    reading, writing = os.pipe()
    run = subprocess.Popen(
        command(*words, folder=tmp_path),
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=writing,
        stderr=writing if both else subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(writing)
    with open(reading) as pipe:  # noqa: PTH123
        first = pipe.readline()
        while both and first != "Building DAG of jobs...\n":
            first = pipe.readline()
    assert run.wait(120) == 0
    assert not list((tmp_path / ".snakemake").glob("locks/*"))


def test_what_it_cannot_price_is_said_once(tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        f"models: {{other: {{label: X, repo: a/b, revision: {'a' * 40}}}}}\n"
        "roles: {base: other}\ntabulate: [table2]\n"
    )
    words = ("--cores", "1", "--configfile", DEMO, mine, "--", "plan")
    run = snakemake(*words, folder=tmp_path)
    assert run.returncode == 1
    printed = (run.stdout + run.stderr).splitlines()
    assert printed[-1].startswith("models.other.parameters: not given, so `plan` cannot price it")
    assert not [line for line in printed if "RuleException" in line or "Logfile" in line]
    assert sum("not given" in line for line in printed) == 1
