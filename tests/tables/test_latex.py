"""The LaTeX of tables fits: no overfull box at any width that papers have."""

import shutil
import subprocess

import pandas as pd
import pytest

from scripts.lib.tables.frame import table_frame
from scripts.lib.tables.latex import one_column, two_columns
from scripts.lib.tables.notes import short_notes
from tests.score_samples import cell_record, table_marks, table_records, table_settings
from tests.workflow import ROOT

BENCHMARKS = [
    {"name": name, "label": label}
    for name, label in {
        "olympiadbench": "OlympiadBench",
        "math500": "MATH500",
        "minerva": "MINERVA",
        "amc23": "AMC23",
        "gsm8k": "GSM8K",
    }.items()
]
ARTICLE = r"\documentclass{article}"
CLASSES = {
    "article": ARTICLE,
    "article, two columns": r"\documentclass[twocolumn]{article}",
    "as wide as NeurIPS": ARTICLE + r"\usepackage[text={397.5pt,9in}]{geometry}",
    "as wide as acmart": r"\documentclass[twocolumn]{article}"
    r"\usepackage[text={506.3pt,9in},columnsep=24pt]{geometry}",
}
pytestmark = pytest.mark.skipif(
    shutil.which("pdflatex") is None,
    reason="no pdflatex; apt-get install texlive-latex-recommended",
)


def compiled(folder, head, tables):
    """Compile tables in a document, and return TeX's log."""
    lines = [head, (ROOT / "paper" / "preamble.tex").read_text(encoding="utf-8")]
    lines += [r"\begin{document}Text.", *tables, r"\clearpage\end{document}"]
    (folder / "t.tex").write_text("\n".join(lines), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    assert run.returncode == 0, run.stdout[-2000:]
    assert (folder / "t.pdf").stat().st_size > 1000
    return run.stdout


def widest_table():
    """Return a table with all marks and long labels: settings, records, frame."""
    labels = [f"Qwen2.5-0.5B-Instruct+KD (LoRA)+RL{'I' * n}" for n in range(10)]
    rows = [{"cell": f"c{n}", "label": label, "chosen": False} for n, label in enumerate(labels)]
    sections = [{"section": "Hybrid Training on Instruct Model", "rows": rows}]
    table = table_settings() | {"benchmarks": BENCHMARKS, "sections": sections}
    cells = {
        (row["cell"], b["name"]): cell_record(row["cell"], b["name"], 0.888)
        | {"interval": [0.75, 0.999], "lighteval_accuracy": 0.8}
        for row in rows
        for b in BENCHMARKS
    }
    printed = [
        {"table": "t", "cell": cell, "benchmark": name, "column": "", "source": ""}
        | {"reported": 0.888, "z": -12.3, "verdict": "differs"}
        for cell, name in cells
    ]
    frame = table_frame("t", table, cells, table_marks(), pd.DataFrame(printed))
    return table, cells, frame.assign(mark="*")


@pytest.mark.parametrize("name", CLASSES)
def test_no_box_is_overfull(name, tmp_path):
    table, cells, frame = widest_table()
    notes = short_notes(table, frame, cells, table_marks())
    tables = [form("t", table, frame, notes) for form in (one_column, two_columns)]
    log = compiled(tmp_path, CLASSES[name], tables if "twocolumn" in CLASSES[name] else tables[:1])
    assert "Overfull" not in log


def test_it_compiles_whatever_the_names(tmp_path):
    table = table_settings(note="Toy models: 100 % _toy_ <not> the paper's & more")
    table["caption"] = r"Costs $5 & 10% of #1 {a_b} ~^\end"
    table["sections"][1]["rows"][0]["label"] = r"Toy_1+SFT & {50%} \ <|im_end|> ×±†"
    records = table_records(seeds=2)
    frame = table_frame("table_2", table, records)
    notes = short_notes(table, frame, records, table_marks())
    compiled(tmp_path, ARTICLE, [one_column("table_2", table, frame, notes)])


def test_the_table_of_prompts_fits(tmp_path):
    from scripts.make_prompt_table import latex_table
    from tests.scores.test_prompts import COMPARISONS, SETTINGS, found

    tex = latex_table(SETTINGS, found(), COMPARISONS)
    log = compiled(tmp_path, CLASSES["article, two columns"], [tex])
    assert "Overfull" not in log
    assert tex.count(r"\begin{table*}") == 2  # a section that repeats rows is left out
