"""The cell records of the planned run, and the tidy CSV files made from them."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from scripts.lib.files import read_json, write_text


def read_cells(paths: Iterable[Path]) -> dict[tuple[str, str], dict]:
    """Read table cells, checked before, all under one prompt, into {(cell, benchmark): record}."""
    records = [read_json(path) for path in paths]
    return {(record["cell"], record["benchmark"]): record for record in records}


def read_cells_by_prompt(paths: Iterable[Path]) -> dict[str, dict[tuple[str, str], dict]]:
    """Read cell records, checked before, into {prompt: {(cell, benchmark): record}}."""
    found: dict[str, dict[tuple[str, str], dict]] = {}
    for record in map(read_json, paths):
        found.setdefault(record["prompt"], {})[record["cell"], record["benchmark"]] = record
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
