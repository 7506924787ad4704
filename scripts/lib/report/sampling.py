"""Which completions' texts a report holds: as many as fit into its limit, the same in all cells.

Texts are kept in rounds. The first has, for each problem, the first sample of the first seed of
every cell under the tables' prompt; then follow the other prompts, the other seeds, and the next
samples. Within a round problems come in an order that a digest of their names gives. So what is
kept of one cell is kept of all, and is a fair sample of each.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Places:
    """The order in which completions are kept, as one whole number per completion."""

    prompts: Sequence[str]  # the tables' one first
    seeds: Sequence[int]
    order: Mapping[str, np.ndarray]  # {benchmark: place of each of its problems among all}

    @classmethod
    def of(
        cls, prompts: Sequence[str], seeds: Sequence[int], problems: Mapping[str, Sequence[str]]
    ) -> "Places":
        """Return the order for {benchmark: the names of its problems}."""
        named = [(name, problem) for name, ids in problems.items() for problem in ids]
        ranked = sorted(named, key=lambda place: hashlib.sha256("\0".join(place).encode()).digest())
        rank = {place: number for number, place in enumerate(ranked)}
        order = {
            name: np.array([rank[name, problem] for problem in ids], dtype=np.int64)
            for name, ids in problems.items()
        }
        return cls(prompts, seeds, order)

    def of_completions(self, prompt: str, benchmark: str, seed: int, samples: int) -> np.ndarray:
        """Return the places of a seed's completions, in their order: by problem, then sample."""
        rounds = np.arange(samples) * len(self.seeds) + self.seeds.index(seed)
        rounds = rounds * len(self.prompts) + self.prompts.index(prompt)
        every = sum(map(len, self.order.values()))
        return (rounds[None, :] * every + self.order[benchmark][:, None]).ravel()


def limit_of(sizes: np.ndarray, room: float) -> int:
    """Return the first place whose completions no longer fit.

    `sizes[place]` are the bytes of the completions of each place, `room` is how many there are.

    >>> limit_of(np.array([10, 10, 10]), 25)
    2
    """
    return int(np.searchsorted(np.cumsum(sizes), room, side="right"))


def summed(parts: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return the bytes of each place from (places, bytes of the completions there)."""
    sizes = np.zeros(0)
    for places, cost in parts:
        here = np.bincount(places, weights=cost)
        longer = max(len(here), len(sizes))
        sizes = np.pad(sizes, (0, longer - len(sizes))) + np.pad(here, (0, longer - len(here)))
    return sizes


def sentence(kept: int, every: int, problems: float, megabytes: int) -> str:
    """Return what a reader is told: how many texts are here, and how they were chosen.

    `problems` is the share of problems whose first sample under the tables' prompt has its text.
    """
    if kept == every:
        return f"The texts of all {every:,} completions are in this report, and every verdict."
    first = "every problem" if problems == 1 else f"{100 * problems:.0f}% of the problems"
    return (
        f"Every verdict of all {every:,} completions is in this report, and the texts of {kept:,} "
        f"of them, for it is limited to {megabytes:,} MB. They are chosen without regard to what "
        f"they say: of {first}, the first sample of the first seed under the tables' prompt, in "
        "every cell; then the other prompts, the other seeds and the next samples, as far as there "
        "is room. The others are in the study's parquet files."
    )
