"""Intervals and tests against values by hand, other libraries, and simulated coverage."""

import math
from itertools import product

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest

from scripts.lib.scores.statistics import (
    accuracy,
    accuracy_interval,
    chance_level,
    compare_paired,
    holm,
    sign_flip_p_value,
    two_way_variance,
    wilson,
)


def test_accuracy_weighs_problems_and_seeds_equally():
    assert accuracy(np.array([[1.0, 0.5, 0.0], [1.0, 1.0, 1.0]])) == 0.75


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


def test_exact_mcnemar_by_hand():
    # 8 problems differ, 7 of them won: 2 * (1 + 8) / 2^8.
    cell = np.array([[1.0] * 7 + [0.0] + [1.0] * 12])
    parent = np.array([[0.0] * 7 + [1.0] + [1.0] * 12])
    result = compare_paired(cell, parent, samples=1)
    assert result.difference == pytest.approx(0.3)
    assert result.p_value == pytest.approx(18 / 256)
    assert result.test.startswith("exact McNemar")
    size, spread = 22, 9 / 22 - (6 / 22) ** 2
    half = 1.959964 * math.sqrt(spread / size)
    assert (result.low, result.high) == pytest.approx((6 / 22 - half, 6 / 22 + half), abs=1e-6)


def test_sign_flip_counts_every_choice_of_signs():
    differences = np.array([3, -1, 0, 2, 2, 4, -2])
    signs = product([1, -1], repeat=len(differences))
    sums = [abs(int(np.dot(choice, differences))) for choice in signs]
    expected = sum(total >= abs(differences.sum()) for total in sums) / len(sums)
    assert sign_flip_p_value(differences) == pytest.approx(expected)


def test_sign_flip_without_a_difference_is_certain_of_nothing():
    same = np.zeros((1, 5))
    result = compare_paired(same, same, samples=1)
    assert result.p_value == 1.0
    assert result.low < 0 < result.high


def test_several_seeds_use_the_two_way_model():
    rng = np.random.default_rng(1)
    parent = rng.binomial(1, 0.3, size=(3, 200)).astype(float)
    cell = np.maximum(parent, rng.binomial(1, 0.4, size=(3, 200)))
    result = compare_paired(cell, parent, samples=1)
    assert result.test == "two-way random effects t"
    assert result.p_value < 0.01
    assert 0 < result.low < result.difference < result.high
    back = compare_paired(parent, cell, samples=1)
    assert (back.low, back.high) == pytest.approx((-result.high, -result.low))


def test_seeds_that_agree_in_every_problem_fall_back_to_the_exact_test():
    cell, parent = np.ones((3, 6)), np.zeros((3, 6))
    assert compare_paired(cell, parent, samples=1).p_value == pytest.approx(2 / 2**6)


def test_false_alarms_of_the_paired_test_are_rare():
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(400):
        shares = rng.uniform(size=(1, 100))
        cell, parent = (rng.binomial(2, shares) / 2 for _ in range(2))
        alarms += compare_paired(cell, parent, samples=2).p_value < 0.05
    assert alarms / 400 < 0.07


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert holm([]) == []


def test_chance_is_the_most_common_gold():
    assert chance_level(["3", "12", "3", "4"]) == ("3", 0.5)
