"""The table of prompts, from records made up here."""

import csv

import pandas as pd

from scripts.lib.frames import write_frame
from scripts.make_prompt_table import (
    COLUMNS,
    markdown_table,
    prompt_rows,
)
from tests.score_samples import BENCHMARKS, cell_record, comparison

SETTINGS = {
    "sections": [
        {"section": "Baselines", "rows": [{"cell": "toy", "label": "Toy"}]},
        {"section": "Training", "rows": [{"cell": "toy+sft", "label": "Toy+SFT"}]},
        {"section": "Again", "rows": [{"cell": "toy+sft", "label": "Toy+SFT"}]},
    ],
    "benchmarks": BENCHMARKS,
    "prompts": ["boxed", "training", "plain"],
    "note": "Toys & 5%.",
}
ACCURACIES = {
    ("toy", "boxed"): 0.5,
    ("toy", "training"): 0.4,
    ("toy", "plain"): 0.6,
    ("toy+sft", "boxed"): 0.51,
    ("toy+sft", "training"): 0.9,
}
CELLS = {
    prompt: {
        (cell, benchmark["name"]): cell_record(cell, benchmark["name"], accuracy, prompt=prompt)
        for (cell, of), accuracy in ACCURACIES.items()
        if of == prompt
        for benchmark in BENCHMARKS
    }
    for prompt in SETTINGS["prompts"]
}
COMPARISONS = [
    comparison("toy+sft", "gsm8k", mark, prompts=prompts, difference=difference)
    | {"interval_low": "0.010000", "interval_high": "0.400000"}
    for prompts, difference, mark in (
        ("boxed", "0.010000", ""),
        ("training", "0.500000", "*"),
        ("own", "0.300000", "*"),
    )
]
CONCLUSIONS = [
    {
        "against": "root",
        "cell": "toy+sft",
        "benchmark": "gsm8k",
        "conclusion": "depends on the prompt",
    },
    {"against": "parent", "cell": "toy+sft", "benchmark": "gsm8k", "conclusion": "holds"},
]


def found():
    return prompt_rows(SETTINGS, CELLS, COMPARISONS, CONCLUSIONS)


def test_a_cell_has_a_line_per_prompt_its_own_and_the_conclusion():
    text = markdown_table(SETTINGS, found(), COMPARISONS)
    lines = [
        [f.strip() for f in line.split("|")[1:-1]] for line in text.splitlines() if "|" in line
    ]
    assert lines[0] == ["Method", "Prompt", "GSM8K", "AMC23"]
    assert lines[2:] == [
        ["**Baselines**", "", "", ""],
        ["Toy", "boxed", "50.0", "50.0"],
        ["", "training", "40.0", "40.0"],
        ["", "plain", "60.0", "60.0"],
        ["**Training**", "", "", ""],
        ["Toy+SFT", "boxed", "51.0 (+1.0)", "51.0"],
        ["", "training", "90.0 (+50.0*)", "90.0"],
        ["", "own", "(+30.0*)", ""],
        ["", "conclusion", "depends", ""],
    ]
    assert "A star marks what differs (boxed: this run alone" in text
    assert "Toys & 5%." in text


def test_the_csv_has_a_row_per_cell_prompt_and_benchmark(tmp_path):
    write_frame(tmp_path / "prompts.csv", pd.DataFrame(found().values()), COLUMNS)
    with (tmp_path / "prompts.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 2 * len(ACCURACIES) + 1  # and the one comparison under own prompts
    (own,) = [row for row in rows if row["prompt"] == "own"]
    assert (own["accuracy"], own["difference"], own["mark"]) == ("", "0.300000", "*")
