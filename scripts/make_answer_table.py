"""Make the table of answers: each research question, the comparisons that answer it, the answer.

As LaTeX (a `table*`), Markdown, HTML and CSV. No answer is typed: each is made from counts.
"""

from typing import Any

import pandas as pd

from scripts.cli import Run, add_forms, job_arguments, planned_run
from scripts.lib.files import write_text
from scripts.lib.frames import read_frame, write_frame
from scripts.lib.paper.measured import Measured
from scripts.lib.scores.answers import BETTER, COLUMNS, UNDECIDED, WORSE, answer_rows
from scripts.lib.scores.forms import escape_latex, html_page, markdown_grid
from scripts.lib.scores.table_cells import read_cells
from scripts.lib.tables.latex import wide_float

CAPTION = "The research questions, and what this study's comparisons answer."
HEADS = ["Question", "Comparisons", "Answer"]
NOTE = (
    "Better and worse: the cell against the other, marked with one sign under every prompt (with "
    "one prompt: marked). Where no test compares them: the interval of the difference leaves out 0."
)


def words_of_pairs(run: Run) -> dict[tuple[str, str, str], str]:
    """Return {(cell, other, benchmark): word} of the pairs that no family compares."""
    measured = Measured(read_cells(run.paths("cells")), {}, {}, tuple(run.study.benchmarks()))
    found = {}
    groups = [group for question in run.settings["questions"] for group in question["groups"]]
    for group in groups:
        for cell, other in group.get("pairs", []):
            for name in group["benchmarks"]:
                difference = measured.difference({(cell, name): 1, (other, name): -1}, 0)
                if difference is not None:
                    word = BETTER if difference.value > 0 else WORSE
                    found[cell, other, name] = word if difference.clear else UNDECIDED
    return found


def table_lines(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Return the lines of the printed table; a question stands in its first line alone."""
    lines, last = [], None
    for row in rows:
        title = f"{row['question']}: {row['asked']}" if row["question"] != last else ""
        lines.append([title, row["group"], row["answer"]])
        last = row["question"]
    return lines


def markdown_table(rows: list[dict[str, Any]], note: str | None) -> str:
    """Return the table as Markdown."""
    notes = "\n\n".join(filter(None, [note, NOTE]))
    return f"### {CAPTION}\n\n{markdown_grid([HEADS, *table_lines(rows)])}\n\n{notes}\n"


def latex_table(rows: list[dict[str, Any]], note: str | None) -> str:
    """Return the table as a LaTeX `table*`."""
    ragged = r">{\raggedright\arraybackslash}"
    columns = rf"@{{}}{ragged}p{{0.3\linewidth}}{ragged}p{{0.27\linewidth}}{ragged}X@{{}}"
    lines = [rf"\begin{{tabularx}}{{\textwidth}}{{{columns}}}", r"\toprule"]
    lines += [" & ".join(HEADS) + r" \\", r"\midrule"]
    lines += [" & ".join(map(escape_latex, line)) + r" \\" for line in table_lines(rows)]
    lines += [r"\bottomrule", r"\end{tabularx}"]
    return wide_float("answers", CAPTION, lines, list(filter(None, [note, NOTE])))


def main() -> None:
    """Read the flags and write the files."""
    parser = job_arguments(__doc__)
    add_forms(parser, "tex", "markdown", "html", "csv", "legend")
    args = parser.parse_args()
    run = planned_run(args, "make_answer_table")
    conclusions = read_frame(run.paths("conclusions")[0])
    rows = answer_rows(run.settings["questions"], conclusions, words_of_pairs(run))
    note = run.settings["note"]
    write_text(args.tex, latex_table(rows, note))
    markdown = markdown_table(rows, note)
    write_text(args.markdown, markdown)
    write_text(args.html, html_page("answers", markdown, wrap=True))
    write_frame(args.csv, pd.DataFrame(rows), COLUMNS)
    forms = (args.tex, args.markdown, args.html, args.csv, args.legend)
    run.write_record(args.output, *forms)


if __name__ == "__main__":
    main()
