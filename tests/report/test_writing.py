"""Data files: whatever a text holds, a file is one call with one value."""

import re

import pytest

from scripts.lib.report.writing import put, script_of
from tests.report.reading import read_data, value_of

HOSTILE = {
    "a script": "<script>alert(1)</script>",
    "the end of a script": "</script><img src=x onerror=alert(1)>",
    "a comment": "<!-- <script> -->",
    "line separators": "a\u2028b\u2029c",
    "control characters": "".join(map(chr, range(32))) + "\x7f\x85",
    "a lone surrogate": "a\ud800b\udfff",
    "quotes and backslashes": '");alert(1);//\\"\\\\',
    "a template": "${alert(1)} `{{ 7 * 7 }}`",
    "text from right to left": "\u202eabc\u2066",
    "beyond the first plane": "\U0001f600 𝒳",
    "long": "x" * 10_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_comes_back_as_it_was_and_is_no_markup(name):
    content = script_of("data/x", {"text": HOSTILE[name]})
    assert b"<" not in content
    assert len(re.findall("[\n\r\u2028\u2029]", content.decode("utf-8"))) == 1  # at its end
    assert value_of("data/x", content) == {"text": HOSTILE[name]}


def test_what_is_no_number_is_null():
    value = {"log": [float("nan"), [float("inf")], 0.5], "n": 1}
    assert value_of("x", script_of("x", value)) == {"log": [None, [None], 0.5], "n": 1}


def test_a_file_is_below_the_folder_by_its_name(tmp_path):
    size = put(tmp_path, "data/cells/toy+rl", [1])
    assert read_data(tmp_path, "data/cells/toy+rl") == [1]
    assert size == (tmp_path / "data/cells/toy+rl.js").stat().st_size
