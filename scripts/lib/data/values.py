"""What no cell of a data set may hold: it could not be written, trained on or shown."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

HALVES = re.compile(r"[\ud800-\udfff]")  # of pairs, as JSON's escapes can leave them
LONGEST_ID = 200  # characters
TOO_DEEP = "it is nested too deeply"


def check_id(name: str, index: int) -> None:
    """Raise ValueError unless an id can stand in tables, cards and lines of logs."""
    if not name.isprintable() or not name.strip() or len(name) > LONGEST_ID:
        raise ValueError(
            f"row {index}: its id {name[:LONGEST_ID]!r} must be of 1 to {LONGEST_ID} printable "
            "characters"
        )


def parse(text: str) -> Any:
    """Return a JSON value; control characters may stand in its texts, as in files of the wild.

    Raises ValueError in words for people.
    """
    try:
        return json.loads(text, strict=False, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    except ValueError as error:
        if "integer string conversion" in str(error):
            raise ValueError("it has a whole number of more than 4,300 digits") from None
        raise


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"column {double!r} is given twice")
    return found


def wrong_value(rows: Iterable[dict[str, Any]]) -> str | None:
    """Return `row N, column C: why` of the first cell that cannot be used, None if all can.

    >>> wrong_value([{"a": "x"}, {"a": [1, float("nan")]}])
    "row 1, column 'a': nan is no number"
    >>> wrong_value([{"a": chr(0xD800)}])
    "row 0, column 'a': U+D800 is half a character, which no file can hold"
    """
    for index, row in enumerate(rows):
        for column, value in row.items():
            if not column.isprintable():
                return f"row {index}, column {column!r}: its name is not printable"
            for part in _parts(value):
                if why := _wrong(part):
                    return f"row {index}, column {column!r}: {why}"
    return None


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _parts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _parts(item)
    else:
        yield value


def _wrong(value: Any) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is no number"
    if not isinstance(value, str):
        return None
    if half := HALVES.search(value):
        return f"U+{ord(half[0]):04X} is half a character, which no file can hold"
    if "\0" in value:
        return "it holds a NUL character (U+0000)"
    return None
