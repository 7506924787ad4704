"""Make one table of the study as LaTeX, Markdown, HTML and CSV.

The LaTeX file is a complete `table` environment that needs the package booktabs. An entry is the
accuracy in percent with the distances to the ends of its 95% interval; the others hold the ends
themselves. A cell with a collapsed training is marked with a double dagger. The CSV has the
columns of `paper/reported.csv`, then cell, interval ends and marks. A star marks a cell that
differs from its own root, by the family `root` of comparisons.csv.
"""

from pathlib import Path

from scripts.cli import job_arguments, planned_run
from scripts.lib.files import write_text
from scripts.lib.scores.forms import escape_latex, html_page, markdown_grid
from scripts.lib.scores.marks import NONE, Marks, root_marks
from scripts.lib.scores.table_cells import read_cells, write_csv

LIGHTEVAL_APART = 0.02
NO_WEIGHTS = {"rule": "no weights"}  # a training that ended at a number that is none
Cells = dict[tuple[str, str], dict]  # {(cell, benchmark): record}, as score_cell writes them


def with_best_rows(table: dict, cells: Cells) -> dict:
    """Return the table with one cell per row: of several candidates that of highest mean accuracy.

    `table` has `benchmarks` with `name`, and `sections` whose `rows` are lists of candidates:
    the result has the chosen ones, and `chosen` of the table and of its rows says whether there was
    a choice. The mean is over the benchmarks; a collapsed cell counts as 0, of equals the first
    wins.
    """
    names = [benchmark["name"] for benchmark in table["benchmarks"]]

    def mean(row: dict) -> float:
        return sum(cells[row["cell"], name]["accuracy"] or 0.0 for name in names) / len(names)

    sections = [
        section
        | {
            "rows": [
                max(candidates, key=mean) | {"chosen": len(candidates) > 1}
                for candidates in section["rows"]
            ]
        }
        for section in table["sections"]
    ]
    chosen = any(row["chosen"] for section in sections for row in section["rows"])
    return table | {"sections": sections, "chosen": chosen}


def percents(record: dict) -> tuple[float, float, float] | None:
    """Return accuracy and interval ends in percent, to one decimal; None without a number."""
    if record["accuracy"] is None:
        return None
    low, high = record["interval"]
    return tuple(round(100 * value, 1) for value in (record["accuracy"], low, high))


def mark_of(row: dict, benchmark: dict, marks: Marks) -> str:
    """Return the star of an entry; a row that was chosen by its numbers has none."""
    return "" if row["chosen"] else marks.of(row["cell"], benchmark["name"])


def verdicts_differ(record: dict) -> bool:
    """Say whether LightEval's own accuracy is another than ours by more than two points."""
    ours, theirs = record["accuracy"], record["lighteval_accuracy"]
    return ours is not None and theirs is not None and abs(ours - theirs) > LIGHTEVAL_APART


def marks_of(row: dict, benchmark: dict, cells: Cells, marks: Marks) -> str:
    """Return the marks of an entry: the star, and § where LightEval's verdict differs."""
    differs = verdicts_differ(cells[row["cell"], benchmark["name"]])
    return mark_of(row, benchmark, marks) + ("§" if differs else "")


def latex_entry(record: dict, mark: str = "") -> str:
    """Return one entry, two columns wide: the accuracy, and its distances to the interval's ends.

    The distances are those between the rounded numbers, so that they add up on paper.
    """
    numbers = percents(record)
    if numbers is None:
        return r"\multicolumn{2}{c}{--}"
    value, low, high = numbers
    return f"{value:.1f} & $^{{+{high - value:.1f}}}_{{-{value - low:.1f}}}${escape_latex(mark)}"


def markdown_entry(record: dict, mark: str = "") -> str:
    """Return one entry: `54.0 [51.2, 56.7]*` with its mark, or a dash."""
    numbers = percents(record)
    return "–" if numbers is None else "{:.1f} [{:.1f}, {:.1f}]".format(*numbers) + mark


def method_label(row: dict, cells: Cells, benchmarks: list[dict]) -> str:
    """Return the row's label, with a double dagger where a training collapsed."""
    records = [cells[row["cell"], benchmark["name"]] for benchmark in benchmarks]
    return row["label"] + ("‡" if any(r["status"] == "collapsed" for r in records) else "")


def table_notes(table: dict, cells: Cells, marks: Marks) -> list[str]:
    """Return the sentences below the table: what an entry is, chance levels, what marks mean."""
    rows = [row for section in table["sections"] for row in section["rows"]]
    records = {
        benchmark["name"]: [cells[row["cell"], benchmark["name"]] for row in rows]
        for benchmark in table["benchmarks"]
    }
    every = [record for group in records.values() for record in group]
    seeds = max(len(record["seeds"]) for record in every)
    notes = [table["note"]] if table["note"] else []
    notes.append(
        "Accuracy in percent with its 95% interval, "
        + (
            f"mean over {seeds} seeds; the interval holds the spread over seeds and problems."
            if seeds > 1
            else "one seed; the interval holds the spread over problems and samples of this run, "
            "not over trainings."
        )
    )
    if any(mark_of(row, b, marks) for row in rows for b in table["benchmarks"]):
        notes.append(
            f"A star marks what differs from the untrained model it started from: {marks.meaning}."
        )
    apart = [
        f"{row['label']} on {benchmark['label']} {100 * record['lighteval_accuracy']:.1f}"
        for row in rows
        for benchmark in table["benchmarks"]
        if verdicts_differ(record := cells[row["cell"], benchmark["name"]])
    ]
    if apart:
        notes.append(
            "§ LightEval's own verdict differs from ours by more than 2 points; by it the accuracy "
            f"is: {', '.join(apart)}."
        )
    sizes, chances = [], []
    for benchmark in table["benchmarks"]:
        group = records[benchmark["name"]]
        sizes.append(f"{benchmark['label']} {group[0]['problems']} × {group[0]['samples']}")
        levels = [record["chance"]["accuracy"] for record in group if record["chance"]]
        if levels:
            chances.append(f"{benchmark['label']} {100 * levels[0]:.1f}")
    notes.append(f"Problems × samples: {', '.join(sizes)}.")
    if chances:
        notes.append(f"Always giving the most common answer would score: {', '.join(chances)}.")
    if table["chosen"]:
        notes.append(
            "Of the cells trained from one model, the one with the highest mean of these columns "
            "is shown after training; it was chosen by these very numbers, which favours it."
        )
    for label, tokens in table["context"].items():
        notes.append(f"The context of {label} holds {tokens} tokens; longer completions are cut.")
    losses = {row["label"]: lost_seeds(row, cells, table) for row in rows}
    collapsed = [f"{label}: {lost}" for label, lost in losses.items() if lost]
    if collapsed:
        notes.append(
            f"‡ Training collapsed ({'; '.join(collapsed)}). Collapsed seeds are in the mean, but "
            "for those that left no weights; a dash stands where no seed left any."
        )
    return notes


def lost_seeds(row: dict, cells: Cells, table: dict) -> str:
    """Return `1 of 3 seeds, as ...` for the collapsed seeds of a row; empty where none is."""
    runs = cells[row["cell"], table["benchmarks"][0]["name"]]["runs"]
    lost = [run for run in runs if run["status"] == "collapsed"]
    reasons = dict.fromkeys(
        mark["rule"] for run in runs for mark in run.get("marks", []) or [NO_WEIGHTS] if run in lost
    )
    seeds = f"{len(lost)} of {len(runs)} seed{'s' if len(runs) > 1 else ''}"
    return f"{seeds}, {', '.join(reasons)}" if lost else ""


def latex_table(name: str, table: dict, cells: Cells, marks: Marks = NONE) -> str:
    """Return the table as a LaTeX `table` environment."""
    benchmarks = table["benchmarks"]
    width = 1 + 2 * len(benchmarks)
    heads = [rf"\multicolumn{{2}}{{c}}{{{escape_latex(b['label'])}}}" for b in benchmarks]
    lines = [
        r"\begin{table}[t]",
        r"\centering",
        rf"\caption{{{escape_latex(table['caption'])}}}",
        rf"\label{{tab:{name}}}",
        r"\vspace{4pt}",
        r"\small",
        r"\setlength{\tabcolsep}{4pt}",
        r"\renewcommand{\arraystretch}{1.25}",
        rf"\begin{{tabular}}{{@{{}}l{'r@{}l' * len(benchmarks)}@{{}}}}",
        r"\toprule",
        " & ".join(["Method", *heads]) + r" \\",
    ]
    for section in table["sections"]:
        title = escape_latex(section["section"])
        lines += [r"\midrule", rf"\multicolumn{{{width}}}{{@{{}}l}}{{\textit{{{title}}}}} \\"]
        for row in section["rows"]:
            label = escape_latex(method_label(row, cells, benchmarks))
            entries = [
                latex_entry(cells[row["cell"], b["name"]], marks_of(row, b, cells, marks))
                for b in benchmarks
            ]
            lines.append(" & ".join([label, *entries]) + r" \\")
    notes = escape_latex(" ".join(table_notes(table, cells, marks)))
    lines += [r"\bottomrule", r"\end{tabular}", r"\par\smallskip"]
    lines += [rf"\parbox{{\linewidth}}{{\footnotesize {notes}}}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def markdown_table(table: dict, cells: Cells, marks: Marks = NONE) -> str:
    """Return the table as Markdown, padded so that it can be read as plain text too."""
    benchmarks = table["benchmarks"]
    grid = [["Method", *(benchmark["label"] for benchmark in benchmarks)]]
    for section in table["sections"]:
        grid.append([f"**{section['section']}**", *("" for _ in benchmarks)])
        for row in section["rows"]:
            entries = [
                markdown_entry(cells[row["cell"], b["name"]], marks_of(row, b, cells, marks))
                for b in benchmarks
            ]
            grid.append([method_label(row, cells, benchmarks), *entries])
    notes = "\n\n".join(table_notes(table, cells, marks))
    return f"### {table['caption']}\n\n{markdown_grid(grid)}\n\n{notes}\n"


def table_rows(
    name: str, table: dict, cells: Cells, marks: Marks = NONE
) -> tuple[list[str], list[dict]]:
    """Return columns and rows of the CSV: percent to one decimal, `-` where there is no number."""
    names = [benchmark["name"] for benchmark in table["benchmarks"]]
    ends = [f"{column}_{end}" for column in names for end in ("low", "high", "mark")]
    rows = []
    for section in table["sections"]:
        for row in section["rows"]:
            label = method_label(row, cells, table["benchmarks"])
            line = {"table": name, "section": section["section"], "method": label}
            for benchmark in table["benchmarks"]:
                column = benchmark["name"]
                numbers = percents(cells[row["cell"], column])
                texts = ["-"] * 3 if numbers is None else [f"{value:.1f}" for value in numbers]
                line |= dict(zip((column, f"{column}_low", f"{column}_high"), texts, strict=True))
                line[f"{column}_mark"] = marks_of(row, benchmark, cells, marks)
            rows.append(line | {"cell": row["cell"]})
    return ["table", "section", "method", *names, "cell", *ends], rows


def main() -> None:
    """Read the flags and write the four files."""
    parser = job_arguments(__doc__)
    parser.add_argument("--table", required=True, help="name of the table in the config")
    for form in ("tex", "markdown", "html", "csv"):
        parser.add_argument(f"--{form}", type=Path, required=True, help=f"{form} file to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "make_table", table=args.table)
    cells = read_cells(run.paths("cells"))
    table = with_best_rows(run.settings, cells)
    marks = root_marks(run.paths("comparisons"), run.settings["prompt"])
    write_text(args.tex, latex_table(args.table, table, cells, marks))
    markdown = markdown_table(table, cells, marks)
    write_text(args.markdown, markdown)
    write_text(args.html, html_page(args.table, markdown))
    write_csv(args.csv, *table_rows(args.table, table, cells, marks))
    run.write_record(args.output, args.tex, args.markdown, args.html, args.csv)


if __name__ == "__main__":
    main()
