"""The test whether runs differ: these very checkpoints, on problems like these.

It says nothing about another training of the same method: that is methods.py's question.
"""

import math

import numpy as np

from scripts.lib.scores.statistics import Z95


def mean_differences(cell: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return each problem's difference of the means over seeds, (problems,).

    Both are (seeds, problems); the numbers of seeds may differ.
    """
    return cell.mean(axis=0) - other.mean(axis=0)


def run_p_value(cell: np.ndarray, other: np.ndarray, samples: int) -> float:
    """Return the exact p-value of two sides' runs, both (seeds, problems) on the same problems.

    The sign-flip test over problems of the seeds' mean differences; for one run and one sample on
    each side it is McNemar's exact test.
    """
    parts = samples * math.lcm(len(cell), len(other))  # each difference is a multiple of 1 / parts
    return sign_flip_p_value(np.rint(mean_differences(cell, other) * parts).astype(int))


def run_spread(differences: np.ndarray) -> tuple[float, float]:
    """Return centre and variance of the mean difference of runs, from `differences` (problems,).

    Those of Agresti and Min (2005, Statistics in Medicine 24:729): two pseudo-problems, half of one
    won, half lost, one even, keep them honest where hardly any problem differs.
    """
    size = len(differences) + 2
    centre = float(differences.sum()) / size
    spread = (float((differences**2).sum()) + 1) / size - centre**2
    return centre, spread / size


def run_interval(differences: np.ndarray) -> tuple[float, float]:
    """Return the 95% interval of the mean difference of runs, from `differences` (problems,)."""
    centre, variance = run_spread(differences)
    half = Z95 * math.sqrt(variance)
    return max(-1.0, centre - half), min(1.0, centre + half)


def sign_flip_p_value(differences: np.ndarray) -> float:
    """Return the exact two-sided p-value of the sum of whole-number `differences` (problems,).

    Null hypothesis: each difference could as well have had the other sign. The distribution of the
    sum over all 2^problems sign choices is counted, not sampled, by adding one problem at a time.
    """
    sizes = np.abs(differences[differences != 0])
    total = int(sizes.sum())
    observed = abs(int(differences.sum()))
    chances = np.zeros(total + 1)  # chances[w]: the differences with a plus sign sum up to w
    chances[0] = 1.0
    most = 0  # what those added so far can sum up to
    for size in sizes:
        halves = chances[: most + 1] / 2
        chances[: most + 1] = halves
        most += size
        chances[size : most + 1] += halves
    sums = 2 * np.arange(total + 1) - total
    return min(1.0, float(chances[np.abs(sums) >= observed].sum()))
