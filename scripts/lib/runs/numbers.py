"""The numbers of two runs side by side: the same within their intervals, or not.

The 95% interval of a difference is made from the two intervals, by MOVER (Newcombe 1998, Statistics
in Medicine 17:873, method 10; Zou and Donner 2008, ibid. 27:1693). With accuracies p, q and their
intervals [l, u], [m, v]:

    low  = (p - q) - sqrt((p - l)^2 + (v - q)^2)
    high = (p - q) + sqrt((u - p)^2 + (q - m)^2)

The two runs are taken for independent. On the same problems they are not: the interval is too wide
then, and a difference that it leaves in doubt may be one. Where both runs have several seeds, the
intervals are those for these very problems, which hold no spread of problems.
"""

import math
from statistics import fmean
from typing import NamedTuple

from scripts.lib.records import Record
from scripts.lib.runs.side import Cell, Place, Side

IDENTICAL = "identical"
SAME, DIFFERS = "same", "differs"
OTHER_PROBLEMS = "other problems"
ONE_SIDE = "not here"
NO_NUMBER = "no number"


class Compared(NamedTuple):
    """A table cell of both runs; a difference is there less here, as a share."""

    cell: Cell
    there: Record
    here: Record | None
    difference: float | None
    interval: tuple[float, float] | None
    verdict: str


def compare_numbers(there: Side, here: Side | None) -> list[Compared]:
    """Return every table cell of a run beside the same one of ours."""
    return [_compared(cell, record, there, here) for cell, record in there.cells.items()]


def _compared(cell: Cell, record: Record, there: Side, here: Side | None) -> Compared:
    other = here.cells.get(cell) if here else None
    nothing = (None, None)
    if here is None or other is None:
        return Compared(cell, record, other, *nothing, ONE_SIDE)
    if problems_of(there, cell) != problems_of(here, cell):
        return Compared(cell, record, other, *nothing, OTHER_PROBLEMS)
    if record["accuracy"] is None or other["accuracy"] is None:
        alike = record["status"] == other["status"]
        return Compared(cell, record, other, *nothing, SAME if alike else NO_NUMBER)
    difference = record["accuracy"] - other["accuracy"]
    ends = mover(*(accuracy_and_interval(of, record, other) for of in (record, other)))
    if completions_of(there, cell) == completions_of(here, cell):
        return Compared(cell, record, other, difference, ends, IDENTICAL)
    verdict = SAME if ends[0] <= 0 <= ends[1] else DIFFERS
    return Compared(cell, record, other, difference, ends, verdict)


def accuracy_and_interval(record: Record, *both: Record) -> tuple[float, float, float]:
    """Return a record's accuracy and the interval that fits the comparison of both."""
    fixed = all(of["same_problems_interval"] for of in both)
    low, high = record["same_problems_interval"] if fixed else record["interval"]
    return record["accuracy"], low, high


def mover(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> tuple[float, float]:
    """Return the interval of the difference of two shares, each given with its own interval.

    >>> tuple(round(end, 3) for end in mover((0.8, 0.7, 0.9), (0.5, 0.4, 0.6)))
    (0.159, 0.441)
    """
    p, low, high = first
    q, other_low, other_high = second
    down, up = math.hypot(p - low, other_high - q), math.hypot(high - p, q - other_low)
    return p - q - down, p - q + up


def unlike_evaluations(side: Side) -> list[str]:
    """Return the table cells whose numbers are not those of their evaluations, in words."""
    wrong = []
    for cell, record in side.cells.items():
        of_seeds = {place[1]: side.evaluations[place] for place in _places(side, cell)}
        means = [of["accuracy"] for of in of_seeds.values() if of["accuracy"] is not None]
        mean = fmean(means) if means else None
        alike = (
            record["accuracy"] == mean
            if mean is None or record["accuracy"] is None
            else math.isclose(record["accuracy"], mean)
        )
        if not alike or set(record["seeds"]) != set(of_seeds):
            wrong.append(f"cells/{'/'.join(cell)}.json")
    return wrong


def _places(side: Side, cell: Cell) -> list[Place]:
    return sorted(place for place in side.evaluations if (place[0], place[2]) == cell)


def problems_of(side: Side, cell: Cell) -> set[str]:
    """Return the digests of the problems that a table cell's evaluations were made on."""
    return {
        digest
        for place in _places(side, cell)
        for path, digest in side.runs[place]["inputs"].items()
        if path.endswith("problems.jsonl")
    }


def completions_of(side: Side, cell: Cell) -> list[str]:
    """Return the digests of a table cell's completions, by seed."""
    return [side.runs[place]["files"][side.details(place).name] for place in _places(side, cell)]
