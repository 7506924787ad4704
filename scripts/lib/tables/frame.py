"""A table as a tidy frame: one row per cell and benchmark, in the order of the table."""

from typing import Any

import pandas as pd

from scripts.lib.frames import Column
from scripts.lib.scores.marks import NONE, Marks

LIGHTEVAL_APART = 0.02
COLUMNS = [
    Column("table", "text", "name of the table in the config"),
    Column("section", "text", "section of the table"),
    Column("method", "text", "label of the row; with a double dagger if a training collapsed"),
    Column("cell", "text", "the cell behind the row"),
    Column("benchmark", "text", "name of the benchmark in the config"),
    Column("accuracy", "fraction", "this study's accuracy, mean over seeds"),
    Column("low", "fraction", "lower end of its 95% interval"),
    Column("high", "fraction", "upper end of its 95% interval"),
    Column("mark", "text", "a star where the cell differs from its untrained model"),
    Column("best", "text", "yes where no accuracy of the table's benchmark is higher, else no"),
    Column("lighteval_accuracy", "fraction", "the accuracy by LightEval's own verdicts"),
    Column("reported", "fraction", "accuracy that the paper prints in this table"),
    Column("source", "text", "where the paper has it from; empty for its own number"),
    Column("z", "standard errors", "lighteval_accuracy less reported (reproduction.csv)"),
    Column("verdict", "text", "compatible, unclear or differs; empty where not compared"),
]
NAMES = [column.name for column in COLUMNS]
PRINTED = ["cell", "benchmark", "reported", "source", "z", "verdict"]
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


def rows_of(table: dict) -> list[dict]:
    """Return the rows of all sections, each with `section`."""
    return [
        row | {"section": section["section"]}
        for section in table["sections"]
        for row in section["rows"]
    ]


def table_frame(
    name: str,
    table: dict,
    cells: Cells,
    marks: Marks = NONE,
    reproduction: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the frame of a table, with the columns of COLUMNS.

    `reproduction` holds reproduction.csv: the paper's numbers in the table of the same name are
    shown. What the paper prints under an unknown benchmark is not.
    """
    rows: list[dict[str, Any]] = []
    for row in rows_of(table):
        for benchmark in table["benchmarks"]:
            record = cells[row["cell"], benchmark["name"]]
            low, high = record["interval"] or (None, None)
            rows.append({
                "table": name,
                "section": row["section"],
                "method": method_label(row, cells, table["benchmarks"]),
                "cell": row["cell"],
                "benchmark": benchmark["name"],
                "accuracy": record["accuracy"],
                "low": low,
                "high": high,
                "mark": "" if row["chosen"] else marks.of(row["cell"], benchmark["name"]),
                "lighteval_accuracy": record["lighteval_accuracy"],
            })  # fmt: skip
    frame = pd.DataFrame(rows)
    highest = frame.groupby("benchmark")["accuracy"].transform("max")
    frame["best"] = (frame["accuracy"] == highest).map({True: "yes", False: "no"})
    frame = frame.merge(_printed(name, reproduction), on=["cell", "benchmark"], how="left")
    return frame[NAMES].fillna({"source": "", "verdict": ""})


def _printed(name: str, reproduction: pd.DataFrame | None) -> pd.DataFrame:
    if reproduction is None:
        return pd.DataFrame(columns=PRINTED)
    here = (reproduction["table"] == name) & (reproduction["column"] != "unknown")
    return reproduction.loc[here, PRINTED].drop_duplicates(["cell", "benchmark"])


def method_label(row: dict, cells: Cells, benchmarks: list[dict]) -> str:
    """Return the row's label, with a double dagger where a training collapsed."""
    records = [cells[row["cell"], benchmark["name"]] for benchmark in benchmarks]
    return row["label"] + ("‡" if any(r["status"] == "collapsed" for r in records) else "")


def verdicts_differ(entry: Any) -> bool:
    """Say whether LightEval's own accuracy is another than ours by more than two points."""
    return abs(entry["accuracy"] - entry["lighteval_accuracy"]) > LIGHTEVAL_APART


def marks_of(entry: Any) -> str:
    """Return the marks of an entry: the star, and § where LightEval's verdict differs."""
    return entry["mark"] + ("§" if verdicts_differ(entry) else "")


def percents(entry: Any) -> tuple[float, float, float] | None:
    """Return accuracy and interval ends in percent, to one decimal; None without a number."""
    values = [entry["accuracy"], entry["low"], entry["high"]]
    if pd.isna(values[0]):
        return None
    accuracy, low, high = (round(100 * value, 1) for value in values)
    return accuracy, low, high


def printed_entry(entry: Any, minus: str = "−") -> str:
    """Return what the paper prints, in percent, and in brackets z or that it is quoted there.

    >>> printed_entry({"reported": 0.54, "source": "", "z": -0.31})
    '54.0 (−0.3)'
    """
    if pd.isna(entry["reported"]):
        return ""
    text = f"{100 * entry['reported']:.1f}"
    if entry["source"]:
        return f"{text} (q)"
    z = "" if pd.isna(entry["z"]) else f" ({entry['z']:+.1f})".replace("-", minus)
    return text + z
