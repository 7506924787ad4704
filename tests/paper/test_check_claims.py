"""The verdicts of a study: under which prompts, and in which forms."""

import csv
import shutil
import subprocess

import pandas as pd
import pytest

from scripts.check_claims import checked_claims, numbers_by_prompt
from scripts.lib.frames import write_frame
from scripts.lib.paper.claim_tables import (
    COLUMNS,
    PRINTED,
    claim_rows,
    latex_table,
    markdown_page,
    shown,
)
from scripts.lib.paper.printed import printed_numbers
from tests.score_samples import cell_record
from tests.workflow import ROOT

CLAIMS = [
    {"id": "a", "section": "4", "claim": "RL helps & more.", "test": "base+rl > base on gsm8k"},
    {"id": "b", "section": "4", "claim": "It has 50%.", "test": "base+rl = 50 on gsm8k"},
    {"id": "c", "section": "5", "claim": "A plan.", "test": None, "not_testable": "it is a plan"},
]
REPORTED = [
    {"table": "table2", "section": "T", "method": "Q", "cell": "base", "gsm8k": "20.0"},
    {"table": "table2", "section": "T", "method": "Q+RL", "cell": "base+rl", "gsm8k": "40.0"},
]
SETTINGS = {
    "claims": {"groups": {}, "claims": CLAIMS},
    "reported": REPORTED,
    "sizes": {"gsm8k": 1319},
    "roles": {"base": "toy"},
    "prompts": ["boxed", "training", "plain"],
    "own": {"toy": "plain", "toy+rl": "training"},
    "note": "Toys & 5%.",
}
ACCURACIES = {
    ("toy", "boxed"): 0.3,
    ("toy+rl", "boxed"): 0.31,
    ("toy+rl", "training"): 0.1,
    ("toy", "training"): 0.6,
    ("toy", "plain"): 0.2,
}


@pytest.fixture
def checked():
    cells = {
        prompt: {
            (cell, "gsm8k"): cell_record(cell, "gsm8k", accuracy, prompt=prompt)
            for (cell, of), accuracy in ACCURACIES.items()
            if of == prompt
        }
        for prompt in SETTINGS["prompts"]
    }
    claims = SETTINGS["claims"]
    printed = printed_numbers(REPORTED, SETTINGS["sizes"])
    return checked_claims(claims, printed, numbers_by_prompt(SETTINGS, ("gsm8k",), cells, []))


def test_a_claim_has_a_verdict_on_print_and_under_each_prompt_and_the_own_ones(checked):
    words = [{kind: v.word for kind, v in verdicts.items()} for _, verdicts in checked]
    assert words[0] == {
        PRINTED: "supported",
        "boxed": "undecided",
        "training": "contradicted",
        "plain": "not testable",  # the trained cell is not asked so
        "own": "contradicted",  # 0.1 against 0.2
    }
    assert words[1] == dict.fromkeys(words[0], "not testable") | {PRINTED: "contradicted"}
    assert set(words[2].values()) == {"not testable"}


def test_with_one_prompt_there_is_no_own():
    settings = SETTINGS | {"prompts": ["boxed"]}
    assert [*numbers_by_prompt(settings, (), {}, [])] == ["boxed"]


def test_the_csv_has_one_row_per_claim_and_kind_of_numbers(checked, tmp_path):
    path = tmp_path / "claims.csv"
    write_frame(path, pd.DataFrame(claim_rows(checked)), COLUMNS)
    rows = list(csv.DictReader(path.open()))
    assert [(row["id"], row["numbers"]) for row in rows[:5]] == [
        ("a", PRINTED),
        *(("a", prompt) for prompt in ("boxed", "training", "plain", "own")),
    ]
    assert len(rows) == 15
    assert (rows[0]["higher"], rows[0]["clearly_higher"]) == ("1", "1")
    assert rows[1]["smallest_visible_low"] == rows[1]["smallest_visible_high"] != ""
    assert rows[-1]["reason"] == "it is a plan"


def test_the_page_has_one_row_per_claim_and_leaves_out_prompts_without_a_verdict(checked):
    assert shown(checked) == [PRINTED, "boxed", "training", "own"]
    page = markdown_page(checked, SETTINGS["note"])
    assert (
        "| measured, prompt training | 0         | 1            | 0         | 2            |"
        in page
    )
    assert page.count("\n| a ") == page.count("\n| b ") == page.count("\n| c ") == 1
    assert "contradicted: 1 lower (1 clearly)" in page
    assert "\n- b: Printed: base+rl on gsm8k 40.0." in page
    assert "Toys & 5%." in page


@pytest.mark.skipif(
    shutil.which("pdflatex") is None,
    reason="no pdflatex; apt-get install texlive-latex-recommended",
)
def test_the_latex_table_is_typeset_within_the_page(checked, tmp_path):
    (tmp_path / "claims.tex").write_text(latex_table(checked, SETTINGS["note"]))
    (tmp_path / "page.tex").write_text(
        "\n".join(
            [
                r"\documentclass{article}",
                (ROOT / "paper" / "preamble.tex").read_text(),
                r"\begin{document}\input{claims}\end{document}",
            ]
        )  # fmt: skip
    )
    run = subprocess.run(
        ["pdflatex", "-halt-on-error", "page.tex"], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout
    assert "Overfull" not in run.stdout
