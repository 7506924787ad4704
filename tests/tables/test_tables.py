"""Tables as LaTeX, Markdown and CSV; the console's summary; the paper's own numbers."""

import csv
import re

import pandas as pd
import pytest

from scripts.lib.frames import read_frame, write_frame
from scripts.lib.scores.forms import escape_latex, html_page
from scripts.lib.scores.marks import NONE, marks_against
from scripts.lib.tables.frame import COLUMNS, table_frame, with_best_rows
from scripts.lib.tables.latex import one_column, two_columns
from scripts.lib.tables.markdown import markdown_table
from scripts.lib.tables.notes import long_notes, short_notes
from scripts.print_summary import (
    describe_prompts,
    describe_rl,
    fit_table,
    without_said,
    without_what_depends,
)
from tests.score_samples import (
    cell_record,
    comparison,
    table_marks,
    table_records,
    table_settings,
)
from tests.workflow import ROOT

PAPER = ROOT.parent / "shared" / "paper.md"


def forms(table=None, records=None, marks=NONE, printed=None):
    """Return a table's frame, and its forms: for one column, for two, as Markdown."""
    table, records = table or table_settings(), records or table_records()
    frame = table_frame("table2", table, records, marks, printed)
    short, long = (notes(table, frame, records, marks) for notes in (short_notes, long_notes))
    tex = [form("table2", table, frame, short) for form in (one_column, two_columns)]
    return frame, *tex, markdown_table(table, frame, long)


def markdown_of(*given):
    return forms(*given)[-1]


def test_latex_rows_sections_and_order():
    _, narrow, wide, _ = forms()
    lines = [line for line in narrow.splitlines() if line.endswith(("\\\\", "\\\\*"))]
    assert r"{GSM8K}" in lines[0] and r"{AMC23}" in lines[0]
    assert r"\textit{Baselines}" in lines[1]
    assert lines[2].endswith(r"{Toy} \\*")
    assert lines[3].count(r"25.0$^{+4.2}_{-3.1}$") == 2
    assert r"{Toy+\allowbreak SFT} \\*" in lines[5]
    assert lines[6].count(r"\textbf{54.0}$^{+4.2}_{-3.1}$") == 2
    assert r"\label{tab:table2}" in narrow and r"\label{tab:table2-wide}" in wide
    assert r"Toy+\allowbreak SFT & \textbf{54.0}" in wide and r"\begin{table*}" in wide


def test_long_headings_break_where_words_meet():
    table = table_settings()
    table["benchmarks"] = [{"name": "gsm8k", "label": "OlympiadBench"}]
    assert r"\shortstack[r]{Olympiad\\Bench}" in forms(table)[1]


def test_collapsed_rows_are_marked_and_explained():
    _, tex, wide, markdown = forms()
    dash = r"--\makebox[0.9em][l]{}"
    assert rf"+\allowbreak RL$^{{\ddagger}}$ & {dash} & {dash} \\" in wide
    assert r"$^{\ddagger}$ Training collapsed (Toy+SFT+RL: 1 of 1 seed, no weights)" in tex
    assert re.search(r"\| Toy\+SFT\+RL‡ +\| – +\| – +\|", markdown)
    assert "‡ Training collapsed (Toy+SFT+RL: 3 of 3 seeds, no weights). Collapsed seeds" in (
        markdown_of(table_settings(), table_records(seeds=3))
    )
    marked = table_records()
    for name in ("gsm8k", "amc23"):
        marked["toy+sft+rl", name] = cell_record("toy+sft+rl", name, 0.5) | {"status": "collapsed"}
        run = {"seed": 0, "status": "collapsed", "marks": [{"rule": "KL"}, {"rule": "cut off"}]}
        marked["toy+sft+rl", name]["runs"] = [run]
    markdown = markdown_of(table_settings(), marked)
    assert re.search(r"\| Toy\+SFT\+RL‡ +\| 50.0 \[", markdown)
    assert "(Toy+SFT+RL: 1 of 1 seed, KL, cut off)" in markdown
    healthy = table_records() | {
        ("toy+sft+rl", name): cell_record("toy+sft+rl", name, 0.5) for name in ("gsm8k", "amc23")
    }
    assert "‡" not in markdown_of(table_settings(), healthy)


def candidates_table():
    """Return the sample table as it is planned: every row a list of cells to choose from."""
    table = table_settings()
    (toy,), (sft, rl) = (section["rows"] for section in table["sections"])
    table["sections"][0]["rows"] = [[toy]]
    table["sections"][1]["rows"] = [[rl, sft]]
    return table


def test_the_best_of_several_cells_is_shown_and_the_choice_is_stated():
    table = with_best_rows(candidates_table(), table_records())
    rows = [row["cell"] for section in table["sections"] for row in section["rows"]]
    assert rows == ["toy", "toy+sft"]  # the other one collapsed
    assert "chosen by these very numbers" in markdown_of(table, table_records())
    records = table_records() | {
        ("toy+sft+rl", name): cell_record("toy+sft+rl", name, accuracy)
        for name, accuracy in (("gsm8k", 0.9), ("amc23", 0.2))
    }
    table = with_best_rows(candidates_table(), records)  # a mean of .55 against .54
    assert [row["cell"] for row in table["sections"][1]["rows"]] == ["toy+sft+rl"]


def test_a_table_without_a_choice_states_none():
    planned = candidates_table()
    planned["sections"].pop()
    table = with_best_rows(planned, table_records())
    assert "chosen" not in markdown_of(table, table_records())


def test_a_short_context_is_stated():
    table = table_settings() | {"context": {"Toy": 4096}}
    assert "The context of Toy holds 4096 tokens" in markdown_of(table, table_records())


def test_notes_state_what_the_numbers_are():
    markdown = markdown_of(table_settings(note="Toy models."), table_records())
    assert "\n\nToy models.\n\n" in markdown
    assert "one seed" in markdown and "not over trainings" in markdown
    assert "Problems × samples: GSM8K 40 × 2, AMC23 40 × 2." in markdown
    assert "most common answer would score: GSM8K 5.1, AMC23 5.1." in markdown
    assert "mean over 3 seeds" in markdown_of(table_settings(), table_records(seeds=3))


def printed_rows(**others):
    """Return rows of reproduction.csv for the second row of the sample table."""
    row = {"table": "table2", "cell": "toy+sft", "source": "", "column": "", "verdict": "unclear"}
    rows = [row | {"benchmark": "gsm8k", "reported": 0.6, "z": -2.25} | others]
    return pd.DataFrame([*rows, row | {"table": "table3", "benchmark": "amc23", "reported": 0.1}])


def test_what_the_paper_prints_stands_below_each_row():
    frame, narrow, wide, markdown = forms(printed=printed_rows())
    assert "| · paper       | 60.0 (−2.2)" in markdown
    assert r"\textit{60.0\rlap{\,($-$2.2)}}" in narrow and r"\quad paper & \textit{60.0" in wide
    assert "in standard errors of one more run" in markdown
    assert frame["reported"].notna().sum() == 1  # that of another table is not shown here
    assert markdown.count("· paper") == 1  # rows without a printed number have no such line


def test_a_quoted_number_is_marked_and_an_unknown_column_is_not_shown():
    markdown = markdown_of(None, None, NONE, printed_rows(source="deepscaler", z=float("nan")))
    assert "60.0 (q)" in markdown and "quoted there from others" in markdown
    assert "· paper" not in markdown_of(None, None, NONE, printed_rows(column="unknown"))


def test_the_csv_is_tidy_and_in_fractions(tmp_path):
    frame = forms(printed=printed_rows())[0]
    write_frame(tmp_path / "table2.csv", frame, COLUMNS)
    rows = read_frame(tmp_path / "table2.csv").to_dict("records")
    assert [(row["cell"], row["benchmark"]) for row in rows] == [
        (cell, name) for cell in ("toy", "toy+sft", "toy+sft+rl") for name in ("gsm8k", "amc23")
    ]
    row = rows[2]
    assert (row["section"], row["accuracy"], row["low"]) == ("Training", 0.5404, 0.5094)
    assert (row["best"], row["reported"], row["z"]) == ("yes", 0.6, -2.25)
    assert rows[4]["method"] == "Toy+SFT+RL‡" and pd.isna(rows[4]["accuracy"])


def test_every_form_of_a_table_has_the_mark_of_the_comparisons_and_its_meaning():
    given = table_settings(), table_records(), table_marks()
    tex, markdown = forms(*given)[1::2]
    assert r"$^{+4.2}_{-3.1}$\makebox[0.9em][l]{*} &" in tex
    assert "| Toy+SFT       | **54.0** [50.9, 58.2]* | **54.0** [50.9, 58.2] |" in markdown
    note = "A star marks what differs from the untrained model it started from: this run alone, "
    note += "not its method: Holm at .05 over 4 comparisons."
    assert note in tex and note in markdown
    assert "<strong>54.0</strong> [50.9, 58.2]*</td>" in html_page("table2", markdown)
    assert forms(*given)[0]["mark"].tolist() == ["", "", "*", "", "", ""]
    assert "differs" not in markdown_of(table_settings(), table_records())
    narrow = fit_table(markdown, 25, "t.md")
    assert re.search(r"^Toy\+SFT +54\.0\* +54\.0$", narrow, re.MULTILINE)


def test_a_row_that_was_chosen_by_its_numbers_has_no_mark():
    table = with_best_rows(candidates_table(), table_records())
    assert [row["chosen"] for section in table["sections"] for row in section["rows"]] == [
        False,
        True,
    ]
    assert "]*" not in markdown_of(table, table_records(), table_marks())


def test_the_meaning_of_a_mark_names_what_is_random_and_the_family():
    rows = [comparison("toy+sft", "gsm8k", "*", basis="method"), comparison("toy+rl", "gsm8k")]
    method = marks_against(rows, "root", "boxed")
    assert method.meaning == "seeds are random, Benjamini-Hochberg at .05 over 4 comparisons"
    assert (method.of("toy+sft", "gsm8k"), method.of("toy+sft", "other")) == ("*", "")
    assert marks_against(rows, "parent", "boxed") == marks_against([], "root", "boxed") == ({}, "")
    collapsed = comparison("toy+sft", "gsm8k", runs_p="")
    assert marks_against([collapsed], "root", "boxed") == ({}, "")


def test_where_lightevals_verdict_differs_the_table_says_so():
    records = table_records()
    records["toy+sft", "gsm8k"]["lighteval_accuracy"] = 0.29
    records["toy+sft", "amc23"]["lighteval_accuracy"] = 0.53  # a point less than ours
    text = markdown_of(table_settings(), records, table_marks())
    assert "**54.0** [50.9, 58.2]*§ | **54.0** [50.9, 58.2] " in text
    assert "by it the accuracy is: Toy+SFT on GSM8K 29.0." in text
    assert r"{*$^{\mathsection}$} &" in forms(table_settings(), records, table_marks())[1]
    assert "LightEval" not in markdown_of(table_settings(), table_records(), table_marks())


def test_latex_special_characters_are_escaped():
    assert escape_latex("a_b & 50% #1 {x} $y ~ ^ \\z") == (
        r"a\_b \& 50\% \#1 \{x\} \$y \textasciitilde{} \textasciicircum{} \textbackslash{}z"
    )


def test_a_narrow_console_wraps_a_table_and_then_says_what_it_leaves_out():
    markdown = markdown_of(table_settings(), table_records())
    whole = fit_table(markdown, 200, "t.md")
    assert re.search(r"^Toy\+SFT +54\.0 \[.*, .*\] +54\.0 \[", whole, re.MULTILINE)
    wrapped = fit_table(markdown, 45, "t.md")
    assert re.search(r"^Toy\+SFT +54\.0 +54\.0$", wrapped, re.MULTILINE)
    assert re.search(r"^ +\[[\d.]+,[\d.]+\] +\[[\d.]+,[\d.]+\]", wrapped, re.MULTILINE)
    narrow = fit_table(markdown, 25, "t.md")
    assert "[" not in narrow and "**" not in narrow
    said = " ".join(narrow.split())
    assert "Intervals are left out: the table needs" in said and "It is in t.md." in said
    for text, width in ((whole, 200), (wrapped, 45), (narrow, 25)):
        table = [line for line in text.splitlines() if line.startswith(("Toy", " "))]
        assert table and max(map(len, table)) <= width


def test_a_note_is_said_once():
    said = set()
    assert without_said("### A\n\n| a |\n\nA note.", said) == "### A\n\n| a |\n\nA note."
    assert without_said("### B\n\n| a |\n\nA note.\n\nMore.", said) == "### B\n\n| a |\n\nMore."


def test_the_summary_shows_what_rl_added():
    parent = {"against": "parent"}
    rows = [
        comparison("toy+rl", "gsm8k", "*", **parent),
        comparison("toy+rl", "amc23", **parent, difference="-0.080000", runs_p="0.008"),
        comparison("toy+rl", "amc23", difference="0.9"),
        comparison("toy+sft", "gsm8k", "*", **parent),
        comparison("toy+sft+rl", "gsm8k", **parent, difference=""),
        comparison("toy+sft+rl", "amc23", **parent, difference=""),
    ]
    assert [line.split() for line in describe_rl(rows, {"rl"}, "boxed")] == [
        ["Cell", "gsm8k", "amc23"],
        ["toy+rl", "+12.5*", "-8.0"],
        ["toy+sft+rl", "collapsed", "collapsed"],
    ]


def test_the_summary_has_a_cells_accuracies_under_all_prompts_in_one_entry():
    rows = [
        ("toy", "boxed", "gsm8k", 0.5),
        ("toy", "plain", "gsm8k", 0.25),
        ("toy+rl", "boxed", "gsm8k", 0.75),
        ("toy+rl", "own", "gsm8k", None),  # a difference alone
    ]
    table = pd.DataFrame(rows, columns=["cell", "prompt", "benchmark", "accuracy"])
    assert [line.split() for line in describe_prompts(table)] == [
        ["Cell", "gsm8k"],
        ["toy", "50/25"],
        ["toy+rl", "75"],
    ]


def test_the_summary_leaves_out_what_depends_on_the_prompt():
    blocks = ["### C", "Holds:", "- one", "Depends on the prompt:", "- two\n- three", "#### Next"]
    left = ["### C", "Holds:", "- one", "#### Next"]
    assert without_what_depends("\n\n".join(blocks) + "\n") == "\n\n".join(left)


def tables_of(text: str) -> list[list[str]]:
    """Return the rows of the benchmark tables in the paper's text: table, section, six fields."""
    rows, table, section, inside = [], 0, "", False
    for line in text.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) < 6:
            inside = False
        elif fields[1] == "OlympiadBench":
            table, inside = table + 1, True
        elif inside and fields[0].startswith(r"\cellcolor"):
            section = re.sub(r"^\\cellcolor\[HTML\][0-9A-F]{6}", "", fields[0])
        elif inside and fields[0] != "---":
            rows.append([f"table{table}", section, *fields[:6]])
    return rows


@pytest.mark.skipif(not PAPER.exists(), reason=f"no {PAPER.name}; put it into ../shared")
def test_reported_numbers_are_those_of_the_paper():
    with (ROOT / "paper" / "reported.csv").open(encoding="utf-8", newline="") as lines:
        columns, *rows = csv.reader(lines)
    assert ",".join(columns) == (
        "table,section,method,olympiadbench,math500,minerva,amc23,gsm8k,cell,source,column"
    )
    assert [row[:8] for row in rows] == tables_of(PAPER.read_text(encoding="utf-8"))
    assert [sum(row[0] == f"table{n}" for row in rows) for n in (1, 2, 3)] == [14, 12, 12]


def test_the_html_page_holds_the_markdown_of():
    page = html_page("table2", "### A caption\n\n| Method | GSM8K |\n|---|---|\n| a<b | 54.0 |\n")
    assert "<td>54.0</td>" in page
    assert "<td>a&lt;b</td>" in page
    assert "<title>table2</title>" in page
