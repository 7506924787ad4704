r"""One raw row of a data set -> {"id", "question", "gold"}, as the config maps its columns.

A mapping says where each of them stands: in a column, in a part of one (`after` or `before` a mark,
the last `box`), or in the first of several that a row has. The gold is the final answer as the data
set writes it; several answers are joined by commas, and a tolerance is written behind the value,
``4.2 \pm 0.1`` (read by scripts/lib/grading/comparison.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from scripts.lib.console import nearest
from scripts.lib.data.values import check_id
from scripts.lib.files import read_jsonl
from scripts.lib.grading.boxes import boxes
from scripts.lib.show.inert import escape

Row = Mapping[str, Any]
Columns = Mapping[str, Any]  # `columns` of config.schema.yaml


def load_row(row: Row, index: int, columns: Columns) -> dict[str, Any]:
    """Return a row's `id`, `question` and `gold`, and its `solution` if the mapping has one.

    A row without the id's column has its number as id. A teacher's trace has `reasoning`, which may
    be empty, and no gold: that of its problem counts; `own_gold` is the one that it brings, if any.
    Raises ValueError, with row and column, if a row does not fit.
    """
    loaded = {
        "id": _id(row.get(columns.get("id", "")), index),
        "question": _read(row, index, columns["question"], prose=True),
        "gold": None,
    }
    if "trace" in columns:
        loaded["reasoning"] = _trace(row, index, columns["trace"])
        if own := _own_gold(row, index, columns.get("gold")):
            loaded["own_gold"] = own
        return loaded
    gold = _read(row, index, columns["gold"])
    if "tolerance" in columns:
        gold += _tolerance(row, index, columns["tolerance"])
    loaded["gold"] = gold
    if "solution" in columns:
        loaded["solution"] = _read(row, index, columns["solution"], prose=True, empty=True)
    return loaded


def load_rows(path: Path, columns: Columns) -> list[dict[str, Any]]:
    """Read a JSON-lines file by the mapping of its columns.

    Raises SystemExit, with file and row, if a row does not fit.
    """
    try:
        rows = [load_row(row, index, columns) for index, row in enumerate(read_jsonl(path))]
        _check_ids(rows)
    except ValueError as error:
        raise SystemExit(
            f"{path}: {error}; correct the source, or datasets.{path.parent.name} in the config, "
            "whose `columns` or `schema` says what stands where"
        ) from None
    return rows


def _id(found: Any, index: int) -> str:
    """Return a row's id as text, its number if it has none."""
    if isinstance(found, list | dict | bool):
        raise ValueError(f"row {index}: its id {found!r:.60} is neither text nor a number")
    return str(index) if found is None else str(found)


def _check_ids(rows: list[dict[str, Any]]) -> None:
    first: dict[str, int] = {}
    for index, row in enumerate(rows):
        check_id(row["id"], index)
        if (other := first.setdefault(row["id"], index)) != index:
            raise ValueError(f"row {index}: its id {row['id']!r} is that of row {other}")


def _sources(named: Any) -> list[dict[str, str]]:
    """Return where a value may stand, as {column, rule}, the first first."""
    several = named if isinstance(named, list) else [named]
    return [{"column": each} if isinstance(each, str) else each for each in several]


def _there(row: Row, index: int, sources: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return those of the sources whose column the row has."""
    if there := [source for source in sources if row.get(source["column"]) is not None]:
        return there
    names = list(dict.fromkeys(source["column"] for source in sources))
    if nulls := [name for name in names if name in row]:
        raise ValueError(f"row {index}, column {nulls[0]!r}: null")
    shown = " or ".join(map(repr, names))
    raise ValueError(f"row {index}: no column {shown}{nearest(names[0], map(escape, row))}")


def _read(row: Row, index: int, named: Any, prose: bool = False, empty: bool = False) -> str:
    """Return the text of the first source that gives one; of `prose` no number or list is one."""
    problems = []
    for source in _there(row, index, _sources(named)):
        value = row[source["column"]]
        try:
            if prose and not isinstance(value, str):
                raise ValueError(f"expected text, found {value!r:.60}")
            return _part(value, source, empty)
        except ValueError as error:
            problems.append(f"row {index}, column {source['column']!r}: {error}")
    raise ValueError(problems[0])


def _part(value: Any, source: dict[str, str], empty: bool) -> str:
    """Return the part of a column's value that a rule names, or all of it."""
    text = _text(value)
    if "box" in source:
        if not (boxed := boxes(text)):
            raise ValueError("no \\boxed{} in it")
        text = boxed[-1]
    elif mark := source.get("after") or source.get("before"):
        before, found, after = text.rpartition(mark)
        if not found:
            raise ValueError(f"no {mark!r} in it")
        text = before if "before" in source else after
        if "after" in source and not text.strip():
            raise ValueError(f"nothing behind {mark!r}")
    if not text.strip() and not empty:
        raise ValueError("empty")
    return text.strip()


def _text(value: Any) -> str:
    """Return a text, number or list of them as a person would write it: 27, not 27.0."""
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if not number and not isinstance(value, str):
        raise ValueError(f"expected a text or a number, found {value!r:.60}")
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _tolerance(row: Row, index: int, column: str) -> str:
    r"""Return what a tolerance adds to a gold, nothing where the row has none."""
    if column not in row:
        raise ValueError(f"row {index}: no column {column!r}{nearest(column, map(escape, row))}")
    if row[column] in (None, ""):
        return ""
    try:
        return rf" \pm {_text(float(row[column]))}"
    except (TypeError, ValueError):
        found = f"expected a number, found {row[column]!r:.60}"
        raise ValueError(f"row {index}, column {column!r}: {found}") from None


def _trace(row: Row, index: int, named: Any) -> str:
    """Return a trace as it stands, empty where its column holds null."""
    columns = [source["column"] for source in _sources(named)]
    if not any(column in row for column in columns):
        _there(row, index, _sources(named))  # names the missing columns
    return str(next((row[column] for column in columns if row.get(column) is not None), ""))


def _own_gold(row: Row, index: int, named: Any) -> str | None:
    try:
        return _read(row, index, named) if named else None
    except ValueError:
        return None
