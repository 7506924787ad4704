"""What chaos draws is the seed's alone, and a round whose files differ has failed."""

import pytest

from tests.chaos.disturbances import DISTURBANCES
from tests.chaos.rounds import Round, draw
from tests.chaos.starts import RESULTS, STARTS, Start

START = Start(has=("data/",), makes=("cells/",), targets=("cells/a.json",), times=())


def test_a_seed_draws_the_same_rounds_each_time(tmp_path):
    names = list(DISTURBANCES)
    order = draw(3, 25, names)
    assert order == draw(3, 25, names) != draw(4, 25, names)
    assert sorted(order[:10]) == sorted(order[10:20]) == sorted(names)
    rounds = [Round(tmp_path, tmp_path, 3, number, order[0]) for number in (1, 1, *range(2, 40))]
    assert rounds[0].random.random() == rounds[1].random.random() != rounds[2].random.random()
    assert {round_.start_name for round_ in rounds} == set(STARTS)


@pytest.fixture
def folders(tmp_path):
    """Return two folders with the same files."""
    for name in ("study", "round"):
        for file in ("data/x.jsonl", "cells/a.json", "cells/training.json", "config.json"):
            path = tmp_path / name / RESULTS / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file)
    (tmp_path / "study" / RESULTS / "scores.csv").write_text("no part of the round")
    return tmp_path / "study", tmp_path / "round"


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda cells: None, []),
        (lambda cells: (cells / "training.json").write_text("other times"), []),
        (lambda cells: (cells / "a.json").unlink(), ["cells/a.json is missing"]),
        (lambda cells: (cells / ".a.json.7").touch(), ["cells/.a.json.7 is left over"]),
        (lambda cells: (cells / "a.json").write_text("1"), ["cells/a.json differs"]),
    ],
)
def test_every_difference_is_named(edit, expected, folders):
    study, folder = folders
    edit(folder / RESULTS / "cells")
    assert START.differences(study, folder) == expected
