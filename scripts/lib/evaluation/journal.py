"""The completions of unfinished work, kept as they come: after a kill the next start has them.

A line per completion of an engine that draws for each request alone, or per batch of one that draws
from one stream, with the state of that stream. The file's place is that of the work that it is a
part of, so that it holds for the same weights, settings, data and engine alone.
"""

import json
from pathlib import Path
from typing import IO, Any

from scripts.lib.engines.requests import BatchEngine, Engine, Request, Sampling

Place = tuple[str, int]  # problem, sample


class Journal:
    """The file of one task's completions, as token ids."""

    def __init__(self, path: Path) -> None:
        """Open it, and read what is whole in it."""
        lines, self.file = open_lines(path)
        self.path = path
        self.known: dict[Place, list[int]] = {(line[0], line[1]): line[2] for line in lines}

    def add(self, place: Place, tokens: list[int]) -> None:
        """Keep a completion."""
        self.known[place] = tokens
        append(self.file, [*place, tokens])


class BatchJournal:
    """The file of a list of requests' completions, batch by batch, as token ids."""

    def __init__(self, path: Path, device: str) -> None:
        """Open it, and read what is whole in it; another device's random numbers cannot go on."""
        lines, self.file = open_lines(path)
        if any(line[0] != device for line in lines):
            lines = []
            self.file.truncate(0)
        self.device = device
        self.completions: list[list[int]] = [tokens for _, _, batch in lines for tokens in batch]
        self.state: str | None = lines[-1][1] if lines else None

    def add(self, batch: list[list[int]], state: str) -> None:
        """Keep a batch, and the state of the random numbers behind it."""
        self.completions += batch
        append(self.file, [self.device, state, batch])


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


def open_lines(path: Path) -> tuple[list[Any], IO[bytes]]:
    """Return what a file's whole lines hold, and the file, open behind them.

    A kill may have cut the last line.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    if lines and not lines[-1].endswith(b"\n"):
        lines.pop()
    file = path.open("ab")
    file.truncate(sum(map(len, lines)))
    return [json.loads(line) for line in lines], file


def append(file: IO[bytes], line: list[Any]) -> None:
    """Write a line, and hand it to the system: a killed process loses none."""
    file.write(json.dumps(line).encode() + b"\n")
    file.flush()
