"""The marks of comparisons.csv, as tables, the figure and the console show them."""

import csv
from pathlib import Path
from typing import NamedTuple

METHOD, RUNS = "method", "this run"  # what a row's interval, and its mark, speak of
Row = dict[str, str]


class Marks(NamedTuple):
    """The marks of one family: {(cell, benchmark): mark}, and what one of them means."""

    found: dict[tuple[str, str], str]
    meaning: str  # behind "... differs from X"; empty where nothing was tested

    def of(self, cell: str, benchmark: str) -> str:
        """Return a table cell's mark; empty where it has none."""
        return self.found.get((cell, benchmark), "")


NONE = Marks({}, "")


def read_comparisons(path: Path) -> list[Row]:
    """Read comparisons.csv."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def root_marks(paths: list[Path], prompt: str) -> Marks:
    """Return the marks against each cell's own root; `paths` holds comparisons.csv, or nothing."""
    rows = [row for path in paths for row in read_comparisons(path)]
    return marks_against(rows, "root", prompt)


def marks_against(rows: list[Row], against: str, prompts: str) -> Marks:
    """Return the marks of the family that compares with the cells that `against` names.

    `prompts` is the prompt of both sides, or `own`.
    """
    family = [row for row in rows if (row["against"], row["prompts"]) == (against, prompts)]
    tested = [row for row in family if row["runs_p"]]
    if not tested:
        return NONE
    size = tested[0]["family_size"]
    if any(row["basis"] == METHOD for row in tested):
        meaning = f"seeds are random, Benjamini-Hochberg at .05 over {size} comparisons"
    else:
        meaning = f"this run alone, not its method: Holm at .05 over {size} comparisons"
    return Marks({(row["cell"], row["benchmark"]): row["mark"] for row in family}, meaning)
