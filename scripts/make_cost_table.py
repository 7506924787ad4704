"""Make the table of costs as LaTeX, Markdown, HTML and CSV (the paper's section 3.4 promises one).

A trained cell has what its last stage took per seed, what its evaluation took, and what the stage
added to the accuracy of the model that it started from. The LaTeX file is a `table*` and needs
booktabs. The CSV has one row per cell; the legend beside it says what its columns mean.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scripts.cli import add_forms, job_arguments, planned_run
from scripts.lib.files import write_text
from scripts.lib.frames import Column, legend_path, read_frame, write_frame
from scripts.lib.price.cost_of_cells import Spent, cells_frame, spent
from scripts.lib.price.cost_text import digits, signed, total_sentence
from scripts.lib.scores.forms import escape_latex, html_page, markdown_grid
from scripts.lib.scores.table_cells import read_cells
from scripts.lib.study.cells import parent_of

CAPTION = "Costs by cell and stage."
SHORT = {"Generated": "Gen.", "Evaluation": "Eval."}  # so that LaTeX's table fits the page
NOT_MEASURED = "–"
COLUMNS = [
    Column("section", "text", "section of the table"),
    Column("cell", "text", "the cell; its costs are those of its last stage"),
    Column("label", "text", "the cell's name in the table"),
    Column("stages", "text", "the names of its stages; empty for an untrained model"),
    Column("device", "text", "GPU or CPU: what `hours` and `chain_hours` are hours of"),
    Column("wall_hours", "h", "wall time of the stage, mean over seeds"),
    Column("hours", "h", "wall time x devices of the stage, mean over seeds"),
    Column("tokens_trained", "tokens", "tokens that the stage trained on, mean over seeds"),
    Column("tokens_generated", "tokens", "tokens of the stage's rollouts, mean over seeds"),
    Column("joules", "J", "energy of the stage's GPUs, mean over seeds"),
    Column("peak_memory_bytes", "B", "the most that the stage needed on one device, over seeds"),
    Column("chain_hours", "h", "device hours of all stages of the cell, teacher's traces apart"),
    Column("evaluation_hours", "h", "wall time of the cell's evaluation, mean over seeds"),
    Column("accuracy", "fraction", "mean over benchmarks under the tables' prompt"),
    Column("gain", "fraction", "accuracy minus that of the model the stage started from"),
    Column("gain_per_hour", "fraction/h", "gain / hours"),
]
# Of the printed table: head, unit, column of the CSV, and what turns its value into text.
Shown = tuple[str, str, str, Callable[[float], str]]


def shown_columns(device: str) -> list[Shown]:
    """Return the columns of the printed table behind the cell's name."""
    hours = f"{device}-h"
    return [
        ("Wall", "h", "wall_hours", digits),
        ("Stage", hours, "hours", digits),
        ("Chain", hours, "chain_hours", digits),
        ("Memory", "GB", "peak_memory_bytes", lambda value: digits(value / 1e9)),
        ("Trained", "M", "tokens_trained", lambda value: digits(value / 1e6)),
        ("Generated", "M", "tokens_generated", lambda value: digits(value / 1e6)),
        ("Energy", "kWh", "joules", lambda value: digits(value / 3.6e6)),
        ("Evaluation", "h", "evaluation_hours", digits),
        ("Gain", "points", "gain", lambda value: signed(100 * value)),
        ("Gain", f"points/{hours}", "gain_per_hour", lambda value: signed(100 * value)),
    ]


def table_lines(rows: Sequence[Mapping[str, Any]], device: str) -> list[tuple[str, list[str]]]:
    """Return a section and the entries of each line; untrained models have an evaluation alone."""
    lines = []
    for row in rows:
        entries = [
            NOT_MEASURED if math.isnan(row[name]) else text(row[name])
            for *_, name, text in shown_columns(device)
        ]
        if parent_of(row["cell"]) is None:
            shown = [name == "evaluation_hours" for *_, name, _ in shown_columns(device)]
            entries = [e if kept else "" for e, kept in zip(entries, shown, strict=True)]
        lines.append((row["section"], [row["label"], *entries]))
    return lines


def table_notes(settings: Mapping[str, Any], costs: Spent) -> list[str]:
    """Return the sentences below the table."""
    benchmarks = ", ".join(benchmark["label"] for benchmark in settings["benchmarks"])
    unit, number = f"{costs.device}-h", settings["seeds"]
    notes = [settings["note"]] if settings["note"] else []
    return notes + [
        f"Mean over {number} seed{'' if number == 1 else 's'}, of memory the most. Wall, stage, "
        "memory, tokens and energy are those of the cell's last stage; chain: all of its stages. "
        f"{unit}: wall time × {'GPUs' if costs.device == 'GPU' else 'processes'}. Trained: million "
        "tokens of prompts and targets or completions; generated: of rollouts. Evaluation: wall "
        "time under every prompt.",
        "Gain: percentage points of accuracy over the model that the stage started from, mean over "
        f"{benchmarks}, prompt {settings['prompt']}; comparisons.csv tells gain from chance.",
        f"{NOT_MEASURED}: not measured. Energy: of GPUs alone, by their own counters.",
        total_sentence(costs, settings["trained"]),
    ]


def markdown_table(lines: Sequence[tuple[str, list[str]]], notes: list[str], device: str) -> str:
    """Return the table as Markdown."""
    heads = ["Method", *(f"{head} ({unit})" for head, unit, *_ in shown_columns(device))]
    grid, section = [heads], None
    for title, entries in lines:
        if title != section:
            grid.append([f"**{title}**", *("" for _ in heads[1:])])
            section = title
        grid.append(entries)
    below = "\n\n".join(notes)
    return f"### {CAPTION}\n\n{markdown_grid(grid)}\n\n{below}\n"


def latex_table(lines: Sequence[tuple[str, list[str]]], notes: list[str], device: str) -> str:
    """Return the table as a LaTeX `table*`, over both columns of a page."""
    columns = [(SHORT.get(head, head), unit) for head, unit, *_ in shown_columns(device)]
    heads = [("Method", ""), *((head, unit.replace("points/", "per ")) for head, unit in columns)]
    body: list[str] = []
    section = None
    for title, entries in lines:
        if title != section:
            body += [r"\midrule"] if section else []
            italic = rf"\textit{{{escape_latex(title)}}}"
            body.append(rf"\multicolumn{{{len(heads)}}}{{@{{}}l}}{{{italic}}} \\")
            section = title
        body.append(" & ".join(map(escape_latex, entries)) + r" \\")
    return "\n".join([
        r"\begin{table*}[t]",
        r"\centering",
        rf"\caption{{{escape_latex(CAPTION)}}}",
        r"\label{tab:costs}",
        r"\scriptsize\setlength{\tabcolsep}{2pt}",
        rf"\begin{{tabular}}{{@{{}}l{'r' * (len(heads) - 1)}@{{}}}}",
        r"\toprule",
        *(" & ".join(map(escape_latex, line)) + r" \\" for line in zip(*heads, strict=True)),
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        rf"\par\smallskip\parbox{{\linewidth}}{{\footnotesize {escape_latex(' '.join(notes))}}}",
        r"\end{table*}",
    ]) + "\n"  # fmt: skip


def main() -> None:
    """Read the flags and write the four files and the legend."""
    parser = job_arguments(__doc__)
    add_forms(parser, "tex", "markdown", "html", "csv")
    args = parser.parse_args()
    run = planned_run(args, "make_cost_table")
    costs = spent(read_frame(run.paths("costs")[0]))
    frame = cells_frame(run.settings, costs, read_cells(run.paths("cells")))
    lines = table_lines(frame.to_dict("records"), costs.device)
    notes = table_notes(run.settings, costs)
    write_text(args.tex, latex_table(lines, notes, costs.device))
    markdown = markdown_table(lines, notes, costs.device)
    write_text(args.markdown, markdown)
    write_text(args.html, html_page("costs", markdown))
    write_frame(args.csv, frame.round(6), COLUMNS)
    files = (args.tex, args.markdown, args.html, args.csv, legend_path(args.csv))
    run.write_record(args.output, *files)


if __name__ == "__main__":
    main()
