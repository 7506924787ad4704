"""How far the paper's printed accuracies are from the study's, in standard errors.

The printed number is taken for one more run: one training, one sample per problem, on the same
problems. With y the mean verdicts of the problems (LightEval's, as the paper's were), k samples,
n problems and S seeds:

    w     = mean of y (1 - y) k / (k - 1)       variance of one sample, within problems
    s2    = variance of the seeds' accuracies, pooled over the trained cells of a benchmark as in
            the tests (scores/methods.py); 0 for an untrained model, which has no training
    seed  = max(s2 - w / (n k), 0)              its part that is not sampling
    error = sqrt(max(s2, w / (n k)) / S + seed + w / n)
    z     = (ours - printed) / error
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from scripts.lib.scores.methods import FEWEST, moderated_spreads

COMPATIBLE, UNCLEAR, DIFFERS = "compatible", "unclear", "differs"
COMPATIBLE_BELOW, DIFFERS_ABOVE = 2.0, 3.0  # standard errors


class Runs(NamedTuple):
    """A cell on one benchmark: its verdicts (seeds, problems), each the mean of `samples`."""

    means: np.ndarray
    samples: int
    trained: bool


def variance_within(runs: Runs) -> float | None:
    """Return w, the mean variance of one sample within a problem; None with one sample."""
    if runs.samples < 2:
        return None
    y = runs.means
    return float(np.mean(y * (1 - y)) * runs.samples / (runs.samples - 1))


def seed_variances(cells: Mapping[str, Runs]) -> dict[str, float]:
    """Return s2 of the cells of one benchmark; a trained cell without one cannot be compared.

    Trained cells need two seeds, and six of them are needed to pool their spreads.
    """
    found = {name: 0.0 for name, runs in cells.items() if not runs.trained}
    several = {name: r for name, r in cells.items() if r.trained and len(r.means) > 1}
    if len(several) < FEWEST:
        return found
    problems = np.array([r.means.shape[1] for r in several.values()])
    seeds = np.array([len(r.means) for r in several.values()], dtype=float)
    of_seeds = [r.means.mean(axis=1) for r in several.values()]
    floor = 0.5 / (problems * seeds)
    level = np.clip([accuracies.mean() for accuracies in of_seeds], floor, 1 - floor)
    binomial = level * (1 - level)
    variances = np.array([accuracies.var(ddof=1) for accuracies in of_seeds])
    spreads, _ = moderated_spreads(problems * variances / binomial, seeds - 1)
    pooled = spreads * binomial / problems
    return found | dict(zip(several, pooled.tolist(), strict=True))


def standard_error(runs: Runs, seed_variance: float | None) -> float | None:
    """Return the standard error of the difference from one more run; None where none is known.

    None is known of one sample per problem, of one training, and where no sample of a problem
    differs from another.
    """
    within = variance_within(runs)
    if not within or seed_variance is None:
        return None
    seeds, problems = runs.means.shape
    sampling = within / (problems * runs.samples)
    seed = max(seed_variance - sampling, 0.0)
    return math.sqrt(max(seed_variance, sampling) / seeds + seed + within / problems)


def verdict(z: float) -> str:
    """Return what a distance in standard errors says.

    >>> verdict(-1.2), verdict(2.5), verdict(-3.4)
    ('compatible', 'unclear', 'differs')
    """
    if abs(z) < COMPATIBLE_BELOW:
        return COMPATIBLE
    return DIFFERS if abs(z) > DIFFERS_ABOVE else UNCLEAR
