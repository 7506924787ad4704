"""Accuracies and chance levels."""

import numpy as np

from scripts.lib.scores.statistics import accuracy, chance_level


def test_accuracy_weighs_problems_and_seeds_equally():
    assert accuracy(np.array([[1.0, 0.5, 0.0], [1.0, 1.0, 1.0]])) == 0.75


def test_chance_is_the_most_common_gold():
    assert chance_level(["3", "12", "3", "4"]) == ("3", 0.5)
