"""Read and compare times of day: 3:30, 15:30, 3:30 p.m."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scripts.lib.grading.scalars import Scalar, Unparsable, scalar

_CLOCK = re.compile(
    r"(1?\d|2[0-4])\s*:\s*([0-5]\d)(?:\s*:\s*([0-5]\d))?\s*(?:([ap])\.?\s*m)?\.?", re.IGNORECASE
)


@dataclass(frozen=True)
class Clock:
    """A time: hours, minutes, seconds; `half` is that of the day, "a" or "p", where it is named.

    `ratio` is what the same text may be instead: 9:16.
    """

    numbers: tuple[int, ...]
    half: str
    ratio: Scalar | None


def clock(text: str) -> Clock | None:
    """Read a time, else None."""
    found = _CLOCK.fullmatch(text)
    if not found:
        return None
    numbers = tuple(int(part) for part in found.groups()[:3] if part)
    half = (found[4] or "").lower()
    try:
        ratio = scalar(text) if len(numbers) == 2 and not half else None
    except Unparsable:  # 12:00
        ratio = None
    return Clock(numbers, half, ratio)


def same_time(gold: Clock, given: Clock) -> bool:
    """Compare all numbers, never their ratio; where only one names the half, either reading."""
    if not (gold.half and given.half) and gold.numbers == given.numbers:
        return True
    return _of_day(gold) == _of_day(given)


def _of_day(time: Clock) -> tuple[int, ...]:
    hour, *rest = time.numbers
    return (hour % 12 + 12 * (time.half == "p") if time.half else hour, *rest)


def as_ratio(answer: object) -> Scalar | None:
    """Return what a ratio or fraction is to a text that may be a time: 9:16 is 18:32 and 9/16."""
    value = answer.ratio if isinstance(answer, Clock) else answer
    written = isinstance(value, Scalar) and re.search(r":|/|\\frac", value.text)
    return value if isinstance(value, Scalar) and written else None
