"""The test of runs, by hand and against every choice of signs."""

import math
from itertools import product

import numpy as np
import pytest

from scripts.lib.scores.runs import mean_differences, run_interval, run_p_value, sign_flip_p_value


def test_exact_mcnemar_by_hand():
    # 8 problems differ, 7 of them won: 2 * (1 + 8) / 2^8.
    cell = np.array([[1.0] * 7 + [0.0] + [1.0] * 12])
    other = np.array([[0.0] * 7 + [1.0] + [1.0] * 12])
    assert mean_differences(cell, other).mean() == pytest.approx(0.3)
    assert run_p_value(cell, other, samples=1) == pytest.approx(18 / 256)
    size, spread = 22, 9 / 22 - (6 / 22) ** 2
    half = 1.959964 * math.sqrt(spread / size)
    found = run_interval(mean_differences(cell, other))
    assert found == pytest.approx((6 / 22 - half, 6 / 22 + half), abs=1e-6)


def test_sign_flip_counts_every_choice_of_signs():
    differences = np.array([3, -1, 0, 2, 2, 4, -2])
    signs = product([1, -1], repeat=len(differences))
    sums = [abs(int(np.dot(choice, differences))) for choice in signs]
    expected = sum(total >= abs(differences.sum()) for total in sums) / len(sums)
    assert sign_flip_p_value(differences) == pytest.approx(expected)


def test_several_seeds_are_compared_by_their_means():
    rng = np.random.default_rng(5)
    cell, other = rng.binomial(2, 0.6, size=(3, 8)) / 2, rng.binomial(2, 0.4, size=(2, 8)) / 2
    differences = np.rint((cell.mean(axis=0) - other.mean(axis=0)) * 12).astype(int)
    signs = product([1, -1], repeat=8)
    sums = [abs(int(np.dot(choice, differences))) for choice in signs]
    expected = np.mean([total >= abs(differences.sum()) for total in sums])
    assert run_p_value(cell, other, samples=2) == pytest.approx(expected)


def test_without_a_difference_nothing_is_certain():
    same = np.zeros((1, 5))
    low, high = run_interval(mean_differences(same, same))
    assert run_p_value(same, same, samples=1) == 1.0
    assert low < 0 < high


def test_seeds_that_agree_in_every_problem_count_the_problems():
    assert run_p_value(np.ones((3, 6)), np.zeros((3, 6)), samples=1) == pytest.approx(2 / 2**6)


def test_false_alarms_about_equal_runs_are_rare():
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(400):
        shares = rng.uniform(size=(1, 100))
        cell, other = (rng.binomial(2, shares) / 2 for _ in range(2))
        alarms += run_p_value(cell, other, samples=2) < 0.05
    assert alarms / 400 < 0.07
