"""A report is there whole or not at all."""

import pytest

from scripts.lib.files import folder_made_whole, size_of


def test_a_folder_takes_the_place_of_the_one_before_it(tmp_path):
    place = tmp_path / "report"
    for text in ("old", "newer"):
        with folder_made_whole(place) as folder:
            (folder / f"{text}.js").write_text(text)
            assert not (place / f"{text}.js").exists()
    assert [path.name for path in place.iterdir()] == ["newer.js"]
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert size_of(place) == 5


def test_a_report_that_fails_leaves_the_one_before_it(tmp_path):
    place = tmp_path / "report"
    with folder_made_whole(place) as folder:
        (folder / "index.html").write_text("whole")
    with pytest.raises(SystemExit), folder_made_whole(place) as folder:
        (folder / "index.html").write_text("half")
        raise SystemExit("no")
    assert (place / "index.html").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
