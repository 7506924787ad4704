"""Frames on disk: a CSV file and its legend, whole, and read back as they were."""

import csv

import pandas as pd
import pytest

from scripts.lib.frames import Column, legend_path, read_frame, write_frame

COLUMNS = [Column("cell", "text", "the trained cell"), Column("joules", "J", "energy, if measured")]
FRAME = pd.DataFrame({"cell": ["NA", "toy+sft"], "joules": [1.5, None]})


def test_a_frame_comes_back_as_it_was(tmp_path):
    write_frame(tmp_path / "costs.csv", FRAME, COLUMNS)
    pd.testing.assert_frame_equal(read_frame(tmp_path / "costs.csv"), FRAME)
    assert (tmp_path / "costs.csv").read_text() == "cell,joules\nNA,1.500000\ntoy+sft,\n"


def test_no_text_is_a_formula_to_a_spreadsheet(tmp_path):
    texts = ["=1+1", "+a", "-a", "@a", "\ta", "'=a", "''", "a=b", ""]
    frame = pd.DataFrame({"cell": texts, "joules": [-1.0] * len(texts)})
    write_frame(tmp_path / "costs.csv", frame, COLUMNS)
    with (tmp_path / "costs.csv").open(newline="") as file:
        written = [row["cell"] for row in csv.DictReader(file)]
    assert written == ["'=1+1", "'+a", "'-a", "'@a", "'\ta", "''=a", "''", "a=b", ""]
    pd.testing.assert_frame_equal(read_frame(tmp_path / "costs.csv"), frame)


def test_the_legend_says_what_each_column_is(tmp_path):
    write_frame(tmp_path / "costs.csv", FRAME, COLUMNS)
    assert (tmp_path / "costs.columns.csv").read_text() == (
        'column,unit,meaning\ncell,text,the trained cell\njoules,J,"energy, if measured"\n'
    )
    assert legend_path(tmp_path / "costs.csv") == tmp_path / "costs.columns.csv"


def test_a_column_without_a_legend_is_refused_and_nothing_written(tmp_path):
    with pytest.raises(ValueError, match="costs.csv: the frame has the columns"):
        write_frame(tmp_path / "costs.csv", FRAME, COLUMNS[:1])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", [None, ""])
def test_what_is_no_table_is_named(text, tmp_path):
    write_frame(tmp_path / "costs.csv", FRAME, COLUMNS)
    (tmp_path / "costs.csv").unlink()
    if text is not None:
        (tmp_path / "costs.csv").write_text(text)
    with pytest.raises(SystemExit, match="costs.csv: (no such file|not a CSV table)"):
        read_frame(tmp_path / "costs.csv")
