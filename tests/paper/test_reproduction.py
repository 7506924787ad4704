"""The paper's printed accuracies beside the study's: distances in standard errors."""

import math

import numpy as np
import pandas as pd
import pytest

from scripts.compare_reported import (
    BUILT,
    COLUMNS,
    NO_MODEL,
    NO_SEEDS,
    ONE_SAMPLE,
    QUOTED,
    reproduction,
)
from scripts.lib.frames import legend_path, read_frame, write_frame
from scripts.lib.paper.reproduction import (
    Runs,
    seed_variances,
    standard_error,
    variance_within,
    verdict,
)

HALF = np.array([[0.0, 0.5, 1.0, 0.5]])  # one seed, four problems, two samples


def test_the_variance_within_problems_is_unbiased():
    assert variance_within(Runs(HALF, 2, trained=False)) == pytest.approx(0.25)  # 1/8 x 2/1
    assert variance_within(Runs(HALF, 1, trained=False)) is None


def test_an_untrained_model_has_no_spread_of_trainings():
    w = 0.25
    error = standard_error(Runs(HALF, 2, trained=False), 0.0)
    assert error == pytest.approx(math.sqrt(w / (4 * 2) + w / 4))


def test_the_spread_of_seeds_beyond_sampling_counts_for_the_papers_run_too():
    three = Runs(np.repeat(HALF, 3, axis=0), 2, trained=True)
    s2, sampling = 0.1, 0.25 / 8
    expected = math.sqrt(s2 / 3 + (s2 - sampling) + 0.25 / 4)
    assert standard_error(three, s2) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("runs", "variance"),
    [
        (Runs(HALF, 1, trained=False), 0.0),  # one sample
        (Runs(np.zeros((3, 4)), 2, trained=False), 0.0),  # always wrong
        (Runs(HALF, 2, trained=True), None),  # one training
    ],
)
def test_no_error_is_made_up(runs, variance):
    assert standard_error(runs, variance) is None


def test_one_training_or_too_few_cells_have_no_spread_of_seeds():
    cells = {f"c{n}": Runs(np.repeat(HALF, 3, axis=0), 2, trained=True) for n in range(5)}
    assert seed_variances(cells | {"root": Runs(HALF, 2, trained=False)}) == {"root": 0.0}
    cells["c5"] = Runs(np.repeat(HALF, 2, axis=0), 2, trained=True)
    assert set(seed_variances(cells)) == set(cells)


def test_under_the_null_one_more_run_is_rarely_beyond_two_errors():
    """18 cells, 3 seeds, 4 samples, seeds that differ by .15 logit: .041 to .070 beyond 1.96."""
    random = np.random.default_rng(0)
    beyond = []
    for _ in range(150):
        cells, printed = {}, {}
        for cell in range(18):
            logits = random.normal(-0.5, 1.5, 272)
            of_seed = random.normal(0, 0.15, 4)  # the last is the paper's
            chances = 1 / (1 + np.exp(-(logits + of_seed[:, None])))
            cells[cell] = Runs(random.binomial(4, chances[:3]) / 4, 4, trained=True)
            printed[cell] = random.binomial(1, chances[3]).mean()
        variances = seed_variances(cells)
        beyond += [
            abs(runs.means.mean() - printed[cell]) > 1.96 * standard_error(runs, variances[cell])
            for cell, runs in cells.items()
        ]
    assert 0.03 < np.mean(beyond) < 0.08


def test_words():
    assert [verdict(z) for z in (1.99, -2.0, 3.0, -3.01)] == [
        "compatible",
        "unclear",
        "unclear",
        "differs",
    ]


def printed(cell, value, source="", column="", benchmark="amc23"):
    names = {"table": "table2", "section": "s", "method": cell, "cell": cell}
    return names | {
        "benchmark": benchmark,
        "printed": value,
        "source": source,
        "column": column,
    }


def frame_of(*rows, runs, built=()):
    return reproduction(pd.DataFrame(rows), runs, {"base": "toy", "base+rl": "toy+rl"}, built)


def test_a_row_has_both_numbers_and_their_distance():
    runs = {("toy", "amc23"): Runs(HALF, 2, trained=False)}
    (row,) = frame_of(printed("base", "45.0"), printed("other", "1.0"), runs=runs).to_dict(
        "records"
    )
    assert (row["cell"], row["reported"], row["accuracy"]) == ("toy", 0.45, 0.5)
    assert row["z"] == pytest.approx(0.05 / math.sqrt(0.25 / 8 + 0.25 / 4))
    assert row["verdict"] == "compatible"


def test_what_cannot_be_compared_says_why():
    runs = {
        ("toy", "amc23"): Runs(HALF, 2, trained=False),
        ("toy", "gsm8k"): Runs(HALF, 1, trained=False),
        ("toy", "minerva"): None,
        ("toy+rl", "amc23"): Runs(HALF, 2, trained=True),
    }
    frame = frame_of(
        printed("base", "45.0", source="deepscaler"),
        printed("base", "45.0", benchmark="gsm8k"),
        printed("base", "45.0", benchmark="minerva"),
        printed("base+rl", "45.0"),
        runs=runs,
    )
    assert frame["reason"].tolist() == [QUOTED, ONE_SAMPLE, NO_MODEL, NO_SEEDS]
    assert not frame["verdict"].any() and frame["z"].isna().all()


def test_a_toy_in_place_of_the_papers_model_has_no_distance():
    runs = {("toy", "amc23"): Runs(HALF, 2, trained=False)}
    (row,) = frame_of(printed("base", "45.0"), runs=runs, built=["toy"]).to_dict("records")
    assert (row["reported"], row["accuracy"], row["reason"]) == (0.45, 0.5, BUILT)
    assert not row["verdict"] and math.isnan(row["z"])


def test_the_file_says_what_its_columns_are(tmp_path):
    runs = {("toy", "amc23"): Runs(HALF, 2, trained=False)}
    path = tmp_path / "reproduction.csv"
    write_frame(path, frame_of(printed("base", "45.0"), runs=runs), COLUMNS)
    again = read_frame(path)
    assert again["z"][0] == pytest.approx(0.1633, abs=1e-3)
    assert again["source"][0] == ""  # text stays text
    described = pd.read_csv(legend_path(path))
    assert described["column"].tolist() == list(again.columns)
    assert described["meaning"].notna().all()
