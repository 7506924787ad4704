"""A table as Markdown, which can be read as plain text too."""

from typing import Any

import pandas as pd

from scripts.lib.scores.forms import markdown_grid
from scripts.lib.tables.frame import marks_of, percents, printed_entry

PAPER = "· paper"


def markdown_table(table: dict, frame: pd.DataFrame, notes: list[str]) -> str:
    """Return the table: below each row, where the paper prints its numbers, a line with them."""
    grid = [["Method", *(benchmark["label"] for benchmark in table["benchmarks"])]]
    for section, rows in frame.groupby("section", sort=False):
        grid.append([f"**{section}**", *("" for _ in table["benchmarks"])])
        for _, row in rows.groupby("cell", sort=False):
            entries = row.to_dict("records")
            grid.append([entries[0]["method"], *map(_entry, entries)])
            if row["reported"].notna().any():
                grid.append([PAPER, *map(printed_entry, entries)])
    return f"### {table['caption']}\n\n{markdown_grid(grid)}\n\n" + "\n\n".join(notes) + "\n"


def _entry(entry: dict[str, Any]) -> str:
    """Return one entry: `**54.0** [51.2, 56.7]*`, bold if it is the best, or a dash."""
    numbers = percents(entry)
    if numbers is None:
        return "–"
    value, low, high = numbers
    bold = "**" if entry["best"] == "yes" else ""
    return f"{bold}{value:.1f}{bold} [{low:.1f}, {high:.1f}]{marks_of(entry)}"
