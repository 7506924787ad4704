"""The paper's tables with the marks of the audit, as lines of text and as LaTeX."""

import pandas as pd

from scripts.lib.paper.audit import Audit
from scripts.lib.scores.forms import escape_latex

MARKS = {
    "r": "is a count of right answers only if it was rounded",
    "c": "is a count of right answers only if further digits were cut",
    "n": "is no count of right answers by either rule",
    "q": "equals a published average over many samples",
    "d": "another table prints another number for the same model",
    "p": "is less than half of a public figure for the same model",
    "u": "the column is unknown; not tested",
}


def marks_of(row: pd.Series) -> str:
    """Return the marks of a printed number, in the order of MARKS."""
    held = {
        "r": row["fit"] == "rounded",
        "c": row["fit"] == "cut",
        "n": row["fit"] == "neither",
        "q": row["source"] != "",
        "d": row["other_tables"] != "",
        "p": row["public"] != "" and float(row["printed"]) < float(row["public"]) / 2,
        "u": row["column"] == "unknown",
    }
    return "".join(mark for mark in MARKS if held[mark])


def title_of(table: str) -> str:
    """Return a table's title: `Table 1` of `table1`."""
    return table.replace("table", "Table ")


def marked_grid(found: Audit, table: str) -> list[list[str]]:
    """Return a table of the paper as lines of text: a head, then sections and rows.

    A section has empty entries, a row `83.9 nq` with its marks or a dash. Rows without a number are
    left out.
    """
    group = found.numbers[found.numbers["table"] == table]
    names = found.benchmarks["benchmark"].tolist()
    lines = [["Method", *found.benchmarks["label"]]]
    for section, rows in group.groupby("section", sort=False):
        lines.append([str(section), *("" for _ in names)])
        for method, row in rows.groupby("method", sort=False):
            texts = {r["benchmark"]: f"{r['printed']} {marks_of(r)}" for _, r in row.iterrows()}
            lines.append([str(method), *(texts.get(name, "-").strip() for name in names)])
    return lines


def is_section(line: list[str]) -> bool:
    """Say whether a line of a grid is the name of a section."""
    return not any(line[1:])


def latex_tables(found: Audit) -> str:
    """Return the paper's tables with marks as LaTeX `table` environments; they need booktabs."""
    tables = dict.fromkeys(found.numbers["table"])
    return "".join(_latex_table(found, table) for table in tables)


def _latex_table(found: Audit, table: str) -> str:
    head, *lines = marked_grid(found, table)
    caption = f"The paper's {title_of(table)} (percent, as printed) with the marks of the audit."
    legend = "; ".join(f"{mark}: {meaning}" for mark, meaning in MARKS.items())
    rows = []
    for line in lines:
        if is_section(line):
            title = rf"\textit{{{escape_latex(line[0])}}}"
            rows += [r"\midrule", rf"\multicolumn{{{len(head)}}}{{@{{}}l}}{{{title}}} \\"]
        else:
            entries = [escape_latex(line[0]), *map(_latex_entry, line[1:])]
            rows.append(" & ".join(entries) + r" \\")
    return "\n".join([
        r"\begin{table}[t]",
        r"\centering",
        rf"\caption{{{escape_latex(caption)}}}",
        rf"\label{{tab:audit-{table}}}",
        r"\vspace{4pt}",
        r"\footnotesize",
        r"\setlength{\tabcolsep}{4pt}",
        rf"\begin{{tabular}}{{@{{}}l{'l' * (len(head) - 1)}@{{}}}}",
        r"\toprule",
        " & ".join(map(escape_latex, head)) + r" \\",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\smallskip",
        rf"\parbox{{\linewidth}}{{\footnotesize {escape_latex(legend)}.}}",
        r"\end{table}",
        "",
    ])  # fmt: skip


def _latex_entry(text: str) -> str:
    number, _, marks = text.partition(" ")
    if number == "-":
        return "--"
    return rf"{number}$^{{\mathrm{{{marks}}}}}$" if marks else number
