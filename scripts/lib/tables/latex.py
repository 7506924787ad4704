r"""A table as LaTeX: for one column, and for the width of two (`table*`).

Both need the packages booktabs and tabularx (paper/preamble.tex). In the form for one column a
row's label stands above its numbers, so that it fits into 200 pt. What the paper prints is in
italics.
"""

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from scripts.lib.scores.forms import escape_latex
from scripts.lib.tables.frame import marks_of, percents, printed_entry

PACKAGES = "% Needs booktabs and tabularx: \\input{preamble}\n"
LABEL_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])")  # OlympiadBench


def one_column(name: str, table: dict, frame: pd.DataFrame, notes: list[str]) -> str:
    """Return the table for one column: label, our numbers, the paper's, one below the other."""
    width = len(table["benchmarks"])
    columns = rf"@{{\extracolsep{{\fill}}}}{'r' * width}@{{}}"
    lines = [
        rf"\begin{{tabular*}}{{\linewidth}}{{{columns}}}",
        r"\toprule",
        " & ".join(_heads(table)) + r" \\",
    ]
    for section, rows in frame.groupby("section", sort=False):
        lines += [r"\midrule", _across(width, rf"\textit{{{escape_latex(section)}}}")]
        for _, row in rows.groupby("cell", sort=False):
            entries = row.to_dict("records")
            lines.append(_across(width, breakable(entries[0]["method"])) + "*")
            lines.append(" & ".join(map(_entry, entries)) + r" \\")
            lines += _paper_line(row, entries)
    lines += [r"\bottomrule", r"\end{tabular*}"]
    return _float("table", name, table["caption"], lines, notes, separation="0pt")


def two_columns(name: str, table: dict, frame: pd.DataFrame, notes: list[str]) -> str:
    """Return the table for the width of two columns: labels left, the paper's line below ours."""
    width = len(table["benchmarks"]) + 1
    columns = rf"@{{}}>{{\raggedright\arraybackslash}}X{'r' * (width - 1)}@{{}}"
    lines = [
        rf"\begin{{tabularx}}{{\textwidth}}{{{columns}}}",
        r"\toprule",
        " & ".join(["Method", *_heads(table)]) + r" \\",
    ]
    for section, rows in frame.groupby("section", sort=False):
        title = rf"\textit{{{escape_latex(section)}}}"
        lines += [r"\midrule", _across(width, title)]
        for _, row in rows.groupby("cell", sort=False):
            entries = row.to_dict("records")
            lines.append(
                " & ".join([breakable(entries[0]["method"]), *map(_entry, entries)]) + r" \\"
            )
            lines += _paper_line(row, entries, [r"\quad paper"])
    lines += [r"\bottomrule", r"\end{tabularx}"]
    return wide_float(f"{name}-wide", table["caption"], lines, notes)


def wide_float(name: str, caption: str, lines: list[str], notes: list[str]) -> str:
    """Return a `table*` around the lines of a tabular, with notes below them."""
    return _float("table*", name, caption, lines, notes, separation="4pt")


def _float(
    kind: str, name: str, caption: str, lines: list[str], notes: list[str], separation: str
) -> str:
    text = escape_latex(" ".join(notes))
    return "\n".join([
        PACKAGES + rf"\begin{{{kind}}}[tp]",
        r"\centering",
        rf"\caption{{{escape_latex(caption)}}}",
        rf"\label{{tab:{name}}}",
        rf"\scriptsize\setlength{{\tabcolsep}}{{{separation}}}\renewcommand{{\arraystretch}}{{1.2}}",
        *lines,
        *([rf"\par\smallskip\parbox{{\linewidth}}{{\raggedright {text}}}"] if text else []),
        rf"\end{{{kind}}}",
        "",
    ])  # fmt: skip


def _heads(table: dict) -> list[str]:
    labels = [escape_latex(benchmark["label"]) for benchmark in table["benchmarks"]]
    stacked = [LABEL_BREAK.sub(lambda _: r"\\", label) for label in labels]
    return [rf"\shortstack[r]{{{label}}}{_space('')}" for label in stacked]


def _across(width: int, text: str) -> str:
    return rf"\multicolumn{{{width}}}{{@{{}}p{{\linewidth}}@{{}}}}{{{text}}} \\"


def breakable(label: str) -> str:
    """Return a label that may break behind each plus."""
    return escape_latex(label).replace("+", r"+\allowbreak ")


def _paper_line(
    row: pd.DataFrame, entries: list[dict[str, Any]], title: Sequence[str] = ()
) -> list[str]:
    if row["reported"].isna().all():
        return []
    return [" & ".join([*title, *map(_printed, entries)]) + r" \\"]


def _entry(entry: dict[str, Any]) -> str:
    """Return one entry: the accuracy with the distances to the ends of its interval, and marks.

    The distances are those between the rounded numbers, so that they add up on paper.
    """
    numbers = percents(entry)
    if numbers is None:
        return "--" + _space("")
    shown = f"{numbers[0]:.1f}"
    if entry["best"] == "yes":
        shown = rf"\textbf{{{shown}}}"
    return shown + _interval(numbers) + _space(escape_latex(marks_of(entry)))


def _interval(numbers: tuple[float, float, float]) -> str:
    value, low, high = numbers
    return f"$^{{+{high - value:.1f}}}_{{-{value - low:.1f}}}$"


def _printed(entry: dict[str, Any]) -> str:
    """Return what the paper prints: its number below ours, z or its source below our interval."""
    value, _, remark = printed_entry(entry, minus="$-$").partition(" ")
    numbers = percents(entry)
    behind = rf"\hphantom{{{_interval(numbers)}}}" if numbers else ""
    remark = rf"\rlap{{\,{remark}}}" if remark else ""
    return rf"\textit{{{value}{remark}}}{behind}{_space('')}"


def _space(marks: str) -> str:
    """Return marks in a box of one width, so that numbers stand below each other."""
    return rf"\makebox[0.9em][l]{{{marks}}}"
