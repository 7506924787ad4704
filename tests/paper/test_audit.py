"""The audit of the printed numbers: what it finds in the paper, and in numbers made up."""

import pytest

from scripts.lib.paper.audit import (
    COLUMNS,
    Z95,
    audit,
    standard_error,
    studied,
)
from scripts.lib.paper.audit_page import audit_page
from scripts.lib.paper.audit_tables import MARKS, latex_tables, marked_grid, marks_of
from scripts.lib.paper.files import AUDIT_FILES, AUDIT_TEMPLATE, read_paper_file
from tests.workflow import ROOT, snakemake

FILES = {name: read_paper_file(name) for name in AUDIT_FILES}


@pytest.fixture(scope="module")
def found():
    return audit(FILES)


def printed(found, benchmark, fit):
    numbers = found.numbers
    chosen = numbers[(numbers["benchmark"] == benchmark) & (numbers["fit"] == fit)]
    return set(chosen["printed"])


def number(found, cell, benchmark, table="table1"):
    numbers = found.numbers
    held = (numbers[["table", "cell", "benchmark"]] == [table, cell, benchmark]).all(axis=1)
    return numbers[held].iloc[0]


def with_rows(*rows):
    """Return the files with other rows of Table 2."""
    head = FILES["reported.csv"].partition("\n")[0]
    public = FILES["public.csv"].partition("\n")[0]
    return FILES | {"reported.csv": "\n".join([head, *rows, ""]), "public.csv": public + "\n"}


def test_numbers_that_no_rule_gives(found):
    assert printed(found, "math500", "neither") == {"83.9"}
    assert printed(found, "amc23", "neither") == {"66.7", "74.5"}
    for benchmark in ("olympiadbench", "minerva", "gsm8k"):
        assert printed(found, benchmark, "neither") == set()


def test_numbers_that_one_rule_gives(found):
    assert printed(found, "minerva", "cut") == {"2.5", "1.4", "0.3", "12.8", "35.2"}
    assert printed(found, "minerva", "rounded") == {"8.5", "4.8", "3.7", "6.3", "26.5", "34.6"}
    assert printed(found, "olympiadbench", "cut") == {"0.5", "16.7", "31.4", "38.2", "49.8"}
    assert printed(found, "olympiadbench", "rounded") == {
        *("1.8", "2.4", "3.0", "3.3", "4.6", "5.2", "7.6", "20.2", "40.7")
    }
    for benchmark in ("math500", "amc23", "gsm8k"):
        assert printed(found, benchmark, "cut") == printed(found, benchmark, "rounded") == set()


def test_a_number_of_an_unknown_column_is_not_tested(found):
    row = number(found, "deepseek-r1-distill-qwen-7b", "minerva")
    assert row["printed"] == "77.5"
    assert row["fit"] == "untested"
    assert row["counts_rounded"] == row["standard_error"] == row["fits_average"] == ""


def test_sizes_that_fit_the_trained_models(found):
    sizes = found.sizes.set_index("benchmark")
    assert sizes.at["olympiadbench", "rounded"] == sizes.at["olympiadbench", "cut"] == []
    assert {*sizes.at["math500", "rounded"]} & {*sizes.at["math500", "cut"]} == {500}
    assert 40 in sizes.at["amc23", "rounded"] and 83 not in sizes.at["amc23", "rounded"]
    assert sizes.at["gsm8k", "share_rounded"] == 1


def test_averages_of_16_samples(found):
    assert number(found, "still-3-1.5b-preview", "amc23")["fits_average"] == "yes"
    files = with_rows("table2,S,A,-,-,-,66.8,-,instruct,,")
    assert audit(files).numbers["fits_average"].tolist() == ["no"]  # between 427 and 428 of 640


def test_standard_errors(found):
    assert standard_error("50.0", 100) == pytest.approx(5)
    assert standard_error("0.0", 40) == 0
    amc = found.numbers.query("benchmark == 'amc23'")
    ours = studied(amc)["standard_error"].astype(float)
    assert (round(ours.min(), 1), round(ours.max(), 1)) == (0, 4.7)
    assert round(amc["standard_error"].astype(float).max(), 1) == 7.9


def test_what_two_tables_print_differently(found):
    different = found.numbers[found.numbers["other_tables"] != ""]
    assert different[["table", "cell", "benchmark", "printed", "other_tables"]].values.tolist() == [
        ["table1", "instruct+rl", "amc23", "10.0", "7.5"],
        ["table2", "instruct+rl", "amc23", "7.5", "10.0"],
        ["table3", "instruct+rl", "amc23", "7.5", "10.0"],
    ]


def test_hybrids_lie_below_direct_rl_in_28_of_30_numbers(found):
    hybrids = found.comparisons.query("against == 'direct RL'")
    assert len(hybrids) == 30
    assert (hybrids["difference"] < 0).sum() == 28


def test_the_error_of_a_difference_is_that_of_two_independent_runs():
    rows = [
        "table2,S,A,-,-,-,10.0,-,instruct,,",
        "table2,S,B,-,-,-,50.0,-,instruct+sft,,",
    ]
    (row,) = audit(with_rows(*rows)).comparisons.itertuples()
    assert (row.against, row.cell, row.difference) == ("untrained", "instruct+sft", 40)
    assert row.standard_error == pytest.approx(100 * (2 * 0.3 * 0.7 / 40) ** 0.5)


def test_no_difference_on_amc23_is_clear(found):
    amc = found.comparisons.query("benchmark == 'amc23'")
    assert (amc["difference"].abs() < Z95 * amc["standard_error"]).all()
    assert len(amc) == 14


def test_a_quoted_number_is_in_its_source(found):
    quoted = found.numbers[found.numbers["source"] != ""]
    assert len(quoted) == 10
    assert (quoted["public"] == quoted["printed"]).all()
    assert (quoted["public_source"] == quoted["source"]).all()


def test_a_quotation_that_its_source_does_not_have_is_refused():
    wrong = FILES["reported.csv"].replace("84.4,29.0", "84.5,29.0")
    with pytest.raises(SystemExit, match="still-3-1.5b-preview on math500 .* has no 84.5"):
        audit(FILES | {"reported.csv": wrong})


def test_marks(found):
    marks = {
        (row["cell"], row["benchmark"]): marks_of(row)
        for _, row in found.numbers[found.numbers["table"] == "table1"].iterrows()
    }
    assert marks["deepseek-r1-distill-qwen-1.5b", "math500"] == "nq"
    assert marks["qwen2.5-math-7b-instruct", "minerva"] == "rq"
    assert marks["deepseek-r1-distill-qwen-7b", "minerva"] == "u"
    assert marks["qwen2.5-1.5b-instruct", "gsm8k"] == "p"
    assert marks["instruct+rl", "amc23"] == "d"
    assert marks["qwen2.5-7b-instruct", "olympiadbench"] == "c"
    assert marks["instruct", "gsm8k"] == ""
    assert set("".join(marks.values())) == set(MARKS)


def test_a_table_with_marks(found):
    head, section, first, *_ = marked_grid(found, "table1")
    assert head == ["Method", "OlympiadBench", "MATH500", "MINERVA", "AMC23", "GSM8K"]
    assert section == ["LMs (7B)", "", "", "", "", ""]
    assert first == ["Qwen2.5-7B-Instruct", "38.2 c", "75.2", "35.2 c", "55.0", "90.6"]


def test_the_latex_tables(found):
    text = latex_tables(found)
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 3
    assert r"Still-3-1.5B-Preview & 45.4$^{\mathrm{q}}$ & 84.4$^{\mathrm{q}}$" in text
    assert r"& 45.0 & -- \\" in text


def test_the_columns_are_those_described(found):
    assert found.numbers.columns.tolist() == [column.name for column in COLUMNS]


def test_the_page_says_what_the_files_say():
    page = audit_page(FILES[AUDIT_TEMPLATE], audit(FILES))
    other = audit_page(
        FILES[AUDIT_TEMPLATE],
        audit(FILES | {"benchmarks.csv": FILES["benchmarks.csv"].replace("40", "3")}),
    )
    assert "66.7" in page and "66.7, 74.5" in page
    assert "66.7, 74.5" not in other  # 2 of 3


def test_the_committed_page_is_current():
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    assert page == audit_page(FILES[AUDIT_TEMPLATE], audit(FILES)), "run `make docs`"


@pytest.mark.slow
def test_the_rule_writes_the_page_for_any_study(tmp_path, found):
    folder = tmp_path / "results" / "demo" / "paper"
    snakemake(
        *("--cores", "1", "--configfile", ROOT / "demo" / "study.yaml"),
        *("--", "results/demo/paper/audit.csv"),
        folder=tmp_path,
    )
    assert (folder / "audit.md").read_text() == (ROOT / "docs" / "audit.md").read_text()
    assert (folder / "audit.csv").read_text() == found.numbers.to_csv(index=False)
    assert "<td>38.2 c</td>" in (folder / "audit.html").read_text()
    assert (folder / "audit.tex").read_text() == latex_tables(found)
