"""Make the table of prompts as LaTeX, Markdown, HTML and CSV: the same cells, asked otherwise.

A cell has a line for each prompt: its accuracy in percent, and in brackets the difference from its
untrained model under the same prompt with its mark; a line `own` where each side is asked by its
own prompt; and a line with the words of conclusions.csv. The LaTeX file has a `table*` for each
section. The CSV has one row per cell, prompt and benchmark.
"""

import csv
from pathlib import Path
from typing import Any

import pandas as pd

from scripts.cli import add_forms, job_arguments, planned_run
from scripts.lib.files import write_text
from scripts.lib.frames import Column, write_frame
from scripts.lib.scores.forms import escape_latex, html_page, markdown_grid
from scripts.lib.scores.marks import marks_against, read_comparisons
from scripts.lib.scores.table_cells import read_cells_by_prompt
from scripts.lib.tables.latex import breakable, wide_float

CAPTION = "The same cells under every prompt."
CONCLUSION = "conclusion"
COLUMNS = [
    Column("section", "text", "section of the table"),
    Column("cell", "text", "the cell"),
    Column("prompt", "text", "the prompt; own: each side of the difference under its own"),
    Column("benchmark", "text", "name of the benchmark in the config"),
    Column("accuracy", "fraction", "accuracy of the cell"),
    Column("interval_low", "fraction", "lower end of its 95% interval"),
    Column("interval_high", "fraction", "upper end of it"),
    Column("difference", "fraction", "accuracy less that of the untrained model"),
    Column("mark", "text", "a star where the difference is marked"),
    Column(CONCLUSION, "text", "what conclusions.csv says of the difference"),
]
Rows = list[dict[str, str]]
Found = dict[tuple[str, str, str], dict[str, Any]]  # {(cell, prompt, benchmark): a row of the CSV}


def prompt_rows(settings: dict, cells: dict, comparisons: Rows, conclusions: Rows) -> Found:
    """Return the rows of the CSV, in its order.

    `cells` is {prompt: {(cell, benchmark): record}}; `own` stands for each side's own prompt, and
    has no accuracy of its own.
    """
    words = {
        (row["cell"], row["benchmark"]): row["conclusion"]
        for row in conclusions
        if row["against"] == "root"
    }
    differences = {
        (row["cell"], row["prompts"], row["benchmark"]): row
        for row in comparisons
        if row["against"] == "root"
    }
    found: Found = {}
    for section in settings["sections"]:
        for row in section["rows"]:
            for prompt in [*settings["prompts"], "own"]:
                for benchmark in settings["benchmarks"]:
                    place = (row["cell"], prompt, benchmark["name"])
                    record = cells.get(prompt, {}).get((row["cell"], benchmark["name"]))
                    difference = differences.get(place)
                    if record is None and difference is None:
                        continue
                    names = dict(zip(("cell", "prompt", "benchmark"), place, strict=True))
                    found.setdefault(place, {
                        "section": section["section"],
                        **names,
                        **(_numbers(record) if record else {}),
                        "difference": _number((difference or {}).get("difference")),
                        "mark": (difference or {}).get("mark", ""),
                        CONCLUSION: words.get((row["cell"], benchmark["name"]), ""),
                    })  # fmt: skip
    return found


def _numbers(record: dict) -> dict[str, float | None]:
    low, high = record["interval"] or (None, None)
    return {"accuracy": record["accuracy"], "interval_low": low, "interval_high": high}


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def table_lines(settings: dict, found: Found) -> list[tuple[str, list[list[str]]]]:
    """Return the table's sections: a title, and lines of method, prompt, and entries."""
    names = [benchmark["name"] for benchmark in settings["benchmarks"]]
    sections, drawn = [], set()
    for section in settings["sections"]:
        lines = []
        for row in section["rows"]:
            if row["cell"] in drawn:
                continue
            drawn.add(row["cell"])
            own = []
            for prompt in [*settings["prompts"], "own"]:
                entries = [found.get((row["cell"], prompt, name)) for name in names]
                if any(entries):
                    own.append([prompt, *map(_entry, entries)])
            words = [
                found.get((row["cell"], own[0][0], name), {}).get(CONCLUSION, "") for name in names
            ]
            if any(words):
                own.append([CONCLUSION, *(word.partition(" ")[0] for word in words)])
            lines += [[row["label"] if not n else "", *line] for n, line in enumerate(own)]
        if lines:
            sections.append((section["section"], lines))
    return sections


def _entry(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    accuracy, difference = row.get("accuracy"), row["difference"]
    shown = [] if accuracy is None else [f"{100 * accuracy:.1f}"]
    shown += [] if difference is None else [f"({100 * difference:+.1f}{row['mark']})"]
    return " ".join(shown) or "–"


def table_notes(settings: dict, comparisons: Rows) -> list[str]:
    """Return the sentences below the table."""
    notes = [settings["note"]] if settings["note"] else []
    notes.append(
        "Accuracy in percent; in brackets the difference from the untrained model that the cell "
        "started from, under the same prompt; own: each of the two under the prompt that it is at "
        "home in, a trained cell as in training, an untrained model as the config declares."
    )
    families = dict.fromkeys(row["prompts"] for row in comparisons if row["against"] == "root")
    meanings = {
        prompts: marks_against(comparisons, "root", prompts).meaning for prompts in families
    }
    if any(row["mark"] for row in comparisons if row["against"] == "root"):
        told = [f"{prompts}: {meaning}" for prompts, meaning in meanings.items() if meaning]
        notes.append(f"A star marks what differs ({'; '.join(told)}).")
    notes.append(
        "Holds: marked with one sign in every line; reverses: with opposite signs; depends (on the "
        "prompt): the difference itself differs between two lines; undecided: none of these."
    )
    return notes


def markdown_table(settings: dict, found: Found, comparisons: Rows) -> str:
    """Return the table as Markdown."""
    grid = [["Method", "Prompt", *(b["label"] for b in settings["benchmarks"])]]
    for title, lines in table_lines(settings, found):
        grid.append([f"**{title}**", *("" for _ in grid[0][1:])])
        grid += lines
    notes = "\n\n".join(table_notes(settings, comparisons))
    return f"### {CAPTION}\n\n{markdown_grid(grid)}\n\n{notes}\n"


def latex_table(settings: dict, found: Found, comparisons: Rows) -> str:
    """Return the table as one LaTeX `table*` for each section; the last has the notes."""
    heads = ["Method", "Prompt", *(b["label"] for b in settings["benchmarks"])]
    columns = rf"@{{}}>{{\raggedright\arraybackslash}}Xl{'r' * (len(heads) - 2)}@{{}}"
    sections = table_lines(settings, found)
    notes = table_notes(settings, comparisons)
    floats = []
    for number, (title, rows) in enumerate(sections):
        lines = [
            rf"\begin{{tabularx}}{{\textwidth}}{{{columns}}}",
            r"\toprule",
            " & ".join(map(escape_latex, heads)) + r" \\",
            r"\midrule",
            *(
                " & ".join([breakable(row[0]), *map(escape_latex, row[1:])]) + r" \\"
                for row in rows
            ),
            r"\bottomrule",
            r"\end{tabularx}",
        ]
        name = "prompts" + (f"-{number + 1}" if number else "")
        last = number + 1 == len(sections)
        floats.append(wide_float(name, f"{CAPTION} {title}.", lines, notes if last else []))
    return "\n".join(floats)


def _read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def main() -> None:
    """Read the flags and write the four files."""
    parser = job_arguments(__doc__)
    add_forms(parser, "tex", "markdown", "html", "csv", "legend")
    args = parser.parse_args()
    run = planned_run(args, "make_prompt_table")
    comparisons = [row for path in run.paths("comparisons") for row in read_comparisons(path)]
    conclusions = [row for path in run.paths("conclusions") for row in _read(path)]
    cells = read_cells_by_prompt(run.paths("cells"))
    found = prompt_rows(run.settings, cells, comparisons, conclusions)
    write_text(args.tex, latex_table(run.settings, found, comparisons))
    markdown = markdown_table(run.settings, found, comparisons)
    write_text(args.markdown, markdown)
    write_text(args.html, html_page("prompts", markdown))
    write_frame(args.csv, pd.DataFrame(found.values()), COLUMNS)
    forms = (args.tex, args.markdown, args.html, args.csv, args.legend)
    run.write_record(args.output, *forms)


if __name__ == "__main__":
    main()
