"""Work and time left: `plan`'s seconds, corrected by what the run measured."""

import pytest

from scripts.lib.progress.forecast import Forecast, Running

CHAIN = Forecast(
    dag={1: [], 2: [1], 3: [2], 4: []},
    predicted={1: 10.0, 2: 100.0, 3: 100.0, 4: 90.0},
    kinds={1: "data", 2: "train", 3: "train", 4: "evaluate"},
    slots=2,
)


def test_work_is_counted_in_seconds_not_in_jobs():
    share, left = CHAIN.share_and_seconds_left({1: 10.0}, {})
    assert share == pytest.approx(10 / 300)  # a quarter of the jobs
    assert left == pytest.approx(200)  # 2, then 3; 4 beside them


def test_what_was_measured_corrects_its_kind_and_less_the_others():
    expected = CHAIN.expected({1: 10.0, 2: 300.0})
    assert expected[3] == pytest.approx(300)
    assert 90 < expected[4] < 270
    assert expected[4] == pytest.approx(90 * (310 + 30) / (110 + 30))


def test_a_short_job_that_took_long_does_not_triple_the_rest():
    assert CHAIN.expected({1: 30.0})[2] < 160


def test_a_running_job_counts_as_far_as_it_is():
    half = CHAIN.share_and_seconds_left({1: 10.0}, {2: Running(50.0, share=0.5)})
    assert half == pytest.approx((60 / 300, 150))
    overdue = CHAIN.share_and_seconds_left({1: 10.0}, {2: Running(400.0)})[1]
    assert overdue == pytest.approx(140)


def test_what_waits_for_a_failed_job_is_no_work_left():
    assert CHAIN.after([2]) == {2, 3}
    share, left = CHAIN.share_and_seconds_left({1: 10.0}, {}, failed=[2])
    assert (share, left) == pytest.approx((0.1, 90))


def test_the_end_is_all():
    done = {1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0}
    assert CHAIN.share_and_seconds_left(done, {}) == (1.0, 0.0)
