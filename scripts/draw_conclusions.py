"""Say of every comparison whether it holds under every prompt: conclusions.csv, and in words.

Both files are made from comparisons.csv and the evaluations; no sentence about a result is typed.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from scripts.cli import job_arguments, planned_run
from scripts.lib.files import write_text
from scripts.lib.frames import write_frame
from scripts.lib.scores.conclusion_sentences import sentences
from scripts.lib.scores.conclusions import (
    COLUMNS,
    DEPENDS,
    HOLDS,
    REVERSES,
    UNDECIDED,
    conclusion_rows,
)
from scripts.lib.scores.forms import html_page, markdown_grid
from scripts.lib.scores.marks import METHOD, read_comparisons
from scripts.lib.scores.pairs import Evaluations
from scripts.lib.scores.verdicts import read_evaluations

QUESTIONS = {
    "parent": "What each last stage changed: against the cell that it started from",
    "root": "What several stages changed together: against the untrained model",
    "direct RL": "Hybrids against RL alone",
    "full": "LoRA against full fine-tuning",
}
WORDS = {
    HOLDS: "marked with one sign under every prompt, and with each side under its own",
    REVERSES: "marked with opposite signs under two prompts",
    DEPENDS: "the difference itself differs between two prompts",
    UNDECIDED: "none of these",
}


def conclusions_text(rows: list[dict[str, Any]], settings: dict[str, Any]) -> str:
    """Return the conclusions as Markdown: a table by stage, then what holds, for each question."""
    if not rows:
        return "### Conclusions\n\nNo cell of the study is compared with another.\n"
    prompts = rows[0]["prompts"].split()
    if len(prompts) < 2:
        return (
            f"### Conclusions\n\nEvery cell was evaluated under one prompt, {prompts[0]}: whether "
            "a difference holds under another is not known (`sensitivity` in the config).\n"
        )
    parts = ["### Which conclusions hold under every prompt", _legend(rows, settings)]
    told: set[tuple[str, str]] = set()  # a parent that is untrained is the root, too
    for against, title in QUESTIONS.items():
        asked = [
            row
            for row in rows
            if row["against"] == against and (row["cell"], row["other"]) not in told
        ]
        told |= {(row["cell"], row["other"]) for row in asked}
        if asked:
            parts += [f"#### {title}", _counts(asked, settings), *_sentences(asked, settings)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _legend(rows: list[dict[str, Any]], settings: dict[str, Any]) -> str:
    speaks = (
        "Stars are of the methods, with seeds at random."
        if any(row["basis"] == METHOD for row in rows)
        else "With one seed the words are about these runs, not about methods."
    )
    note = f" {settings['note']}" if settings["note"] else ""
    listed = "\n".join(f"- **{name}**: {meaning}" for name, meaning in WORDS.items())
    return f"{speaks}{note}\n\n{listed}"


def _counts(rows: list[dict[str, Any]], settings: dict[str, Any]) -> str:
    """Return a table: of the comparisons of the cells with each last stage, how many are what."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["cell"].rpartition("+")[2], []).append(row)
    grid = [["Last stage", "holds, better", "holds, worse", *list(WORDS)[1:], "comparisons"]]
    for stage, group in groups.items():
        found = Counter(row["conclusion"] for row in group)
        better = sum(row["conclusion"] == HOLDS and float(row["lowest"]) > 0 for row in group)
        counted = [better, found[HOLDS] - better, *(found[name] for name in list(WORDS)[1:])]
        grid.append([settings["stage_labels"][stage], *map(str, [*counted, len(group)])])
    return markdown_grid(grid)


def _sentences(rows: list[dict[str, Any]], settings: dict[str, Any]) -> list[str]:
    """Return a list for each word but `undecided`: which comparisons, and their differences."""
    parts = []
    for name in (HOLDS, REVERSES, DEPENDS):
        named = [row for row in rows if row["conclusion"] == name]
        lines = sentences(named, settings["labels"], settings["benchmark_labels"])
        if lines:
            parts.append("\n".join([f"{name.capitalize()}:", "", *(f"- {line}" for line in lines)]))
    return parts


def main() -> None:
    """Read the flags and write both files."""
    parser = job_arguments(__doc__)
    parser.add_argument("--conclusions", type=Path, required=True, help="the CSV file to write")
    parser.add_argument("--legend", type=Path, required=True, help="its columns, beside it")
    parser.add_argument("--text", type=Path, required=True, help="the Markdown file to write")
    parser.add_argument("--html", type=Path, required=True, help="the same as a page of its own")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "draw_conclusions")
    settings = run.settings
    evaluations = Evaluations(
        read_evaluations(run.paths("scores")), run.study.seeds(), settings["main_prompt"]
    )
    comparisons = [row for path in run.paths("comparisons") for row in read_comparisons(path)]
    rows = conclusion_rows(comparisons, settings["families"], settings["benchmarks"], evaluations)
    write_frame(args.conclusions, pd.DataFrame(rows), COLUMNS)
    text = conclusions_text(rows, settings)
    write_text(args.text, text)
    write_text(args.html, html_page("Conclusions", text))
    run.write_record(args.output, args.conclusions, args.legend, args.text, args.html)


if __name__ == "__main__":
    main()
