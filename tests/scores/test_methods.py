"""The test of methods: its terms by hand, its prior against what it was drawn from, its level."""

import math

import numpy as np
import pytest
from scipy.special import digamma, expit, polygamma
from scipy.stats import chi2, f
from scipy.stats import t as student

from scripts.lib.scores.families import benjamini_hochberg, holm
from scripts.lib.scores.methods import (
    Contrast,
    can_contrast,
    compare_methods,
    contrast,
    joined,
    seeds_prior,
    smallest_visible,
    trigamma_inverse,
)


def drawn(rng, cells, seeds, problems, effect):
    """Return means (cells, seeds, problems) of two samples; `effect` is the seeds', in logits."""
    level = 2 * rng.normal(size=problems) + effect * rng.normal(size=(cells, seeds, 1))
    return rng.binomial(2, expit(level)) / 2


def variance_by_hand(c, prior_freedom, prior):
    """Return V of one comparison from its fields and the prior, as the documents define it."""
    unit = c.level * (1 - c.level)
    own = c.seeds_freedom * c.seeds / unit
    moderated = unit * (prior_freedom * prior + own) / (prior_freedom + c.seeds_freedom)
    return (c.weight * moderated + np.maximum(c.between - c.within, 0)) / c.problems


def test_the_terms_of_paired_seeds_by_hand():
    rng = np.random.default_rng(1)
    cell, other = rng.uniform(size=(3, 50)), rng.uniform(size=(3, 50))
    c, d = contrast(cell, other, "seed"), cell - other
    residual = d - d.mean(axis=0) - d.mean(axis=1, keepdims=True) + d.mean()
    assert c.difference == pytest.approx(d.mean())
    assert c.seeds == pytest.approx(50 * d.mean(axis=1).var(ddof=1))
    assert c.between * 3 == pytest.approx(3 * d.mean(axis=0).var(ddof=1))  # B
    assert c.within * 3 == pytest.approx(np.sum(residual**2) / (2 * 49))  # E
    assert (c.seeds_freedom, c.weight, c.problems) == (2, pytest.approx(1 / 3), 50)
    assert c.within_freedom == pytest.approx(2 * 49)
    assert c.level == pytest.approx((cell.mean() + other.mean()) / 2)


def test_an_untrained_model_has_no_seeds_of_its_own():
    rng = np.random.default_rng(2)
    cell, root = rng.uniform(size=(3, 50)), rng.uniform(size=(3, 50)) + np.array([[9], [0], [-9]])
    c = contrast(cell, root, "pooled")
    assert c.seeds == pytest.approx(50 * cell.mean(axis=1).var(ddof=1))
    assert c.difference == pytest.approx(cell.mean() - root.mean())
    assert contrast(cell, root[::-1], "pooled").seeds == pytest.approx(c.seeds)


def test_sides_apart_have_the_spread_of_both_whatever_the_order_of_seeds():
    rng = np.random.default_rng(3)
    cell, other = rng.uniform(size=(3, 50)), rng.uniform(size=(2, 50))
    c = contrast(cell, other, "apart")
    spreads = [50 * side.mean(axis=1).var(ddof=1) for side in (cell, other)]
    assert c.seeds == pytest.approx((2 * spreads[0] + spreads[1]) / 3)
    assert (c.seeds_freedom, c.weight) == (3, pytest.approx(1 / 3 + 1 / 2))
    shuffled = contrast(cell[[2, 0, 1]], other[::-1], "apart")
    assert [*map(float, shuffled)] == pytest.approx([*map(float, c)])


def test_levels_are_kept_off_0_and_1():
    nothing, everything = np.zeros((3, 40)), np.ones((3, 40))
    assert contrast(nothing, nothing, "seed").level == pytest.approx(0.5 / 120)
    assert contrast(everything, everything, "seed").level == pytest.approx(1 - 0.5 / 120)


@pytest.mark.parametrize("value", [1e-8, 1e-3, 0.2, 1.0, 1.6449340668, 50.0, 1e8])
def test_the_inverse_of_trigamma(value):
    assert float(polygamma(1, trigamma_inverse(value))) == pytest.approx(value, rel=1e-6)


def test_the_prior_by_its_moments():
    rng = np.random.default_rng(4)
    freedom = np.array([2.0] * 10 + [1.0] * 8)
    spreads = 3.0 * f.rvs(freedom, 2, size=18, random_state=rng)
    d0, s0 = seeds_prior(spreads, freedom)
    assert math.isfinite(d0)
    centred = np.log(spreads) - digamma(freedom / 2) + np.log(freedom / 2)
    left = centred.var(ddof=1) - np.mean(polygamma(1, freedom / 2))
    assert polygamma(1, d0 / 2) == pytest.approx(left, rel=1e-6)
    assert np.log(s0) == pytest.approx(centred.mean() + digamma(d0 / 2) - np.log(d0 / 2))


def test_the_prior_finds_what_it_was_drawn_from():
    spreads = 3.0 * f.rvs(2, 6, size=20_000, random_state=np.random.default_rng(5))
    d0, s0 = seeds_prior(spreads, np.full(20_000, 2.0))
    assert (d0, s0) == (pytest.approx(6, rel=0.1), pytest.approx(3, rel=0.05))
    equal = 3.0 * chi2.rvs(2, size=20_000, random_state=np.random.default_rng(6)) / 2
    d0, s0 = seeds_prior(equal, np.full(20_000, 2.0))
    assert d0 > 100 and s0 == pytest.approx(3, rel=0.05)


def test_spreads_that_differ_less_than_by_chance_have_an_infinite_prior():
    d0, s0 = seeds_prior(np.full(18, 2.0), np.full(18, 2.0))
    assert d0 == math.inf
    assert s0 == pytest.approx(2.0 / math.exp(digamma(1)))
    one_of_0 = np.array([0.0, *np.full(17, 2.0)])  # counts as 1.0
    assert seeds_prior(one_of_0, np.full(18, 2.0)) == seeds_prior(
        np.maximum(one_of_0, 1.0), np.full(18, 2.0)
    )
    assert seeds_prior(np.zeros(6), np.full(6, 2.0)) == (math.inf, 0.0)


def test_variance_and_p_value_by_hand():
    rng = np.random.default_rng(8)
    effects = np.array([0.0, 0.0, 0.1, 0.1, 0.5, 0.5, 2.0, 2.0])[:, None, None]
    c = contrast(drawn(rng, 8, 3, 60, effects), drawn(rng, 8, 3, 60, 0.0), "seed")
    unit = c.level * (1 - c.level)
    d0, s0 = seeds_prior(c.seeds / unit, c.seeds_freedom)
    assert math.isfinite(d0)
    found = compare_methods(c)
    assert found.variance == pytest.approx(variance_by_hand(c, d0, s0))
    first = Contrast(*(field[0] for field in c))
    own = first.seeds_freedom * first.seeds
    moderated = (unit[0] * d0 * s0 + own) / (d0 + 2) / 3
    parts = np.array([moderated, first.between, -first.within])
    if first.between < first.within:
        parts[1:] = 0
    freedoms = np.array([min(d0 + 2, 16), 59, first.within_freedom])
    freedom = parts.sum() ** 2 / np.sum(parts**2 / freedoms)
    assert found.freedom[0] == pytest.approx(freedom)
    z = abs(first.difference) / math.sqrt(found.variance[0])
    assert found.p_value[0] == pytest.approx(2 * student.sf(z, freedom))


def test_the_term_of_the_seeds_is_never_dropped():
    """One cell whose seeds agree exactly, among cells whose seeds do not."""
    rng = np.random.default_rng(9)
    cell = drawn(rng, 8, 3, 100, 0.6)
    cell[0] = cell[0, 0]
    c = contrast(cell, drawn(rng, 8, 3, 100, 0.0).mean(axis=1, keepdims=True), "pooled")
    assert c.seeds[0] == pytest.approx(0)
    found = compare_methods(c)
    problems_alone = (c.between - c.within)[0] / 100
    own = 0.1 * np.median(c.seeds * c.weight) / 100
    assert found.variance[0] > problems_alone + own


def test_degrees_of_freedom_are_at_most_those_of_all_seeds():
    same = np.ones(6)
    c = Contrast(
        difference=same * 0.1, level=same * 0.5, seeds=same, seeds_freedom=same * 2,
        weight=same / 3, between=same * 0, within=same, within_freedom=same * 100,
        problems=same * 50,
    )  # fmt: skip
    assert compare_methods(c).freedom == pytest.approx(12 * same)  # the prior's are infinite


def test_without_any_spread_nothing_is_found():
    cell, other = np.ones((6, 3, 10)), np.zeros((6, 3, 10))
    found = compare_methods(contrast(cell, other, "seed"))
    assert found.p_value.tolist() == [1.0] * 6


@pytest.mark.parametrize(
    ("sizes", "pairing", "expected"),
    [
        ((3, 3, 40), "seed", True),
        ((1, 3, 40), "pooled", False),
        ((2, 1, 40), "pooled", True),
        ((3, 1, 40), "apart", False),
        ((0, 0, 40), "seed", False),
        ((3, 3, 1), "seed", False),
    ],
)
def test_what_can_be_tested(sizes, pairing, expected):
    assert can_contrast(*sizes, pairing) is expected


def test_families_of_nulls_are_rarely_marked_and_true_differences_are_found():
    rng = np.random.default_rng(10)
    false, found, marks = 0, 0, []
    for _ in range(150):
        level = 2 * rng.normal(size=200)
        shift = np.array([0.9] * 6 + [0.0] * 12)[:, None, None]
        seeds = 0.25 * rng.normal(size=(18, 3, 1))
        root = rng.binomial(2, expit(np.broadcast_to(level, (1, 3, 200)))) / 2
        nulls = rng.binomial(2, expit(level + seeds)) / 2
        mixed = rng.binomial(2, expit(level + seeds + shift)) / 2
        p_values = compare_methods(contrast(nulls, root, "pooled")).p_value
        false += min(holm(p_values.tolist())) <= 0.05
        p_values = compare_methods(contrast(mixed, root, "pooled")).p_value
        marked = np.array(benjamini_hochberg(p_values.tolist())) <= 0.05
        found += marked[:6].sum()
        marks.append(marked[6:].sum() / max(1, marked.sum()))
    assert false / 150 < 0.11
    assert found / 900 > 0.8
    assert np.mean(marks) < 0.07


def test_the_smallest_visible_difference_has_its_power():
    rng = np.random.default_rng(11)
    difference = smallest_visible(4.0, 10)
    t = (difference + 2 * rng.normal(size=40_000)) / (2 * np.sqrt(rng.chisquare(10, 40_000) / 10))
    assert np.mean(np.abs(t) > student.ppf(0.975, 10)) == pytest.approx(0.8, abs=0.015)
    assert smallest_visible(4.0, math.inf) == pytest.approx(2 * (1.959964 + 0.841621), abs=1e-5)
    assert smallest_visible(4.0, 10, 0.05 / 90) > 1.5 * difference


def test_joined_contrasts_keep_their_order():
    rng = np.random.default_rng(12)
    one, two = (contrast(*rng.uniform(size=(2, cells, 3, 9)), "seed") for cells in (2, 3))
    assert joined([one, two]).difference.tolist() == [*one.difference, *two.difference]
