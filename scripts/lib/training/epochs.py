"""The order of the problems in each epoch of a training whose sampler is TRL's own."""

from collections.abc import Callable, Iterator
from typing import Any

from torch.utils.data import Sampler


class EpochSampler(Sampler[int]):
    """TRL's RepeatSampler with an order that the seed and the epoch decide, and nothing before.

    TRL 1.16 draws the orders one after the other: a training resumed in its second epoch would
    have that of the first. In the first epoch the order is TRL's own.
    """

    def __init__(self, repeated: Any, epoch: Callable[[], int]) -> None:
        """Wrap a RepeatSampler; `epoch` returns the number of the one that begins, from 0."""
        self.repeated, self.epoch = repeated, epoch

    def __iter__(self) -> Iterator[int]:
        """Return the places of an epoch's problems."""
        if self.repeated.shuffle:
            self.repeated.generator.manual_seed(self.repeated.seed + self.epoch())
        return iter(self.repeated)

    def __len__(self) -> int:
        """Return how many places an epoch has."""
        return len(self.repeated)
