"""Intervals against values by hand, other libraries, and simulated coverage."""

import math

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest
from scipy.stats import t as student

from scripts.lib.scores.intervals import (
    accuracy_interval,
    same_problems_interval,
    two_way_variance,
    wilson,
)


@pytest.mark.parametrize(("right", "trials"), [(0, 40), (3, 40), (40, 40), (660, 1319)])
def test_wilson_equals_scipy(right, trials):
    expected = binomtest(right, trials).proportion_ci(method="wilson")
    assert wilson(right / trials, trials) == pytest.approx(tuple(expected), abs=1e-12)


def test_one_seed_one_sample_is_wilson_over_problems():
    means = np.array([[1.0] * 3 + [0.0] * 7])
    interval = accuracy_interval(means, samples=1)
    assert interval[:2] == pytest.approx(wilson(0.3, 10))
    assert "conditional on this run" in interval.method


def test_samples_that_agree_count_once_and_independent_ones_fully():
    agreeing = accuracy_interval(np.array([[1.0] * 5 + [0.0] * 5]), samples=4)
    assert agreeing[:2] == pytest.approx(wilson(0.5, 10))
    spread = np.array([[0.25, 0.75] * 5])  # variance 1/16: effective size (1/4) / (1/160) = 40
    assert accuracy_interval(spread, samples=4)[:2] == pytest.approx(wilson(0.5, 40))
    narrow = np.array([[0.5, 0.5, 0.5, 0.75, 0.25]])
    assert accuracy_interval(narrow, samples=4)[:2] == pytest.approx(wilson(0.5, 20))


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_wrong_or_all_right_keeps_an_interval(seeds, value):
    low, high, _ = accuracy_interval(np.full((seeds, 40), value), samples=8)
    assert (low, high) == pytest.approx(wilson(value, 40))
    assert high - low > 0.08


def test_two_way_variance_by_hand():
    # Means 0.5 and 0.25 by seed, 0.75, 0.5, 0.25, 0 by problem; residuals all 0.25 in size.
    values = np.array([[1.0, 0.5, 0.5, 0.0], [0.5, 0.5, 0.0, 0.0]])
    squares = np.array([4 * 2 * 0.125**2 / 1, 2 * 0.3125 / 3, 0.125 / 3])
    total = squares[0] + squares[1] - squares[2]
    variance, freedom = two_way_variance(values)
    assert variance == pytest.approx(total / 8)
    weighted = squares**2 / np.array([1, 3, 3])
    assert freedom == pytest.approx(total**2 / weighted.sum())


def test_a_component_below_the_residual_is_left_out():
    values = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])  # residual only
    variance, freedom = two_way_variance(values)
    assert variance == pytest.approx((8 * 0.25 / 3) / 8)
    assert freedom == pytest.approx(3)


@pytest.mark.parametrize(("level", "problems", "samples"), [(-3.0, 40, 8), (0.0, 300, 1)])
def test_coverage_of_three_seeds(level, problems, samples):
    rng = np.random.default_rng(20250613)
    effects = rng.normal(size=200_000) * math.hypot(2.0, 0.3)
    truth = expit(level + effects).mean()
    covered = 0
    for _ in range(400):
        seeds = rng.normal(size=(3, 1)) * 0.3
        shares = expit(level + seeds + rng.normal(size=(1, problems)) * 2.0)
        low, high, _ = accuracy_interval(rng.binomial(samples, shares) / samples, samples)
        covered += low <= truth <= high
    assert 0.90 <= covered / 400 <= 0.99


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("problems", [40, 675])
def test_an_interval_ends_at_exactly_0_or_1_where_nothing_or_all_is_right(seeds, problems):
    assert accuracy_interval(np.zeros((seeds, problems)), samples=2).low == 0.0
    assert accuracy_interval(np.ones((seeds, problems)), samples=2).high == 1.0


def test_the_same_problems_interval_is_t_over_the_seeds():
    means = np.array([[0.5, 0.0], [1.0, 0.5], [0.5, 0.5]])  # accuracies .25, .75, .5
    low, high, method = same_problems_interval(means, samples=2)
    expected = student.interval(0.95, 2, loc=0.5, scale=0.25 / math.sqrt(3))
    assert (low, high) == (max(0.0, expected[0]), min(1.0, expected[1]))
    assert method == "t over seeds, same problems"
    narrow = same_problems_interval(np.repeat([[0.5], [0.51], [0.49]], 10, axis=1), samples=100)
    assert narrow[:2] == pytest.approx(student.interval(0.95, 2, loc=0.5, scale=0.01 / 3**0.5))


def test_one_seed_has_no_interval_for_the_same_problems():
    assert same_problems_interval(np.array([[0.5, 1.0]]), samples=2) is None


def test_seeds_of_one_accuracy_fall_back_to_completions():
    low, high, method = same_problems_interval(np.zeros((3, 40)), samples=2)
    assert (low, high) == pytest.approx(wilson(0.0, 240))
    assert low == 0.0 and "completions" in method


def test_coverage_of_the_same_problems():
    rng = np.random.default_rng(7)
    difficulty, covered = rng.normal(size=(1, 300)) * 2, 0
    points = rng.normal(size=(20_000, 1)) * 0.2
    truth = np.mean([expit(difficulty + point).mean() for point in points[:4000]])
    for _ in range(1000):
        shares = expit(difficulty + rng.normal(size=(3, 1)) * 0.2)
        low, high, _ = same_problems_interval(rng.binomial(2, shares) / 2, 2)
        covered += low <= truth <= high
    assert 0.93 <= covered / 1000 <= 0.975
