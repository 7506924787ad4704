"""The research questions are answered by counts of comparisons, never by typed words."""

import copy

import pandas as pd
import pytest
import yaml

from scripts.lib.scores.answers import answer, answer_rows, word_of
from scripts.lib.study.questions import research_questions
from scripts.lib.study.validation import validated_study
from scripts.make_answer_table import latex_table, markdown_table
from tests.workflow import ROOT

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
QUESTIONS = [
    {
        "name": "RQ2",
        "asked": "what does each stage change?",
        "groups": [
            {"label": "SFT", "against": "root", "cells": ["m+sft"], "benchmarks": ["a", "b"]},
            {"label": "RL", "against": "root", "cells": ["m+rl"], "benchmarks": ["a", "b"]},
        ],
    },
    {
        "name": "RQ1",
        "asked": "do they reach & pass others?",
        "groups": [{"label": "pairs", "pairs": [["m", "large"]], "benchmarks": ["a", "b"]}],
    },
]


def conclusion(cell, benchmark, word, lowest=0.1, p=0.01, against="root"):
    row = {"against": against, "cell": cell, "other": "m", "benchmark": benchmark}
    return row | {"conclusion": word, "lowest": lowest, "largest_p": p}


CONCLUSIONS = pd.DataFrame([
    conclusion("m+sft", "a", "holds", -0.2),
    conclusion("m+sft", "b", "depends on the prompt"),
    conclusion("m+rl", "a", "holds"),
    conclusion("m+rl", "b", "undecided"),
    conclusion("m+rl", "b", "holds", against="parent"),  # another question
])  # fmt: skip


def rows():
    return answer_rows(QUESTIONS, CONCLUSIONS, {("m", "large", "a"): "worse"})


def test_each_group_counts_its_own_comparisons():
    sft, rl, pairs = rows()
    assert (sft["better"], sft["worse"], sft["depends"], sft["comparisons"]) == (0, 1, 1, 2)
    assert sft["answer"] == "better in none of 2, worse in 1; 1 depends on the prompt"
    assert (rl["better"], rl["undecided"]) == (1, 1)
    assert pairs["answer"] == "better in none of 1, worse in 1"


def test_with_one_prompt_the_mark_decides():
    marked = conclusion("c", "a", "one prompt", lowest=-0.1, p=0.04)
    assert word_of(marked) == "worse"
    assert word_of(marked | {"largest_p": 0.06}) == "undecided"


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, "not asked: this study has no such comparison"),
        ({"undecided": 3}, "undecided: none of 3 is clear"),
        ({"better": 2, "worse": 1}, "better in 2 of 3, worse in 1"),
    ],
)
def test_an_answer_says_no_more_than_its_counts(counts, expected):
    assert answer(counts) == expected


def test_the_paper_s_questions_name_cells_of_the_study():
    study = validated_study(copy.deepcopy(CONFIG), [])
    groups = {g["label"]: g for q in research_questions(study) for g in q["groups"]}
    assert groups["KD against the untrained model"]["cells"] == [
        "qwen2.5-0.5b+kd",
        "qwen2.5-0.5b-instruct+kd",
    ]
    alone = [group for label, group in groups.items() if label.endswith("the untrained model")]
    assert {group["against"] for group in alone} == {"parent"}  # as conclusions.md tells them
    assert len(groups["hybrids against RL alone"]["cells"]) == 8
    assert len(groups["untrained against the other models"]["pairs"]) == 2 * 10
    assert groups["trained cells, on problems as in training"]["benchmarks"] == ["gsm8k"]
    assert "gsm8k" not in groups["trained cells, on other problems"]["benchmarks"]


def test_every_form_has_the_answers():
    text = markdown_table(rows(), "Toys.")
    assert (
        "RQ2: what does each stage change?" in text
        and "worse in 1; 1 depends on the prompt" in text
    )
    assert text.count("RQ2:") == 1
    assert r"do they reach \& pass others?" in latex_table(rows(), None)
