"""What reads a finished study, on a real one: its chains, its archive, its description."""

import shutil
import sys

import pytest

from scripts import compare_runs, pack, trace, write_crate
from scripts.lib.files import read_json
from tests.rules.conftest import RUN, TOKEN, begin_with
from tests.workflow import planned, snakemake

pytestmark = pytest.mark.slow


@pytest.fixture
def results(mini_study):
    return mini_study / "results" / "mini"


@pytest.fixture
def printed(monkeypatch, capsys):
    def run(program, *flags):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", [program.__name__, *map(str, flags)])
        program.main()
        return capsys.readouterr().out

    return run


def test_every_number_has_a_chain_that_is_current(results, printed):
    for path in (results / "cells").glob("*/gsm8k.json"):
        chain, current = printed(trace, path).splitlines()[1].split(" jobs in its chain, ")
        assert current == f"{chain} of them current"
        assert int(chain) >= 5


def test_a_run_is_identical_to_its_archive(results, printed, tmp_path):
    archive = tmp_path / "run.tar"
    assert "not" not in printed(pack, results, "--output", archive).splitlines()[0]
    text = printed(compare_runs, archive, "--ours", results)
    assert "6 table cells: identical 6" in text
    assert "210 completions judged again: 0 verdicts differ, of the strict ones 0" in text
    assert ", 0 another; 0 are theirs alone, 0 ours alone" in text
    assert "engines, devices and versions are the same" in text
    assert "not those of their completions" not in text


def test_the_report_lists_the_archives_that_lie_in_runs(mini_study, printed, tmp_path):
    begin_with(mini_study, tmp_path, "")
    (tmp_path / "runs").mkdir()
    printed(pack, mini_study / "results" / "mini", "--output", tmp_path / "runs" / "theirs.tar")
    torn = (tmp_path / "runs" / "theirs.tar").read_bytes()[:9999]
    (tmp_path / "runs" / "torn.tar").write_bytes(torn)
    jobs = {"compare_archive": 2, "make_report": 1}
    assert planned(*RUN, folder=tmp_path) == jobs | {"all": 1}
    run = snakemake(*RUN, folder=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    page = (tmp_path / "results" / "mini" / "report" / "index.html").read_text()
    assert "<td>identical 6</td>" in page
    assert "refused: not an uncompressed tar" in page
    assert planned(*RUN, folder=tmp_path) == {}


def test_the_description_of_a_run_names_every_file_that_its_jobs_left(results, printed, tmp_path):
    pytest.importorskip("rocrate", reason="rocrate is not installed: `make setup` installs it")
    copied = shutil.copytree(results, tmp_path / "mini")
    printed(write_crate, copied)
    first = (copied / write_crate.METADATA).read_bytes()
    named = {entity["@id"] for entity in read_json(copied / write_crate.METADATA)["@graph"]}
    for pattern in ("cells/toy-base/*.json", "tables/*.*", "eval/toy-base/**/*.parquet"):
        found = {path.relative_to(copied).as_posix() for path in copied.glob(pattern)}
        assert found
        assert found <= named
    printed(write_crate, copied)
    assert (copied / write_crate.METADATA).read_bytes() == first


def test_a_token_is_in_nothing_that_a_run_leaves(mini_study, printed, tmp_path, monkeypatch):
    """Logs, records, the report, the console, Snakemake's memory; an archive and a crate of it."""
    pytest.importorskip("rocrate", reason="rocrate is not installed: `make setup` installs it")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    copied = shutil.copytree(mini_study / "results" / "mini", tmp_path / "mini")
    said = printed(pack, copied, "--output", tmp_path / "run.tar") + printed(write_crate, copied)
    left = [path for folder in (mini_study, tmp_path) for path in folder.rglob("*")]
    assert len(left) > 200
    assert TOKEN not in said
    holding = [path for path in left if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert holding == []
