"""The report's data as scripts: `srlm.put("data/study", {...});`, one call per file.

A page that is opened from disk may load scripts, and nothing else. What models wrote is hostile:
whatever a text holds, the file is one call with one JSON value.
"""

import json
from pathlib import Path
from typing import Any

# Legal in JSON, but an end of the script's element or, in old browsers, of a line.
ESCAPED = {"<": "\\u003c", "\u2028": "\\u2028", "\u2029": "\\u2029"}
ESCAPES = str.maketrans(ESCAPED)


def script_of(name: str, value: Any) -> bytes:
    """Return a data file's content; numbers that are none (NaN, infinity) are null in it."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))
    escaped = text.translate(ESCAPES) if any(mark in text for mark in ESCAPED) else text
    # A lone surrogate has no UTF-8: it stays the escape that it was in JSON.
    return f"srlm.put({json.dumps(name)},{escaped});\n".encode("utf-8", "backslashreplace")


def put(folder: Path, name: str, value: Any) -> int:
    """Write a value as the data file `name`.js below a report's folder; return its bytes."""
    path = folder / f"{name}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = script_of(name, value)
    path.write_bytes(content)
    return len(content)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
