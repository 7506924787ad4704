"""Data frames as files: a CSV, and beside it a legend with the unit and meaning of every column.

Shares, accuracies and their differences are fractions in every file. Tables for readers are in
percent, and so is what the paper prints (paper/reported.csv).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from scripts.lib.files import write_text

DIGITS = 6


class Column(NamedTuple):
    """A column of a CSV file; `unit` is `text`, `fraction`, `count`, or a unit of measurement."""

    name: str
    unit: str
    meaning: str


def write_frame(path: Path, frame: pd.DataFrame, columns: Sequence[Column]) -> None:
    """Write a frame's columns in the order of `columns`, and their legend beside it.

    Numbers that are no counts get six digits, so that equal numbers are equal text; what is missing
    is an empty field.
    """
    whole = frame.reindex(columns=[column.name for column in columns])
    whole = whole.astype({column.name: "Int64" for column in columns if column.unit == "count"})
    text = whole.to_csv(index=False, lineterminator="\n", float_format=f"%.{DIGITS}f")
    write_text(path, text)
    write_text(legend(path), pd.DataFrame(columns).to_csv(index=False, lineterminator="\n"))


def legend(path: Path) -> Path:
    """Return the file that describes the columns of a CSV file.

    >>> legend(Path("results/demo/scores.csv")).as_posix()
    'results/demo/scores.columns.csv'
    """
    return path.with_suffix(".columns.csv")


def read_frame(path: Path) -> pd.DataFrame:
    """Return what `write_frame` wrote; in columns of text, what is missing is empty text."""
    kinds = pd.read_csv(legend(path)).set_index("name")["unit"]
    texts = [name for name, unit in kinds.items() if unit == "text"]
    frame = pd.read_csv(path, dtype=dict.fromkeys(texts, str))
    return frame.fillna(dict.fromkeys(texts, ""))
