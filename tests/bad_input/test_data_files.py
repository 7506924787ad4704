"""A data file that is broken in one way ends in one line with its file, row and column."""
# ruff: noqa: E501  a case is a line

import contextlib
import gzip
import io
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scripts.fetch_dataset import check_rows, rows_of_mirror
from scripts.lib.data.schemas import load_rows
from scripts.lib.files import write_jsonl
from scripts.lib.price.costs import rows_of_file
from scripts.lib.study.columns import columns_of
from tests.bad_input.test_configs import demo

GOOD = b'{"question": "How many?", "answer": "Two. #### 2"}\n'


def row(**columns):
    return json.dumps({"question": "How many?", "answer": "Two. #### 2"} | columns).encode() + b"\n"


def parquet(question):
    table = pa.table({"question": [question], "answer": ["Two. #### 2"]})
    pq.write_table(table, buffer := io.BytesIO())
    return buffer.getvalue()


# name, file name, content after two good rows (or all of it: b"" stands for the good rows), line
DATA = [
    ("null gold", "d.jsonl", GOOD + row(answer=None), "row 1.*'answer'"),
    ("no gold", "d.jsonl", GOOD + b'{"question": "q"}\n', "row 1.*'answer'"),
    ("gold without its mark", "d.jsonl", row(answer="two"), "row 0, column 'answer': no "),
    ("empty gold", "d.jsonl", row(answer="x #### "), "row 0, column 'answer': no"),
    ("NaN", "d.jsonl", GOOD + b'{"question": "q", "answer": NaN}', "row 1, column 'answer': nan"),
    ("infinity", "d.jsonl", GOOD + b'{"question": "q", "answer": -Infinity}', "-inf is no number"),
    ("NaN inside", "d.jsonl", row(n=[1, float("nan")]), "row 0, column 'n': nan is no number"),
    ("question that is a list", "d.jsonl", row(question=["q"]), "row 0, column 'question': "),
    ("question that is nested", "d.jsonl", row(question={"text": "q"}), "row 0, column 'question'"),
    ("empty question", "d.jsonl", row(question=" "), "row 0, column 'question': empty"),
    ("no question", "d.jsonl", b'{"answer": "#### 2"}', "row 0: no column 'question'"),
    ("text rows", "d.jsonl", b'"How many?"\n', "row 0: 'How many\\?' is no object with columns"),
    ("null rows", "d.jsonl", GOOD + b"null\n", "row 1: None is no object with columns"),
    ("list rows", "d.jsonl", b'["How many?", "2"]\n', "row 0: 'How many\\?' is no object"),
    ("array of arrays", "d.json", b'[["How many?", "2"]]', "row 0: .* is no object with columns"),
    ("array of texts", "d.json", b'["How many?"]', "row 0: 'How many\\?' is no object"),
    ("open array", "d.json", b'[{"question": "q"},', "line 1: not a JSON line"),
    ("half a character", "d.jsonl", GOOD + row(question="\ud83d?"), "row 1, column 'question': U.D83D"),
    ("half in a name", "d.jsonl", row(**{"\udc00": 1}), "row 0, column '.udc00': its name is not"),
    ("half inside", "d.jsonl", row(m={"k": ["\udfff"]}), "row 0, column 'm': U.DFFF is half a"),
    ("huge number", "d.jsonl", GOOD + b'{"n": ' + b"7" * 4400 + b"}\n", "line 2: .*4,300 digits"),
    ("deep nesting", "d.jsonl", b'{"n": ' + b"[" * 10**5 + b"\n", "line 1: .*nested too deeply"),
    ("id twice", "d.jsonl", row(id="a") + row(id="b") + row(id="a"), "row 2: its id 'a' is that of row 0"),
    ("escape in an id", "d.jsonl", row(id="\x1b[31m7"), r"row 0: its id '\\x1b\[31m7' must be"),
    ("line break in an id", "d.jsonl", row(id="7\n8"), r"row 0: its id '7\\n8' must be of 1 to 200"),
    ("turned id", "d.jsonl", row(id="a\u202eb"), r"row 0: its id 'a\\u202eb' must be of"),
    ("list as an id", "d.jsonl", row(id=["a"]), r"row 0: its id \['a'\] is neither text nor a number"),
    ("true as an id", "d.jsonl", row(id=True), "row 0: its id True is neither text nor a number"),
    ("blank id", "d.jsonl", row(id=" "), "row 0: its id ' ' must be of 1 to 200 printable"),
    ("other ending", "d.xlsx", b"PK", "its name must end with .jsonl, .json, .csv, .tsv, .parquet"),
    ("bytes of a Parquet file", "d.parquet", parquet(b"\xff"), "a column of bytes is no UTF-8; make it text"),
    ("empty id", "d.jsonl", row(id=""), "row 0: its id '' must be of 1 to 200 printable"),
    ("long id", "d.jsonl", row(id="7" * 201), "must be of 1 to 200 printable characters"),
    ("escape in a column", "d.jsonl", row(**{"\x1b[2J": 1}), r"column '\\x1b\[2J': its name is not"),
    ("column twice", "d.jsonl", b'{"question": "a", "question": "b"}\n', "'question' is given twice"),
    ("NUL", "d.jsonl", GOOD + row(question="a\0b"), "row 1, column 'question': it holds a NUL"),
    ("latin-1", "d.jsonl", GOOD + row(question="x").replace(b"x", b"\xe9"), "line 2: no UTF-8; save"),
    ("UTF-16", "d.jsonl", GOOD.decode().encode("utf-16"), "line 1: no UTF-8; save it as a UTF-8"),
    ("cut off", "d.jsonl", GOOD + b'{"question": "How', "line 2: not a JSON line"),
    ("single quotes", "d.jsonl", b"{'question': 'q'}\n", "line 1: not a JSON line"),
    ("empty", "d.jsonl", b"", "0 rows were found"),
    ("blank lines", "d.jsonl", b"\n\n\n", "0 rows were found"),
    ("fields of a CSV", "d.csv", b"question,answer\nq\n", "row 0: not as many fields as in its"),
    ("column of a CSV twice", "d.csv", b"question,question\nq,r\n", "a column stands in its header"),
    ("half a gzip file", "d.jsonl.gz", gzip.compress(GOOD)[:-9], "cannot be read as a data set: "),
    ("no gzip file", "d.jsonl.gz", GOOD, "cannot be read as a data set: Not a gzipped file"),
]  # fmt: skip
RIGHT = [
    ("CRLF", "d.jsonl", GOOD.replace(b"\n", b"\r\n"), "How many?"),
    ("BOM", "d.jsonl", b"\xef\xbb\xbf" + GOOD, "How many?"),
    ("blank lines between", "d.jsonl", b"\n" + GOOD + b"\n", "How many?"),
    ("no line break at the end", "d.jsonl", GOOD.strip(), "How many?"),
    ("line separators", "d.jsonl", row(question="a \u2028 b \u0085 c"), "a \u2028 b \u0085 c"),
    ("form feed as it is", "d.jsonl", row(question="a#b").replace(b"#b", b"\x0cb", 1), "a\x0cb"),
    ("escape in a question", "d.jsonl", row(question="a\x1bb"), "a\x1bb"),
    ("a whole character in two escapes", "d.jsonl", row(question="\U0001f600"), "\U0001f600"),
    ("an array", "d.json", b"[" + GOOD + b"]", "How many?"),
    ("CSV", "d.csv", b'question,answer\n"How\nmany?",#### 2\n', "How\nmany?"),
    ("capitals in the ending", "d.JSONL", GOOD, "How many?"),
    ("text as bytes", "d.parquet", parquet("Wie weiß?".encode()), "Wie weiß?"),
    ("an id like a path", "d.jsonl", row(id="../../x<b>"), "How many?"),
]  # fmt: skip


def problems(file):
    """Return the problems of a mirror's file, as fetch_dataset and load_problems make them."""
    rows = rows_of_mirror(file)
    check_rows(rows, [file], {}, "datasets.d.mirror")
    write_jsonl(file.parent / "raw.jsonl", rows)
    return load_rows(file.parent / "raw.jsonl", columns_of(demo(), "toy-gsm8k"))


@pytest.mark.parametrize(
    ("name", "file", "content", "expected"), DATA, ids=[name for name, *_ in DATA]
)
def test_a_broken_file_ends_in_one_line(name, file, content, expected, tmp_path):
    (tmp_path / file).write_bytes(content)
    with pytest.raises(SystemExit) as ending:
        problems(tmp_path / file)
    message = str(ending.value)
    assert re.match(rf"{re.escape(str(tmp_path))}/(d|raw)\.\S+[,:] ", message)
    assert re.search(expected, message)
    assert message.isprintable()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_broken_file_has_no_price_or_rows_that_can_be_counted(tmp_path):
    """`plan` and the console of a run count a file's rows before it is read as a data set."""
    for number, (_, file, content, _) in enumerate(DATA):
        path = tmp_path / str(number) / file
        path.parent.mkdir()
        path.write_bytes(content)
        with contextlib.suppress(SystemExit):
            assert rows_of_file(path) > 0


@pytest.mark.parametrize(
    ("name", "file", "content", "question"), RIGHT, ids=[name for name, *_ in RIGHT]
)
def test_an_odd_file_is_read_rightly(name, file, content, question, tmp_path):
    (tmp_path / file).write_bytes(content)
    assert [problem["question"] for problem in problems(tmp_path / file)] == [question]
