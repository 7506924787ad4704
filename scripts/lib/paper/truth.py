"""Three-valued logic (Kleene's strong one), with a fourth value for what has no numbers."""

import math
from collections.abc import Sequence
from enum import Enum


class Truth(Enum):
    """What a test says: `MISSING` where there is nothing to test."""

    TRUE = "true"
    FALSE = "false"
    UNDECIDED = "undecided"
    MISSING = "missing"


def negation(truth: Truth) -> Truth:
    """Return the opposite; what is undecided or missing stays so."""
    return {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE}.get(truth, truth)


def at_least(number: int, truths: Sequence[Truth]) -> Truth:
    """Say whether at least `number` are true; one that is missing could be either.

    >>> at_least(1, [Truth.FALSE, Truth.MISSING]), at_least(2, [Truth.TRUE, Truth.FALSE])
    (<Truth.UNDECIDED: 'undecided'>, <Truth.FALSE: 'false'>)
    """
    if all(truth is Truth.MISSING for truth in truths):
        return Truth.MISSING
    if truths.count(Truth.TRUE) >= number:
        return Truth.TRUE
    possible = len(truths) - truths.count(Truth.FALSE)
    return Truth.UNDECIDED if possible >= number else Truth.FALSE


def share(part: str, truths: Sequence[Truth]) -> Truth:
    """Say whether `all`, `any`, `most` (more than half) or `half` (at least) of them are true.

    What is missing is left out.
    """
    known = [truth for truth in truths if truth is not Truth.MISSING]
    needed = {
        "all": len(known),
        "any": 1,
        "most": len(known) // 2 + 1,
        "half": math.ceil(len(known) / 2),
    }
    return at_least(needed[part], known)
