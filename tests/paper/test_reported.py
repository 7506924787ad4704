"""The files of paper/: the printed numbers, their cells, sources and columns."""

import pytest
import yaml

from scripts.lib.paper.files import AUDIT_FILES, read_paper_file
from scripts.lib.paper.reported import (
    frame,
    read_benchmarks,
    reported_numbers,
)
from scripts.lib.study.cells import Study
from tests.workflow import ROOT

FILES = {name: read_paper_file(name) for name in AUDIT_FILES}
BENCHMARKS = read_benchmarks(FILES["benchmarks.csv"])
HEAD = "table,section,method,olympiadbench,math500,minerva,amc23,gsm8k,cell,source,column\n"


@pytest.fixture(scope="module")
def study():
    return Study(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")))


def numbers(*rows):
    return reported_numbers(HEAD + "".join(f"{row}\n" for row in rows), BENCHMARKS)


def test_every_row_names_a_cell_of_the_study(study):
    reported = frame(FILES["reported.csv"])
    assert set(map(study.cell_of_row, reported["cell"])) <= set(study.cells())


def test_the_cells_stand_where_the_study_has_them(study):
    """Row by row: the study's tables are the paper's."""
    reported = frame(FILES["reported.csv"])
    for table, group in reported.groupby("table"):
        assert sorted(map(study.cell_of_row, group["cell"])) == sorted(study.rows_of_table(table))


def test_public_figures_name_cells_of_the_study(study):
    public = frame(FILES["public.csv"])
    assert set(map(study.cell_of_row, public["cell"])) <= set(study.cells())
    assert set(public["benchmark"]) <= set(study.benchmarks())


def test_the_sizes_are_those_of_the_study(study):
    sizes = {
        name: study.config["datasets"][benchmark["dataset"]]["hub"]["rows"]
        for name, benchmark in study.config["benchmarks"].items()
    }
    assert dict(zip(BENCHMARKS["benchmark"], BENCHMARKS["problems"], strict=True)) == sizes
    labels = {name: benchmark["label"] for name, benchmark in study.config["benchmarks"].items()}
    assert dict(zip(BENCHMARKS["benchmark"], BENCHMARKS["label"], strict=True)) == labels


def test_the_printed_numbers_one_by_one():
    found = numbers(
        "table1,S,A,1.0,-,3.0,,4.50,a,minerva:other,olympiadbench:assumed",
        "table1,S,B†,-,2.0,-,-,-,,,",
    )
    assert found[["method", "benchmark", "printed", "source", "column"]].values.tolist() == [
        ["A", "olympiadbench", "1.0", "", "assumed"],
        ["A", "minerva", "3.0", "other", ""],
        ["A", "gsm8k", "4.50", "", ""],
        ["B†", "math500", "2.0", "", ""],
    ]


def test_the_paper_prints_152_numbers():
    found = reported_numbers(FILES["reported.csv"], BENCHMARKS)
    assert len(found) == 152
    assert len(found.drop_duplicates(["method", "benchmark", "printed"])) == 132


@pytest.mark.parametrize("remark", ["minerva", "minerva:", "minervas:deepscaler"])
def test_a_remark_of_another_form_is_named(remark):
    with pytest.raises(SystemExit, match=r"reported.csv, line 2, source: '.*' is not of the form"):
        numbers(f"table1,S,A,1.0,-,3.0,-,4.5,a,{remark},")
