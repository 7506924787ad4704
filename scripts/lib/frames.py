"""Results as tidy pandas frames: a CSV file, and beside it a legend of its columns.

The legend of `costs.csv` is `costs.columns.csv`: one row per column with its unit and its meaning.
Shares, accuracies and their differences are fractions in every file. Tables for readers are in
percent, and so is what the paper prints (paper/reported.csv).
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from scripts.lib.files import write_text

DIGITS = 6
FORMULA = re.compile(r"'*[=+\-@\t\r]")  # what a spreadsheet would compute, perhaps quoted


class Column(NamedTuple):
    """A column of a frame: its name, its unit (`text`, `count`, `fraction`, J ...), its meaning."""

    name: str
    unit: str
    meaning: str


def legend_path(path: Path) -> Path:
    """Return where the legend of a CSV file is.

    >>> legend_path(Path("results/costs.csv")).as_posix()
    'results/costs.columns.csv'
    """
    return path.with_name(f"{path.stem}.columns.csv")


def write_frame(path: Path, frame: pd.DataFrame, columns: Sequence[Column]) -> None:
    """Write a frame and its legend, each whole or not at all; what is missing is an empty field.

    The columns are in the order of `columns`. What is no count has six digits, so that equal
    numbers are equal text. A text that a spreadsheet would take for a formula gets a quote in
    front, as OWASP advises; `read_frame` takes it away. Raises ValueError if the frame has a column
    that `columns` has not.
    """
    names = [column.name for column in columns]
    if others := [name for name in frame.columns if name not in names]:
        raise ValueError(f"{path}: the frame has the columns {others}, planned: {names}")
    whole = frame.reindex(columns=names)
    whole = whole.astype({column.name: "Int64" for column in columns if column.unit == "count"})
    for column in columns:
        if column.unit == "text":
            whole[column.name] = whole[column.name].map(_quoted)
    text = whole.to_csv(index=False, lineterminator="\n", float_format=f"%.{DIGITS}f")
    legend = pd.DataFrame(columns, columns=["column", "unit", "meaning"])
    write_text(legend_path(path), legend.to_csv(index=False, lineterminator="\n"))
    write_text(path, text)


def read_frame(path: Path) -> pd.DataFrame:
    """Return what `write_frame` wrote; in columns of text, what is missing is empty text.

    Raises SystemExit if the file is missing or no table.
    """
    legend = _read(legend_path(path))
    texts = legend.loc[legend["unit"] == "text", "column"].tolist()
    frame = _read(path, dict.fromkeys(texts, str)).fillna(dict.fromkeys(texts, ""))
    for name in frame.columns.intersection(texts):
        frame[name] = frame[name].map(_unquoted)
    return frame


def _quoted(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


def _unquoted(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and FORMULA.match(cell) else cell


def _read(path: Path, types: dict[str, type] | None = None) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise SystemExit(f"{path}: no such file; run the rule that makes it first") from None
    except ValueError as error:  # pandas's parser errors are ValueErrors
        raise SystemExit(f"{path}: not a CSV table ({error}); delete it and run again") from None
