r"""Loaders: one raw row of a data set -> {"id", "question", "gold"}, as the grader wants it.

Each takes the columns of the hub and those of the files that the community passes around. The gold
is the final answer as the data set writes it, with two exceptions: Minerva's is taken out of the
one ``\boxed{}`` of its solution, and OlympiadBench's tolerance is written behind the value,
``4.2 \pm 0.1`` (read by scripts/lib/grading/comparison.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.lib.data.values import check_id
from scripts.lib.files import read_jsonl
from scripts.lib.grading.boxes import boxes

Row = Mapping[str, Any]


def gsm8k(row: Row, index: int) -> dict[str, Any]:
    """GSM8K: the gold stands behind ``####``; what is before it is the solution."""
    solution, mark, gold = _text(row, index, "answer").rpartition("####")
    if not mark or not gold.strip():
        raise ValueError(f"row {index}, column 'answer': no final answer behind '####'")
    return {**_start(row, index), "gold": gold.strip(), "solution": solution.strip()}


def math500(row: Row, index: int) -> dict[str, Any]:
    """MATH-500."""
    return {**_start(row, index, "unique_id"), "gold": _text(row, index, "answer")}


def olympiadbench(row: Row, index: int) -> dict[str, Any]:
    """OlympiadBench: a list of one answer, several answers in one string; units are dropped."""
    answer = _first(row, index, "final_answer", "answer")
    if isinstance(answer, list | tuple):
        answer = ", ".join(str(part) for part in answer)
    gold = _filled(str(answer), index, "final_answer")
    tolerance = row.get("error")
    if tolerance not in (None, ""):
        gold = rf"{gold} \pm {_plain(float(tolerance))}"
    return {**_start(row, index, "id"), "gold": gold}


def minerva(row: Row, index: int) -> dict[str, Any]:
    r"""Minerva: the column `answer`, or the ``\boxed{}`` of the solution where there is none."""
    if "answer" in row:
        gold = _text(row, index, "answer")
    else:
        boxed = boxes(_text(row, index, "solution"))
        if len(boxed) != 1:
            raise ValueError(
                f"row {index}, column 'solution': expected one \\boxed{{}}, found {len(boxed)}"
            )
        gold = boxed[0]
    return {**_start(row, index, "idx"), "gold": gold}


def amc23(row: Row, index: int) -> dict[str, Any]:
    """AMC 2023: whole numbers, written as floats in one source and as strings in the other."""
    answer = _first(row, index, "answer")
    if isinstance(answer, float):
        answer = _plain(answer)
    return {**_start(row, index, "id"), "gold": _filled(str(answer), index, "answer")}


def camel(row: Row, index: int) -> dict[str, Any]:
    r"""CAMEL's distilled GSM8K, without a gold: its own is damaged, GSM8K has it by question.

    `reasoning` is the teacher's trace, with its <think> tags; it may be empty. `own_gold` is the
    last ``\boxed{}`` of the row's own answer, there if the row has one.
    """
    loaded = {
        "id": str(row.get("id", index)),
        "question": _text(row, index, "problem"),
        "gold": None,
        "reasoning": _empty_or_text(row, index, "reasoning_solution", "final_trace"),
    }
    answer = row.get("groud_truth_solution", row.get("solution"))
    if answer is not None:
        loaded["own_gold"] = (boxes(str(answer)) or [str(answer).strip()])[-1]
    return loaded


LOADERS: dict[str, Callable[[Row, int], dict[str, Any]]] = {
    "gsm8k": gsm8k,
    "math500": math500,
    "olympiadbench": olympiadbench,
    "minerva": minerva,
    "amc23": amc23,
    "camel": camel,
}


def load_rows(path: Path, schema: str) -> list[dict[str, Any]]:
    """Read a JSON-lines file through its schema's loader.

    Raises SystemExit, with file and row, if a row does not fit.
    """
    try:
        rows = [LOADERS[schema](row, index) for index, row in enumerate(read_jsonl(path))]
        _check_ids(rows)
    except ValueError as error:
        raise SystemExit(
            f"{path}: {error}; the source is not of schema {schema!r} "
            f"(datasets.{path.parent.name}.schema in config.yaml)"
        ) from None
    return rows


def _check_ids(rows: list[dict[str, Any]]) -> None:
    first: dict[str, int] = {}
    for index, row in enumerate(rows):
        check_id(row["id"], index)
        if (other := first.setdefault(row["id"], index)) != index:
            raise ValueError(f"row {index}: its id {row['id']!r} is that of row {other}")


def _start(row: Row, index: int, identifier: str = "id") -> dict[str, Any]:
    found = row.get(identifier)
    return {
        "id": str(index if found is None else found),
        "question": _text(row, index, "question", "problem"),
    }


def _first(row: Row, index: int, *columns: str) -> Any:
    """Return the first of the columns that the row has."""
    for column in columns:
        if row.get(column) is not None:
            return row[column]
    names = " or ".join(repr(column) for column in columns)
    raise ValueError(f"row {index}: no column {names}; it has {', '.join(sorted(map(str, row)))}")


def _empty_or_text(row: Row, index: int, *columns: str) -> str:
    """Return the text of the first of the columns that the row has, empty where it holds null."""
    if any(column in row for column in columns):
        return str(next((row[column] for column in columns if row.get(column) is not None), ""))
    return _first(row, index, *columns)  # names the missing columns


def _text(row: Row, index: int, *columns: str) -> str:
    value = _first(row, index, *columns)
    if not isinstance(value, str):
        raise ValueError(f"row {index}, column {columns[0]!r}: expected text, found {value!r:.60}")
    return _filled(value, index, columns[0])


def _filled(value: str, index: int, column: str) -> str:
    if not value.strip():
        raise ValueError(f"row {index}, column {column!r}: empty")
    return value.strip()


def _plain(value: float) -> str:
    """Write a float as a person would: 27, not 27.0."""
    return str(int(value)) if value == int(value) else repr(value)
