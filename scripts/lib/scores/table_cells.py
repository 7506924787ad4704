"""The cell records of the planned run."""

from collections.abc import Iterable
from pathlib import Path

from scripts.lib.files import read_json


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


def fixed(value: float | None, digits: int = 6) -> str | None:
    """Return a number with a fixed number of digits, so that equal numbers are equal text."""
    return None if value is None else f"{value:.{digits}f}"
