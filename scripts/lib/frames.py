"""Result tables as tidy pandas frames: a CSV file, and beside it a legend of its columns.

The legend of `costs.csv` is `costs.columns.csv`: one row per column with its unit and its meaning.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from scripts.lib.files import write_text


class Column(NamedTuple):
    """A column of a frame: its name, its unit ("" where it has none), and what it means."""

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

    Raises ValueError unless the frame has exactly these columns in this order.
    """
    names = [column.name for column in columns]
    if list(frame.columns) != names:
        raise ValueError(f"{path}: the frame has the columns {[*frame.columns]}, planned: {names}")
    legend = pd.DataFrame(columns, columns=["column", "unit", "meaning"])
    write_text(legend_path(path), legend.to_csv(index=False, lineterminator="\n"))
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def read_frame(path: Path) -> pd.DataFrame:
    """Return a CSV file as a frame; only an empty field is missing, and words such as NA are text.

    Raises SystemExit if the file is missing or no table.
    """
    try:
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise SystemExit(f"{path}: no such file; run the rule that makes it first") from None
    except ValueError as error:  # pandas's parser errors are ValueErrors
        raise SystemExit(f"{path}: not a CSV table ({error}); delete it and run again") from None
