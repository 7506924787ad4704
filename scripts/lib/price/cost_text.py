"""Costs in words: numbers with three digits that count, and what a study took in all."""

import math
from collections.abc import Sequence

from scripts.lib.price.cost_of_cells import TRAININGS, Spent


def digits(value: float) -> str:
    """Return a number with three digits that count, without an exponent.

    >>> digits(1234.5), digits(12.345), digits(0.0012345), digits(0)
    ('1234', '12.3', '0.00123', '0')
    """
    if not value:
        return "0"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def signed(value: float) -> str:
    """Return points with their sign and one decimal.

    >>> signed(7.66), signed(-0.04)
    ('+7.7', '0.0')
    """
    text = f"{value:+.1f}"
    return "0.0" if float(text) == 0 else text


def total_sentence(costs: Spent, cells: Sequence[str]) -> str:
    """Return what the whole study took, and what its trained `cells` saved by sharing stages."""
    unit = f"{costs.device}-hours"
    energy = costs.joules() / 3.6e6
    parts = [
        f"trainings {measured(costs.hours_of(*TRAININGS), unit)}",
        f"evaluations {measured(costs.hours_of('evaluate'), unit)}",
    ]
    if (costs.rows["rule"] == "sample_traces").any():
        parts.append(f"teacher's traces {measured(costs.hours_of('sample_traces'), unit)}")
    parts.append(f"energy {measured(energy, 'kWh')}")
    saved = measured(costs.saved_hours(cells), unit)
    return f"Over all cells and seeds: {', '.join(parts)}. Sharing stages saved {saved}."


def measured(value: float, unit: str) -> str:
    """Return a number with its unit, or that it was not measured."""
    return "not measured" if math.isnan(value) else f"{digits(value)} {unit}"
