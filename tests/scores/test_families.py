"""Corrections for many tests, by hand and as scipy has them."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from scripts.lib.scores.families import benjamini_hochberg, holm


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert holm([]) == []


def test_benjamini_hochberg_equals_scipy():
    p_values = np.random.default_rng(3).uniform(size=90) ** 3
    assert benjamini_hochberg(p_values.tolist()) == pytest.approx(false_discovery_control(p_values))
    assert benjamini_hochberg([0.04, 0.01, 0.03]) == pytest.approx([0.04, 0.03, 0.04])
    assert benjamini_hochberg([]) == []
