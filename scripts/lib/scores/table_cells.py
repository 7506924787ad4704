"""The cell records of the planned run, and the tidy CSV files made from them."""

import csv
import io
from collections.abc import Iterable
from itertools import product
from pathlib import Path

from scripts.lib.files import read_json, write_text
from scripts.lib.records import check_key


def read_cells(
    folder: Path, planned: dict[str, str], benchmarks: Iterable[str]
) -> dict[tuple[str, str], dict]:
    """Read the records folder/CELL/BENCHMARK.json into {(cell, benchmark): record}.

    `planned` holds the key of each cell; a record with another one ends the program.
    """
    found = {}
    for cell, benchmark in product(planned, benchmarks):
        path = folder / cell / f"{benchmark}.json"
        found[cell, benchmark] = read_json(path)
        check_key(path, found[cell, benchmark], planned[cell])
    return found


def write_csv(path: Path | str, columns: list[str], rows: list[dict]) -> None:
    """Write rows under the given columns, whole or not at all; None becomes an empty field."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def fixed(value: float | None, digits: int = 6) -> str | None:
    """Return a number with a fixed number of digits, so that equal numbers are equal text."""
    return None if value is None else f"{value:.{digits}f}"
