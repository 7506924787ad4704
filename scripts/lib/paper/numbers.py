"""What a test asks of numbers, whether printed or measured."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

Weights = Mapping[tuple[str, str], float]  # {(cell, benchmark): weight of its accuracy in a sum}


class Difference(NamedTuple):
    """A sum of accuracies with weights, as a share."""

    value: float
    clear: bool  # it differs from 0 by more than its error
    smallest_visible: float | None  # found with a power of 80%; None where it was not computed


class Numbers(Protocol):
    """Accuracies that tests are evaluated on, under one prompt."""

    @property
    def exact(self) -> bool:
        """Say whether a sign alone decides; otherwise it must be clear."""

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """Return the benchmarks that `every benchmark` means."""

    def difference(self, weights: Weights, margin: float) -> Difference | None:
        """Return a weighted sum of accuracies less a margin; None where a cell has no number."""

    def collapsed(self, cell: str) -> bool | None:
        """Say whether a cell's training collapsed; None where it is not known."""
