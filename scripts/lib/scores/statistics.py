"""What accuracies are: means of verdicts; and the quantiles that intervals and tests share.

The verdicts of one cell on one benchmark are an array `means` of shape (seeds, problems): the share
of the samples of that problem which the run of that seed answered correctly. Problems weigh the
same, seeds weigh the same.

Intervals stand in intervals.py, the tests of runs and of methods in runs.py and methods.py,
corrections for many tests in families.py.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri, stdtrit

Z95 = float(ndtri(0.975))


def accuracy(means: np.ndarray) -> float:
    """Return the mean over seeds and problems of `means` (seeds, problems)."""
    return float(np.mean(means))


def t_quantile(freedom: float, share: float = 0.975) -> float:
    """Return a quantile of Student's t; the normal one for infinite degrees of freedom."""
    return float(ndtri(share) if math.isinf(freedom) else stdtrit(freedom, share))


def chance_level(golds: Sequence[str]) -> tuple[str, float]:
    """Return the most common gold answer and the accuracy of always giving it.

    Of equally common ones the first in the order given.
    """
    answer, count = Counter(golds).most_common(1)[0]
    return answer, count / len(golds)
