"""The test whether a method changes accuracy: its seeds are a sample of all trainings.

Few seeds tell little about their own spread. The spreads of all comparisons on a benchmark are
pooled as limma pools the variances of genes (Smyth 2004, Stat. Appl. Genet. Mol. Biol. 3:3), and
the seeds' term is never left out of a variance.
"""

import math
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import digamma, polygamma, stdtr

from scripts.lib.scores.statistics import t_quantile

# How a cell's runs stand to those that they are compared with:
#   seed    seed n went on from seed n of the other: paired by seed
#   pooled  the other is untrained: its evaluation runs are one mean, without a spread of trainings
#   apart   trained apart from each other: seeds are not paired
Pairing = Literal["seed", "pooled", "apart"]
FEWEST = 6  # comparisons whose spreads can be pooled


class Contrast(NamedTuple):
    """Two sides on one benchmark, for one or many comparisons: each field (...,).

    The variance of the difference is (weight x seeds + max(between - within, 0)) / problems.
    """

    difference: np.ndarray  # mean of the cell less that of the other
    level: np.ndarray  # both sides' mean accuracy, kept off 0 and 1
    seeds: np.ndarray  # mean square of seeds: problems x variance of the seeds' accuracies
    seeds_freedom: np.ndarray
    weight: np.ndarray  # 1 / seeds; of two sides apart, the sum of both
    between: np.ndarray  # variance over problems of the difference of the sides' means
    within: np.ndarray  # its part that is noise: the residual mean square x weight
    within_freedom: np.ndarray
    problems: np.ndarray


class MethodTests(NamedTuple):
    """Variances of the differences, degrees of freedom, two-sided p-values: each (comparisons,)."""

    variance: np.ndarray
    freedom: np.ndarray
    p_value: np.ndarray


def can_contrast(cell_seeds: int, other_seeds: int, problems: int, pairing: Pairing) -> bool:
    """Say whether there are enough seeds and problems for a spread of each."""
    counted = [cell_seeds, other_seeds] if pairing == "apart" else [cell_seeds]
    return min(counted) > 1 and other_seeds > 0 and problems > 1


def contrast(
    cell: np.ndarray, other: np.ndarray, pairing: Pairing, level: float | None = None
) -> Contrast:
    """Return what the test needs of a cell (..., seeds, problems) and of what it is compared with.

    `other` is on the same problems, with its own number of seeds; with the pairing "seed" it has
    the same seeds in the same order. `level` is given where the sides are themselves differences.
    """
    if pairing == "seed":
        sides = [cell - other]
    elif pairing == "pooled":
        sides = [cell - other.mean(axis=-2, keepdims=True)]
    else:
        sides = [cell, other]
    problems = cell.shape[-1]
    seeds = np.array([side.shape[-2] for side in sides], dtype=float)
    squares = [_mean_squares(side) for side in sides]
    of_seeds = np.stack([of_seeds for of_seeds, _ in squares], axis=-1)  # (..., sides)
    noise = np.stack([residual for _, residual in squares], axis=-1) / seeds
    noise_freedom = (seeds - 1) * (problems - 1)
    by_problem = cell.mean(axis=-2) - other.mean(axis=-2)
    mean = (cell.mean(axis=(-2, -1)) + other.mean(axis=(-2, -1))) / 2
    same = np.ones(mean.shape)
    levels = mean if level is None else same * level
    floor = 0.5 / (problems * min(cell.shape[-2], other.shape[-2]))
    return Contrast(
        difference=by_problem.mean(axis=-1),
        level=np.clip(levels, floor, 1 - floor),
        seeds=of_seeds @ (seeds - 1) / np.sum(seeds - 1),
        seeds_freedom=same * np.sum(seeds - 1),
        weight=same * np.sum(1 / seeds),
        between=by_problem.var(axis=-1, ddof=1),
        within=noise.sum(axis=-1),
        within_freedom=_satterthwaite(noise, noise_freedom, empty=np.sum(noise_freedom)),
        problems=same * problems,
    )


def _mean_squares(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean squares of seeds and residual of values (..., seeds, problems)."""
    seeds, problems = values.shape[-2:]
    centred = values - values.mean(axis=(-2, -1), keepdims=True)
    of_seeds = problems * np.sum(centred.mean(axis=-1) ** 2, axis=-1)
    of_problems = seeds * np.sum(centred.mean(axis=-2) ** 2, axis=-1)
    rest = np.sum(centred**2, axis=(-2, -1)) - of_seeds - of_problems
    return of_seeds / (seeds - 1), np.maximum(rest, 0) / ((seeds - 1) * (problems - 1))


def _satterthwaite(parts: np.ndarray, freedom: np.ndarray, empty: float) -> np.ndarray:
    """Return the degrees of freedom of sums of `parts` (..., parts), each with its own.

    Satterthwaite (1946), Biometrics Bulletin 2:110. `empty` stands where all parts are 0.
    """
    squares = np.sum(parts**2 / freedom, axis=-1)
    found = np.full(squares.shape, float(empty))
    return np.divide(np.sum(parts, axis=-1) ** 2, squares, out=found, where=squares > 0)


def seeds_prior(spreads: np.ndarray, freedom: np.ndarray) -> tuple[float, float]:
    """Return degrees of freedom d0 and scale s0 of the prior of several spreads, (comparisons,).

    Smyth's moment estimator on the logarithms (2004, section 6.2; limma's fitFDist). d0 is infinite
    where the spreads differ no more than by chance. Seeds agree exactly because shares of few
    completions are coarse, so a spread of 0 counts as half of the smallest other one (limma's 1e-5
    of the median would make the prior worthless).
    """
    positive = spreads[spreads > 1e-12 * spreads.max()]
    if positive.size == 0:
        return math.inf, 0.0
    logs = np.log(np.maximum(spreads, positive.min() / 2))
    centred = logs - digamma(freedom / 2) + np.log(freedom / 2)
    spread = float(np.var(centred, ddof=1) - np.mean(polygamma(1, freedom / 2)))
    if spread <= 0:
        return math.inf, math.exp(centred.mean())
    half = trigamma_inverse(spread)
    return 2 * half, math.exp(centred.mean() + digamma(half) - math.log(half))


def moderated_spreads(spreads: np.ndarray, freedom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return spreads, (comparisons,), drawn to their common prior, and their degrees of freedom.

    Those are at most all degrees of freedom together (Smyth 2004, section 3).
    """
    d0, s0 = seeds_prior(spreads, freedom)
    most = float(freedom.sum())
    if math.isinf(d0):
        return np.full(spreads.shape, s0), np.full(spreads.shape, most)
    total = d0 + freedom
    return (d0 * s0 + freedom * spreads) / total, np.minimum(total, most)


def trigamma_inverse(value: float) -> float:
    """Return the y > 0 whose trigamma is `value`, by Newton's method (Smyth 2004, appendix)."""
    if value > 1e7:
        return 1 / math.sqrt(value)
    if value < 1e-6:
        return 1 / value
    y = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, y))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, y))
        y += step
        if -step / y < 1e-8:
            break
    return y


def compare_methods(contrasts: Contrast) -> MethodTests:
    """Test all comparisons of a family on one benchmark; fields of `contrasts` (comparisons,).

    A spread of seeds is measured in units of p (1 - p), p being the level, moderated by the prior
    of all of them, and has at most their degrees of freedom together:

        V = (weight x moderated seeds + max(between - within, 0)) / problems,

    with Satterthwaite's degrees of freedom and Student's t.
    """
    c = contrasts
    binomial = c.level * (1 - c.level)
    spreads, freedom = moderated_spreads(c.seeds / binomial, c.seeds_freedom)
    moderated = binomial * spreads
    seen = np.where(c.between > c.within, 1.0, 0.0)
    parts = np.stack([c.weight * moderated, seen * c.between, -seen * c.within], axis=-1)
    freedoms = np.stack([freedom, c.problems - 1, c.within_freedom], axis=-1)
    variance = parts.sum(axis=-1) / c.problems
    freedom = _satterthwaite(parts, freedoms, empty=math.inf)
    error = np.sqrt(np.where(variance > 0, variance, math.inf))
    p_value = np.minimum(1.0, 2 * stdtr(freedom, -np.abs(c.difference) / error))
    return MethodTests(variance, freedom, p_value)


def smallest_visible(variance: float, freedom: float, level: float = 0.05) -> float:
    """Return the difference that a two-sided t test at `level` finds with a power of 80%."""
    return math.sqrt(variance) * (t_quantile(freedom, 1 - level / 2) + t_quantile(freedom, 0.8))


def joined(contrasts: list[Contrast]) -> Contrast:
    """Return several contrasts, each (..., comparisons), as one."""
    return Contrast(*(np.concatenate(fields, axis=-1) for fields in zip(*contrasts, strict=True)))
