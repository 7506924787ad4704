"""The whole report of a small study that is made up: counts, limit, hostile texts, collapse."""

import re

import pytest

from scripts.lib.files import digest_files, size_of
from scripts.make_report import make
from tests.report.reading import read_data, value_of
from tests.report.small_study import COLLAPSED, planned, rows_of, write_inputs


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the planned job and its report."""
    folder = tmp_path_factory.mktemp("small")
    run = planned(folder)
    write_inputs(run)
    (folder / "report").mkdir()
    make(run, folder / "report")
    return run, folder / "report"


def tasks(run):
    """Yield every cell and task."""
    for cell in run.study.cells():
        for task in run.study.tasks_of(cell):
            yield cell, task, *run.study.prompt_and_benchmark(task)


def completions(run, cell, task):
    """Return the completions of all seeds."""
    return [row for seed in run.study.seeds() for row in rows_of(run.study, cell, seed, task, 40)]


def test_the_verdicts_are_those_of_every_completion(made):
    run, report = made
    for cell, task, prompt, benchmark in tasks(run):
        found = read_data(report, f"data/verdicts/{cell}/{prompt}/{benchmark}")
        rows = completions(run, cell, task)
        assert found["correct"] == "".join(str(int(row["correct"])) for row in rows)
        assert found["lighteval"] == "".join("1" if row["correct"] else "?" for row in rows)
        alone = (cell, 5) == COLLAPSED
        assert found["seeds"] == ([0] if alone else [0, 5])


def test_every_text_is_there_where_all_fit(made):
    run, report = made
    for cell, task, prompt, benchmark in tasks(run):
        rows = completions(run, cell, task)
        folder = report / "data" / "completions" / cell / prompt / benchmark
        texts = []
        for path in folder.glob("*.js"):
            name = path.relative_to(report).with_suffix("").as_posix()
            texts += [row["completion"] for row in read_data(report, name)["completions"]]
        assert sorted(texts) == sorted(row["completion"] for row in rows)


def test_no_file_of_data_holds_markup(made):
    _, report = made
    files = list((report / "data").rglob("*.js"))
    assert len(files) > 20
    for path in files:
        content = path.read_bytes()
        assert b"<" not in content
        value_of(path.relative_to(report).with_suffix("").as_posix(), content)


def test_the_page_has_no_script_but_its_own(made):
    _, report = made
    page = (report / "index.html").read_text(encoding="utf-8")
    assert "alert(2)" in page
    assert "<script>alert" not in page
    assert "<b>bold</b>" not in page
    sources = re.findall(r"<(?:script|img|link)\b[^>]*\b(?:src|href)=\"((?!data:)[^\"]+)\"", page)
    assert sources
    for source in sources:
        assert (report / source).is_file(), source


def test_the_page_is_dated_by_the_records_and_not_by_their_files(made):
    _, report = made
    assert "<dd>2024-02-29</dd>" in (report / "index.html").read_text()


def test_a_collapsed_seed_is_said_and_its_cell_keeps_the_other(made):
    run, report = made
    study = read_data(report, "data/study")
    cell, seed = COLLAPSED
    collapsed = {of["cell"]: of["collapsed"] for of in study["cells"]}
    assert collapsed == {name: [seed] if name == cell else [] for name in collapsed}
    page = read_data(report, f"data/cells/{cell}")
    assert [(one["seed"], one["reason"]) for one in page["collapsed"]] == [(seed, "KL of 12")]
    assert "KL of 12" in (report / "index.html").read_text(encoding="utf-8")


def test_a_cell_that_no_table_has_is_there_as_a_parent(made):
    run, report = made
    assert "toy-base+sft" not in run.study.cells()
    page = read_data(report, "data/cells/toy-base+sft")
    assert page["records"] == []
    assert page["curve"]["seeds"]["5"][1] == [2, None]  # the loss was no number


def test_the_archives_that_lie_in_runs_are_listed_as_text(made, tmp_path, monkeypatch):
    _, without = made
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "theirs.tar").write_text("no tar")
    monkeypatch.chdir(tmp_path)
    run = planned(tmp_path)
    write_inputs(run)
    (tmp_path / "report").mkdir()
    make(run, tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert '<th scope="row">theirs.tar</th>' in page
    assert "refused: &lt;/script&gt;" in page
    assert "Runs by others" not in (without / "index.html").read_text(encoding="utf-8")


def test_a_report_is_the_same_however_often_it_is_made(made, tmp_path):
    run, report = made
    make(run, tmp_path)
    assert digest_files(tmp_path) == digest_files(report)


def test_the_folder_stays_within_its_limit_and_says_what_it_keeps(tmp_path):
    whole, small = planned(tmp_path), planned(tmp_path, max_megabytes=0)
    write_inputs(whole, characters=5_000)
    (tmp_path / "none").mkdir()
    make(small, tmp_path / "none")
    fixed = size_of(tmp_path / "none")
    limit = fixed // 10**6 + 1
    limited = planned(tmp_path, max_megabytes=limit)
    (tmp_path / "some").mkdir()
    make(limited, tmp_path / "some")
    assert fixed < size_of(tmp_path / "some") <= limit * 10**6
    page = (tmp_path / "some" / "index.html").read_text(encoding="utf-8")
    kept = every = 0
    of_problem = {}
    for cell, _, prompt, benchmark in tasks(limited):
        found = read_data(tmp_path / "some", f"data/verdicts/{cell}/{prompt}/{benchmark}")
        kept += found["kept"].count("1")
        every += len(found["kept"])
        samples, problems = found["samples"], found["problems"]
        if prompt == "boxed":
            first = found["kept"][: problems * samples : samples]
            assert of_problem.setdefault(benchmark, first) == first  # the same in all cells
    assert 0 < kept < every
    assert f"texts of {kept:,} of them" in page
    assert f"all {every:,} completions" in page
