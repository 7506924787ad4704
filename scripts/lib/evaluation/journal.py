"""The completions of unfinished work, kept as they come: after a kill the next start has them.

A line per completion of an engine that draws for each request alone, or per batch of one that draws
from one stream, with the state of that stream. The file's place is that of the work that it is a
part of, so that it holds for the same weights, settings, data and engine alone.
"""

import json
from pathlib import Path

from scripts.lib.engines.requests import BatchEngine, Engine, Request, Sampling
from scripts.lib.growing import GrowingFile

Place = tuple[str, int]  # problem, sample


class Journal:
    """The file of one task's completions, as token ids."""

    def __init__(self, path: Path) -> None:
        """Read what is whole in it."""
        self.file = GrowingFile(path)
        self.known: dict[Place, list[int]] = {}
        for line in self.file.lines:
            problem, sample, tokens = json.loads(line)
            self.known[problem, sample] = tokens

    def add(self, place: Place, tokens: list[int]) -> None:
        """Keep a completion."""
        self.known[place] = tokens
        self.file.add(json.dumps([*place, tokens]).encode())


class BatchJournal:
    """The file of a list of requests' completions, batch by batch, as token ids."""

    def __init__(self, path: Path, device: str) -> None:
        """Read what is whole in it; another device's random numbers cannot go on."""
        self.file = GrowingFile(path)
        self.device = device
        self.completions: list[list[int]] = []
        self.state: str | None = None
        lines = [json.loads(line) for line in self.file.lines]
        if any(line[0] != device for line in lines):
            path.unlink()
            return
        for _, state, batch in lines:
            self.completions += batch
            self.state = state

    def add(self, batch: list[list[int]], state: str) -> None:
        """Keep a batch, and the state of the random numbers behind it."""
        self.completions += batch
        self.file.add(json.dumps([self.device, state, batch]).encode())


def generated(
    engine: Engine, requests: list[Request], sampling: Sampling, path: Path | None
) -> list[list[int]]:
    """Return the requests' token ids; whole batches that are in the file are not generated again.

    Without a file, or with an engine that has no batches, all are.
    """
    if path is None or not isinstance(engine, BatchEngine):
        return engine.generate(requests, sampling)
    kept = BatchJournal(path, engine.device)
    for batch, state in engine.batches(requests, sampling, len(kept.completions), kept.state):
        kept.add(batch, state)
    return kept.completions
