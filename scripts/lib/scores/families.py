"""Corrections for the tests of one family: what a mark stands for."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order given (Holm 1979, Scand. J. Stat. 6:65)."""
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return Benjamini and Hochberg's adjusted p-values, in the order given (1995, JRSS B 57:289).

    Of what has one of at most .05, at most 5% is expected to be no difference.
    """
    adjusted = [1.0] * len(p_values)
    smallest = 1.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    for above, index in enumerate(order):
        smallest = min(smallest, len(p_values) / (len(p_values) - above) * p_values[index])
        adjusted[index] = smallest
    return adjusted
