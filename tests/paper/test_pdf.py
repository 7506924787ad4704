"""The reproduction report: every number of it is generated, and it compiles whatever the study."""

import random
import re
import shutil

import pandas as pd
import pytest

from scripts.lib.paper.files import PAPER, read_paper_file
from scripts.lib.paper.macros import (
    audit_macros,
    claim_macros,
    conclusion_macros,
    inputs_of,
    raw_macro,
    recipe_table,
    reproduction_macros,
    study_macros,
)
from scripts.lib.study.validation import validated_study
from scripts.lib.tables.frame import table_frame
from scripts.lib.tables.latex import two_columns
from scripts.lib.tables.notes import short_notes
from scripts.typeset import typeset
from tests.score_samples import BENCHMARKS, table_records, table_settings

NUMBER = re.compile(r"\d+(?:\.\d+)?")
SETTINGS = {
    "study": "toy_study",
    "note": "Toys & 5%.",
    "roots": ["Toy", "Toy-Instruct"],
    "seeds": [0, 1],
    "trainings": 4,
    "prompts": ["boxed", "training"],
    "main_prompt": "boxed",
    "temperature": 0.6,
    "benchmarks": {b["name"]: b["label"] for b in BENCHMARKS},
    "labels": {"toy": "Toy", "toy+sft": "Toy+SFT", "toy+sft+rl": "Toy+SFT+RL"},
}
RECIPES = {"sft": {"learning_rate": 4e-05, "lora": {"r": 16}}, "grpo": {"beta": 0.04}}


def scores():
    """Return scores of unequal seeds; one training collapsed without weights."""
    runs = [("toy", 0), ("toy", 1), ("toy+sft", 0), ("toy+sft", 1), ("toy+sft+rl", 0)]
    rows = [
        {"cell": cell, "benchmark": b["name"], "seed": seed, "n": 40 + seed, "k": 3}
        | {"status": "collapsed" if cell.endswith("rl") else "ok"}
        for cell, seed in runs
        for b in BENCHMARKS
    ]
    return pd.DataFrame(rows)


def conclusions():
    row = {"against": "parent", "cell": "toy+sft", "other": "toy", "benchmark": "gsm8k"}
    found = [
        row | {"conclusion": "holds", "lowest": -0.173, "highest": -0.121},
        row | {"benchmark": "amc23", "conclusion": "undecided", "lowest": -0.1, "highest": 0.2},
        row | {"cell": "toy+sft+rl", "conclusion": "reverses", "lowest": -0.3, "highest": 0.4},
        row | {"against": "root", "conclusion": "holds", "lowest": -0.173, "highest": -0.121},
    ]
    return pd.DataFrame(found)


def macros(figures=()):
    claims = pd.DataFrame({"id": ["a", "b"], "numbers": "printed", "verdict": "supported"})
    audit = pd.DataFrame({"fit": ["neither", "cut", "either"], "source": ["x", "", ""]})
    reproduced = pd.DataFrame(  # two tables print the first number
        {"cell": "toy", "benchmark": "gsm8k", "reported": [0.3, 0.3, 0.4, 0.5]}
        | {"verdict": ["differs", "differs", "", "compatible"]}
    )
    lines = [
        *study_macros(SETTINGS, scores()),
        raw_macro("RecipeTable", recipe_table(RECIPES)),
        *conclusion_macros(conclusions(), SETTINGS["labels"], SETTINGS["benchmarks"]),
        *reproduction_macros(reproduced),
        *claim_macros(claims),
        *audit_macros(audit),
        raw_macro("StudyTables", inputs_of(["table2-wide"], "input")),
        raw_macro("StudyClaims", ""),
        raw_macro("StudyAudit", ""),
        raw_macro("StudyFigures", inputs_of(figures, "StudyFigure")),
    ]
    return "\n".join(lines) + "\n"


def test_no_number_of_the_text_is_typed():
    text = read_paper_file("main.tex")
    body = text[text.index(r"\begin{document}") :]
    body = re.sub(r"%.*|arXiv:2506\.13404|0\.\d+\\(?:line|text)\w+|\{0pt\}", "", body)
    assert NUMBER.findall(body) == []


def test_every_macro_of_the_text_is_written():
    text = read_paper_file("main.tex")
    names = r"Study|Conclusion|Reproduction|Claim|Audit|Recipe"
    used = set(re.findall(rf"\\((?:{names})\w+)", text)) - {"StudyFigure"}
    made = set(re.findall(r"\\newcommand\{\\(\w+)\}", macros()))
    assert used <= made


def test_a_comparison_that_two_questions_ask_is_counted_once():
    text = macros()
    assert r"\newcommand{\ConclusionsAll}{3}" in text
    assert r"\newcommand{\ConclusionsWorse}{1}" in text
    assert r"\newcommand{\ConclusionsReverse}{1}" in text
    assert r"\newcommand{\ReproductionDiffers}{1}" in text
    assert "holds: Toy+SFT against Toy: GSM8K -17.3 to -12.1 points" in text
    assert r"\newcommand{\StudyCollapsed}{Toy+SFT+RL (seed 0)}" in text


def test_numbers_of_the_macros_are_those_of_the_records():
    """Fifty numbers at random of the finished demo's macros stand in its CSV files or config."""
    results = PAPER.parent / "results" / "demo"
    written = results / "paper" / "macros.tex"
    if not written.exists():
        pytest.skip(f"no {written}: run `make demo` first, with LaTeX installed")
    assert (results / "paper.pdf").exists(), "make demo: LaTeX failed (logs/demo/typeset.log)"
    items = re.findall(r"\\item \w+: .+ points", written.read_text(encoding="utf-8"))
    rows = pd.read_csv(results / "conclusions.csv")
    known = {f"{100 * value:+.1f}" for end in ("lowest", "highest") for value in rows[end]}
    numbers = [
        end for item in items for pair in re.findall(r"(\S+) to ([^\s,]+)", item) for end in pair
    ]
    picked = random.Random(0).sample(numbers, min(50, len(numbers)))
    assert picked and set(picked) <= known


@pytest.mark.skipif(
    shutil.which("latexmk") is None, reason="no latexmk; apt-get install latexmk lmodern"
)
@pytest.mark.parametrize("benchmarks", [2, 1])
def test_it_compiles_from_a_study_with_collapsed_cells_and_unequal_seeds(benchmarks, tmp_path):
    for name in ("main.tex", "preamble.tex", "captions.tex"):
        (tmp_path / name).write_text(read_paper_file(name), encoding="utf-8")
    table = table_settings(note=SETTINGS["note"])
    table["benchmarks"] = BENCHMARKS[:benchmarks]
    records = table_records(seeds=2)
    frame = table_frame("table2", table, records)
    notes = short_notes(table, frame, records, None)
    (tmp_path / "table2-wide.tex").write_text(two_columns("table2", table, frame, notes))
    (tmp_path / "macros.tex").write_text(macros(), encoding="utf-8")
    assert typeset(tmp_path).stat().st_size > 10000
    log = (tmp_path / "main.log").read_text(encoding="utf-8", errors="replace")
    assert "Overfull" not in log and "undefined" not in log.lower()


def test_a_mistake_in_tex_is_said_with_tex_s_own_words(tmp_path):
    if shutil.which("latexmk") is None:
        pytest.skip("no latexmk; apt-get install latexmk lmodern")
    (tmp_path / "main.tex").write_text(r"\documentclass{article}\begin{document}\nothing")
    with pytest.raises(SystemExit, match=r"LaTeX stopped:\n! Undefined control sequence"):
        typeset(tmp_path)


def test_the_study_without_latex_is_told_what_to_install(monkeypatch):
    from scripts.typeset import check_tex

    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="apt-get install --no-install-recommends latexmk"):
        check_tex()


def test_the_job_knows_every_table_and_figure():
    import yaml

    from scripts.lib.dag.pdf import typeset as job

    study = validated_study(yaml.safe_load((PAPER.parent / "config.yaml").read_text()), [])
    inputs = job(study).inputs
    assert [file.path for file in inputs["tables"]][:2] == [
        "tables/table1-wide.tex",
        "tables/table2-wide.tex",
    ]
    captions = read_paper_file("captions.tex")
    for file in inputs["figures"]:
        name = file.path.rpartition("/")[2].removesuffix(".pdf")
        assert rf"\FigureCaption{{{name}}}" in captions
