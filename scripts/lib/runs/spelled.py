"""Accuracies and differences of runs, as text."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.lib.paper.printed import COLLAPSED


def spell(record: Mapping[str, Any] | None) -> str:
    """Return a table cell's accuracy in percent with its interval, a double dagger if collapsed."""
    if not record:
        return "-"
    if record["accuracy"] is None:
        return str(record["status"])
    low, high = record["interval"]
    mark = f" {COLLAPSED}" if record.get("status") == "collapsed" else ""
    return f"{percent(record['accuracy'])} [{percent(low)}, {percent(high)}]{mark}"


def spell_difference(difference: float | None, interval: Sequence[float] | None) -> str:
    """Return a difference in points with its interval, nothing where there is none.

    >>> spell_difference(-0.031, [-0.05, 0.01])
    '-3.1 [-5.0, +1.0]'
    """
    if difference is None or interval is None:
        return ""
    low, high = (100 * end for end in interval)
    return f"{100 * difference:+.1f} [{low:+.1f}, {high:+.1f}]"


def percent(share: float | None) -> str:
    """Return a share in percent.

    >>> percent(0.5433), percent(None)
    ('54.3', '-')
    """
    return "-" if share is None else f"{100 * share:.1f}"
