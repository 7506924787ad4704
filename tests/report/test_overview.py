"""The first page's parts, from texts and frames made up here."""

import pandas as pd
import pytest

from scripts.lib.report import overview
from scripts.lib.report.cells import collapsed, curve, lineage_node

TABLE = """### A table.

| Method         | MATH500           | GSM8K                  |
|----------------|-------------------|------------------------|
| **Baselines**  |                   |                        |
| Toy            | 20.0 [10.0, 30.0] | **54.0** [51.2, 56.7]* |
| · paper        | 31.4              | 45.5                   |
| **Hybrids**    |                   |                        |
| Toy+SFT\\|RL    | –                 | 8.0 [1.0, 9.0]‡        |

A note with | bars.
"""


def frame_of(*rows, **others):
    columns = ["section", "cell", "benchmark"]
    return pd.DataFrame([dict(zip(columns, row, strict=True)) for row in rows]).assign(**others)


ROWS = [
    ("Baselines", "toy", "math500"),
    ("Baselines", "toy", "gsm8k"),
    ("Hybrids", "toy+sft+rl", "math500"),
    ("Hybrids", "toy+sft+rl", "gsm8k"),
]


def test_each_number_of_a_cell_links_to_its_completions_and_no_other():
    page = overview.html(overview.with_links(TABLE, frame_of(*ROWS), "boxed"))
    start = '<a href="#cell=toy&amp;prompt=boxed&amp;benchmark='
    assert f'{start}gsm8k"><strong>54.0</strong> [51.2, 56.7]*</a>' in page
    assert f'{start}math500">20.0 [10.0, 30.0]</a>' in page
    assert 'cell=toy%2Bsft%2Brl&amp;prompt=boxed&amp;benchmark=gsm8k">8.0 [1.0, 9.0]‡</a>' in page
    assert page.count("<a href") == 3
    assert "<td>31.4</td>" in page
    assert "<td>–</td>" in page


def test_a_table_of_several_prompts_links_each_row_under_its_own():
    table = """
| Method  | Prompt     | GSM8K   |
|---------|------------|---------|
| Toy+SFT | boxed      | 54.0    |
|         | training   | 40.0    |
|         | own        | (-13.0) |
|         | conclusion | depends |
"""
    rows = [("Training", "toy+sft", "gsm8k")]
    frame = pd.concat([frame_of(*rows, prompt=name) for name in ("boxed", "training", "own")])
    page = overview.html(overview.with_links(table, frame, "boxed"))
    assert 'prompt=boxed&amp;benchmark=gsm8k">54.0</a>' in page
    assert 'prompt=training&amp;benchmark=gsm8k">40.0</a>' in page
    assert page.count("<a href") == 2


@pytest.mark.parametrize("rows", [ROWS[:2], [*ROWS, ("More", "toy+rl", "gsm8k")]])
def test_a_frame_of_other_rows_than_the_table_is_an_error(rows):
    with pytest.raises(ValueError, match="a table"):
        overview.with_links(TABLE, frame_of(*rows), "boxed")


def test_markup_in_markdown_is_text():
    page = overview.html("<script>alert(1)</script>\n\n[x](javascript:alert(1)) <b onclick=x>")
    assert "<script" not in page
    assert "<b" not in page
    assert "href" not in page


def test_headings_are_shifted_and_an_empty_head_is_no_head():
    page = overview.html("## A\n\n| a |  |\n|---|---|\n| 1 | 2 |\n", deeper=2)
    assert "<h4>A</h4>" in page
    assert "<th>a</th>\n<td></td>" in page


def test_what_depends_on_the_prompt_is_folded_away_with_its_number():
    text = "### Title\n\nHolds:\n\n- a\n\nDepends on the prompt:\n\n- b\n- c\n\n#### Next\n"
    page = overview.conclusions(text)
    assert "<summary>Depends on the prompt: 2 pairs of cells</summary>" in page
    before, folded = page.split("<details>")
    assert "<li>a</li>" in before
    assert "<li>b</li>" in folded.split("</details>")[0]
    assert "<h3>Next</h3>" in folded.split("</details>")[1]
    assert "Title" not in page


def test_the_environment_lists_every_host_commit_and_version_once():
    records = [
        {"host": "a", "git_commit": "1", "versions": {"torch": "2"}},
        {"host": "b", "git_commit": "1", "versions": {"torch": "3"}, "engine": None},
        {},
    ]
    assert overview.environment(records) == {
        "host": ["a", "b"],
        "git_commit": ["1"],
        "versions": {"torch": ["2", "3"]},
    }


def run_of(seed, status="ok", reason=None):
    marks = [] if status == "ok" else [{"reason": reason}]
    return {"seed": seed, "status": status, "reason": reason, "marks": marks}


def test_a_collapsed_seed_is_listed_once_with_its_reason():
    records = [
        {"cell": "toy+rl", "runs": [run_of(0), run_of(1, "collapsed", "KL")]} for _ in range(2)
    ]
    assert collapsed(records, {"toy+rl": "Toy+RL"}) == [
        {
            "cell": "toy+rl",
            "label": "Toy+RL",
            "seed": 1,
            "reason": "KL",
            "evidence": [{"reason": "KL"}],
        }
    ]


def test_a_cell_without_a_number_is_missing_and_so_is_a_row_of_the_paper():
    cells = [
        {"cell": "a", "benchmark": "b", "prompt": "p", "status": "collapsed", "accuracy": None},
        {"cell": "c", "benchmark": "b", "prompt": "p", "status": "collapsed", "accuracy": 0.1},
    ]
    found = overview.missing(["openthinker-7b"], cells)
    assert [entry["what"] for entry in found] == ["openthinker-7b", "a on b, prompt p"]


def test_a_curve_has_every_column_and_at_most_so_many_points():
    log = [{"step": n, "loss": 1 / 3 + n} for n in range(1, 5_001)]
    found = curve([{"seed": 0, "log": log}, {"seed": 2, "log": [{"step": 1, "kl": None}]}])
    assert found["columns"] == ["step", "kl", "loss"]
    rows = found["seeds"]["0"]
    assert (rows[0], rows[-1]) == ([1, None, 1.33333], [5000, None, 5000.33])
    assert len(rows) == 1_000
    assert found["seeds"]["2"] == [[1, None, None]]


def test_a_job_of_the_lineage_names_its_source_and_counts_what_was_removed():
    record = {
        "source": {"repo": "openai/gsm8k", "revision": "a" * 40},
        "steps": [{"step": "deduplicate", "removed": [{"id": "1"}, {"id": "2"}]}],
        "log": ["long"],
    }
    node = lineage_node("clean_dataset", "gsm8k", {"": "key"}, record)
    assert node["source"]["revision"] == "a" * 40
    assert node["steps"] == [{"step": "deduplicate", "removed": 2}]
    assert "log" not in node
