"""Accuracies, their 95% intervals and paired tests, from per-problem means.

The verdicts of one cell on one benchmark are an array `means` of shape (seeds, problems): the share
of the samples of that problem which the run of that seed answered correctly. Problems weigh the
same, seeds weigh the same.

One seed says nothing about another training: its interval and test hold the spread over problems
and samples alone, and say so ("conditional on this run").
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

Z95 = float(ndtri(0.975))


class Interval(NamedTuple):
    """A 95% interval and the name of the method that made it."""

    low: float
    high: float
    method: str


class Comparison(NamedTuple):
    """A cell's accuracy less its parent's: 95% interval, two-sided p-value, name of the test."""

    difference: float
    low: float
    high: float
    p_value: float
    test: str


def accuracy(means: np.ndarray) -> float:
    """Return the mean over seeds and problems of `means` (seeds, problems)."""
    return float(np.mean(means))


def wilson(share: float, size: float, quantile: float = Z95) -> tuple[float, float]:
    """Return Wilson's score interval for a share seen in `size` independent trials.

    Wilson (1927), JASA 22:209. Inside [0, 1], and of a sensible length for shares of 0 and 1.
    """
    shrink = 1 + quantile**2 / size
    centre = (share + quantile**2 / (2 * size)) / shrink
    half = math.sqrt(share * (1 - share) / size + (quantile / (2 * size)) ** 2) * quantile / shrink
    return max(0.0, centre - half), min(1.0, centre + half)


def accuracy_interval(means: np.ndarray, samples: int) -> Interval:
    """Return the 95% interval of the accuracy of `means` (seeds, problems).

    Wilson's interval with the effective sample size p(1-p) / V, where V is the variance of the mean
    (Korn and Graubard 1998, Survey Methodology 24:193):

    - several seeds: V and its degrees of freedom by `two_way_variance`; Student's quantile for the
      normal one. In simulation (three seeds) it covers 89-98% where the same interval laid
      symmetrically around the mean and clipped covers 85-99%;
    - one seed: V = variance of the problem means / problems; the size lies between the number of
      problems (samples of a problem always agree) and problems x `samples` (they are independent).

    Without any spread to measure (all right, all wrong) the size is the number of problems.
    """
    seeds, problems = means.shape
    share = accuracy(means)
    binomial = share * (1 - share)
    if seeds > 1 and problems > 1:
        method = "two-way random effects (seeds x problems), Satterthwaite t, Wilson form"
        variance, freedom = two_way_variance(means)
        largest = seeds * problems * samples
    else:
        method = "Wilson over problems, conditional on this run"
        variance, freedom = float(np.var(means.mean(axis=0))) / problems, math.inf
        largest = problems * samples
    if variance <= 0 or binomial <= 0:
        return Interval(*wilson(share, problems), method)
    size = min(binomial / variance, largest)
    return Interval(*wilson(share, size, t_quantile(freedom)), method)


def t_quantile(freedom: float) -> float:
    """Return the 97.5% quantile of Student's t; the normal one for infinite degrees of freedom."""
    return Z95 if math.isinf(freedom) else float(stdtrit(freedom, 0.975))


def two_way_variance(values: np.ndarray) -> tuple[float, float]:
    """Return the variance of the mean of `values` (seeds, problems), and its degrees of freedom.

    Both seeds and problems are random: y[s, p] = mean + a[s] + b[p] + e[s, p]. With the mean
    squares of seeds (MSA), problems (MSB) and residual (MSE) of the two-way table,

        V = (max(MSA - MSE, 0) + max(MSB - MSE, 0) + MSE) / (seeds x problems),

    and Satterthwaite's degrees of freedom of the linear combination of mean squares that is left
    (Satterthwaite 1946, Biometrics Bulletin 2:110; Searle et al. 1992, Variance Components, ch. 4).
    """
    seeds, problems = values.shape
    by_seed, by_problem, mean = values.mean(axis=1), values.mean(axis=0), values.mean()
    residual = values - by_seed[:, None] - by_problem[None, :] + mean
    freedom = np.array([seeds - 1, problems - 1, (seeds - 1) * (problems - 1)], dtype=float)
    squares = np.array(
        [
            problems * np.sum((by_seed - mean) ** 2),
            seeds * np.sum((by_problem - mean) ** 2),
            np.sum(residual**2),
        ]
    )
    mean_squares = squares / freedom
    kept = (mean_squares[:2] > mean_squares[2]).astype(float)
    weights = np.append(kept, 1 - kept.sum())
    total = float(weights @ mean_squares)
    if total <= 1e-15:  # rounding left over from values without any spread
        return 0.0, math.inf
    satterthwaite = total**2 / float(np.sum((weights * mean_squares) ** 2 / freedom))
    return total / (seeds * problems), satterthwaite


def compare_paired(cell: np.ndarray, parent: np.ndarray, samples: int) -> Comparison:
    """Compare a cell with its parent on the same seeds and problems; both (seeds, problems).

    Several seeds: the differences in the two-way random effects model, t test and t interval. One
    seed: exact sign-flip test over problems (for one sample each that is McNemar's exact test), and
    the interval of Agresti and Min (2005, Statistics in Medicine 24:729): two pseudo-problems, half
    of one won, half lost, one even, keep it honest where hardly any problem differs.
    """
    differences = cell - parent
    seeds, problems = differences.shape
    difference = float(differences.mean())
    if seeds > 1 and problems > 1:
        variance, freedom = two_way_variance(differences)
        if variance > 0:
            error = math.sqrt(variance)
            half = t_quantile(freedom) * error
            p_value = min(1.0, 2 * float(stdtr(freedom, -abs(difference) / error)))
            low, high = max(-1.0, difference - half), min(1.0, difference + half)
            return Comparison(difference, low, high, p_value, "two-way random effects t")
    by_problem = differences.mean(axis=0)
    size = problems + 2
    centre = float(by_problem.sum()) / size
    spread = (float((by_problem**2).sum()) + 1) / size - centre**2
    half = Z95 * math.sqrt(spread / size)
    p_value = sign_flip_p_value(np.rint(by_problem * samples * seeds).astype(int))
    name = "exact McNemar" if seeds * samples == 1 else "exact sign-flip over problems"
    low, high = max(-1.0, centre - half), min(1.0, centre + half)
    return Comparison(difference, low, high, p_value, name + ", conditional on this run")


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
    for size in sizes:
        shifted = np.zeros_like(chances)
        shifted[size:] = chances[:-size]
        chances = (chances + shifted) / 2
    sums = 2 * np.arange(total + 1) - total
    return min(1.0, float(chances[np.abs(sums) >= observed].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order given (Holm 1979, Scand. J. Stat. 6:65)."""
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def chance_level(golds: Sequence[str]) -> tuple[str, float]:
    """Return the most common gold answer and the accuracy of always giving it.

    Of equally common ones the first in the order given.
    """
    answer, count = Counter(golds).most_common(1)[0]
    return answer, count / len(golds)
