"""Reading a report's data files as the page does."""

import json


def read_data(report, name):
    """Return the value of a data file; it must be one call with the name and one JSON value."""
    return value_of(name, (report / f"{name}.js").read_bytes())


def value_of(name, content):
    """Return the value of the one call that a data file is."""
    text = content.decode("utf-8")
    before, after = f"srlm.put({json.dumps(name)},", ");\n"
    assert text.startswith(before) and text.endswith(after)
    return json.loads(text[len(before) : -len(after)])
