"""The loaders: both sources' columns, golds, and what they say about a broken row."""

import json

import pytest

from scripts.lib.data.schemas import load_row, load_rows
from scripts.lib.files import write_jsonl
from tests.real_files import SCHEMAS, load

ROWS = [
    (
        "gsm8k",
        {"question": "Q?", "answer": "2*9 = <<2*9=18>>18 eggs\nso\n#### 1,018"},
        {"id": "7", "question": "Q?", "gold": "1,018", "solution": "2*9 = <<2*9=18>>18 eggs\nso"},
    ),
    (
        "math500",
        {"problem": "Q?", "answer": r"\$36", "unique_id": "test/algebra/1.json"},
        {"id": "test/algebra/1.json", "question": "Q?", "gold": r"\$36"},
    ),
    (
        "olympiadbench",
        {"id": 1606, "question": "Q?", "final_answer": ["$(2,4)$"], "error": None, "unit": None},
        {"id": "1606", "question": "Q?", "gold": "$(2,4)$"},
    ),
    (
        "olympiadbench",
        {"id": 3, "question": "Q?", "final_answer": ["4.2"], "error": "1e-1", "unit": "%"},
        {"id": "3", "question": "Q?", "gold": r"4.2 \pm 0.1"},
    ),
    (
        "minerva",
        {"problem": "Q?", "solution": r"so \boxed{\frac{1}{2}} cm", "idx": 5},
        {"id": "5", "question": "Q?", "gold": r"\frac{1}{2}"},
    ),
    (
        "minerva",
        {"question": "Q?", "answer": "4.5e33"},
        {"id": "7", "question": "Q?", "gold": "4.5e33"},
    ),
    (
        "amc23",
        {"id": 0, "problem": "Q?", "question": "Q?", "answer": 27.0},
        {"id": "0", "question": "Q?", "gold": "27"},
    ),
    ("amc23", {"question": "Q?", "answer": "27"}, {"id": "7", "question": "Q?", "gold": "27"}),
    (
        "camel",
        {
            "problem": "Q?",
            "reasoning_solution": "<think>r</think> s",
            "groud_truth_solution": r"\boxed{1},080",
            "boxed_answer_success": True,
        },
        {
            "id": "7",
            "question": "Q?",
            "gold": None,
            "reasoning": "<think>r</think> s",
            "own_gold": "1",
        },
    ),
    (
        "camel",
        {"id": "b4", "problem": "Q?", "final_trace": "<think>r</think> s", "solution": "1"},
        {
            "id": "b4",
            "question": "Q?",
            "gold": None,
            "reasoning": "<think>r</think> s",
            "own_gold": "1",
        },
    ),
]


@pytest.mark.parametrize(("schema", "row", "loaded"), ROWS)
def test_rows(schema, row, loaded):
    assert load(schema, row, 7) == loaded


@pytest.mark.parametrize(
    ("schema", "row", "message"),
    [
        ("gsm8k", {"question": "Q?"}, "row 7: no column 'answer'; known: question"),
        ("gsm8k", {"question": "Q?", "answer": "18"}, "row 7, column 'answer': no '####'"),
        ("gsm8k", {"question": "Q?", "answer": "18 ####  "}, "column 'answer': nothing behind"),
        ("gsm8k", {"answer": "#### 18"}, "row 7: no column 'question'; known: answer"),
        ("gsm8k", {"question": 3, "answer": "#### 18"}, "'question': expected text, found 3"),
        ("gsm8k", {"question": " ", "answer": "#### 18"}, "row 7, column 'question': empty"),
        (
            "math500",
            {"problem": "Q?", "answer": {"a": 3}},
            "row 7, column 'answer': expected a text or a number, found {'a': 3}",
        ),
        ("amc23", {"question": "Q?", "answer": float("nan")}, "a text or a number, found nan"),
        ("amc23", {"question": "Q?", "answer": None}, "row 7, column 'answer': null"),
        ("amc23", {"question": "Q?", "anwser": 1}, "did you mean 'anwser'"),
        ("amc23", {"question": "Q?", "\x1b[2J": 1}, r"known: <U.001B>\[2J, question"),
        ("olympiadbench", {"question": "Q?"}, "row 7: no column 'final_answer' or 'answer'"),
        ("olympiadbench", {"question": "Q?", "final_answer": []}, "'final_answer': empty"),
        ("minerva", {"problem": "Q?", "solution": "none"}, "column 'solution': no .boxed.. in it"),
        ("minerva", {"problem": "Q?"}, "row 7: no column 'answer' or 'solution'"),
        ("amc23", {"question": "Q?"}, "row 7: no column 'answer'"),
        (
            "camel",
            {"problem": "Q?", "solution": "1"},
            "no column 'reasoning_solution' or 'final_tr",
        ),
    ],
)
def test_a_broken_row_is_named(schema, row, message):
    with pytest.raises(ValueError, match=message):
        load(schema, row, 7)


@pytest.mark.parametrize(
    ("schema", "name", "count"),
    [
        ("gsm8k", "gsm8k_train", 7473),
        ("gsm8k", "gsm8k_test", 1319),
        ("math500", "math500", 500),
        ("olympiadbench", "olympiadbench", 675),
        ("minerva", "minerva_math", 272),
        ("amc23", "amc23", 40),
        ("camel", "camel_cookbook_r1_traces_sample", 14),
    ],
)
def test_the_real_files_load_whole(real_data, schema, name, count):
    with (real_data / f"{name}.jsonl").open(encoding="utf-8") as lines:
        rows = [load(schema, json.loads(line), index) for index, line in enumerate(lines)]
    assert len(rows) == len({row["id"] for row in rows}) == count
    assert schema == "camel" or all(row["gold"] for row in rows)
    assert all("####" not in row["solution"] for row in rows if schema == "gsm8k")


def test_an_id_given_twice_is_named(tmp_path):
    row = {"id": "a", "question": "Q?", "answer": "#### 1"}
    write_jsonl(tmp_path / "raw.jsonl", [row, row])
    with pytest.raises(SystemExit, match="row 1: its id 'a' is that of row 0"):
        load_rows(tmp_path / "raw.jsonl", SCHEMAS["gsm8k"]["columns"])


def test_a_file_of_another_schema_is_named(tmp_path):
    file = tmp_path / "toy" / "raw.jsonl"
    file.parent.mkdir()
    file.write_text('{"problem": "Q?"}\n')
    with pytest.raises(SystemExit, match=r"raw.jsonl: row 0.*datasets.toy in the config"):
        load_rows(file, SCHEMAS["amc23"]["columns"])


@pytest.mark.parametrize(
    ("row", "columns", "gold"),
    [
        ({"q": "Q?", "a": "007"}, {"gold": "a"}, "007"),
        ({"q": "Q?", "a": 7}, {"gold": "a"}, "7"),
        ({"q": "Q?", "a": 7.0}, {"gold": "a"}, "7"),
        ({"q": "Q?", "a": [1, 2.5]}, {"gold": "a"}, "1, 2.5"),
        ({"q": "Q?", "a": "x #### y #### 3"}, {"gold": {"column": "a", "after": "####"}}, "3"),
        ({"q": "Q?", "a": r"\boxed{1} \boxed{2}"}, {"gold": {"column": "a", "box": "last"}}, "2"),
        ({"q": "Q?", "a": "", "b": "4"}, {"gold": ["a", "b"]}, "4"),
        ({"q": "Q?", "a": "4.2", "t": 0.1}, {"gold": "a", "tolerance": "t"}, r"4.2 \pm 0.1"),
    ],
)
def test_a_gold_is_found_where_the_mapping_says(row, columns, gold):
    assert load_row(row, 0, {"question": "q"} | columns) == {
        "id": "0",
        "question": "Q?",
        "gold": gold,
    }
