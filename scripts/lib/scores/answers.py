"""Answers to the paper's research questions, in words made from counts of comparisons.

A comparison of a trained cell counts as conclusions.csv says; with one prompt, as its mark says. A
comparison of untrained models, which no test compares, is clear where the interval of the
difference leaves out 0 (paper/measured.py).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from scripts.lib.frames import Column
from scripts.lib.scores.conclusions import DEPENDS, HOLDS, ONE_PROMPT, REVERSES, UNDECIDED

BETTER, WORSE = "better", "worse"
COUNTED = (BETTER, WORSE, REVERSES, DEPENDS, UNDECIDED)
NUMBERS = ("better", "worse", "reverses", "depends", "undecided")  # their columns
LEVEL = 0.05
COLUMNS = [
    Column("question", "text", "research question"),
    Column("asked", "text", "the question in our words"),
    Column("group", "text", "which comparisons answer it"),
    Column("better", "count", "comparisons that hold with the cell better"),
    Column("worse", "count", "comparisons that hold with the cell worse"),
    Column("reverses", "count", "marked with opposite signs under two prompts"),
    Column("depends", "count", "the difference itself depends on the prompt"),
    Column("undecided", "count", "none of these"),
    Column("comparisons", "count", "all of them"),
    Column("answer", "text", "the answer in words"),
]


def word_of(row: Mapping[str, Any]) -> str:
    """Return what a row of conclusions.csv says, with its sign.

    >>> word_of({"conclusion": "holds", "lowest": -0.2, "largest_p": 0.01})
    'worse'
    """
    clear = row["conclusion"] == HOLDS
    if row["conclusion"] == ONE_PROMPT:
        clear = row["largest_p"] <= LEVEL
        return (BETTER if row["lowest"] > 0 else WORSE) if clear else UNDECIDED
    return (BETTER if row["lowest"] > 0 else WORSE) if clear else row["conclusion"]


def answer(counts: Mapping[str, int]) -> str:
    """Return an answer in words from how many comparisons are what.

    >>> answer({"better": 3, "worse": 0, "undecided": 7})
    'better in 3 of 10, worse in none; 7 undecided'
    >>> answer({"reverses": 1, "depends on the prompt": 2})
    'better in none of 3, worse in none; 1 reverses with the prompt, 2 depend on the prompt'
    >>> answer({"undecided": 4})
    'undecided: none of 4 is clear'
    """
    total = sum(counts.values())
    if total == 0:
        return "not asked: this study has no such comparison"
    if counts.get(UNDECIDED, 0) == total:
        return f"undecided: none of {total} is clear"
    found = [counts.get(word, 0) for word in (BETTER, WORSE)]
    told = [f"better in {found[0] or 'none'} of {total}", f"worse in {found[1] or 'none'}"]
    names = {
        REVERSES: ("reverses with the prompt", "reverse with the prompt"),
        DEPENDS: ("depends on the prompt", "depend on the prompt"),
        UNDECIDED: ("undecided", "undecided"),
    }
    rest = [
        f"{counts[word]} {one if counts[word] == 1 else several}"
        for word, (one, several) in names.items()
        if counts.get(word)
    ]
    return "; ".join([", ".join(told), *([", ".join(rest)] if rest else [])])


def answer_rows(
    questions: Sequence[Mapping[str, Any]], conclusions: pd.DataFrame, words: Mapping[Any, str]
) -> list[dict[str, Any]]:
    """Return the rows of the table of answers.

    A question's groups name rows of conclusions.csv by `against`, `cells` and `benchmarks`, or
    `pairs` of cells, whose words `words` has as {(cell, other, benchmark): word}.
    """
    rows = []
    for question in questions:
        for group in question["groups"]:
            counts = Counter(_words(group, conclusions, words))
            numbers = zip(NUMBERS, COUNTED, strict=True)
            rows.append(
                {"question": question["name"], "asked": question["asked"], "group": group["label"]}
                | {column: counts[word] for column, word in numbers}
                | {"comparisons": counts.total(), "answer": answer(counts)}
            )
    return rows


def _words(
    group: Mapping[str, Any], conclusions: pd.DataFrame, words: Mapping[Any, str]
) -> list[str]:
    if "pairs" in group:
        places = [(*pair, name) for pair in group["pairs"] for name in group["benchmarks"]]
        return [words[place] for place in places if place in words]
    asked = conclusions[
        (conclusions["against"] == group["against"])
        & conclusions["cell"].isin(group["cells"])
        & conclusions["benchmark"].isin(group["benchmarks"])
    ]
    return [word_of(row) for row in asked.to_dict("records")]
