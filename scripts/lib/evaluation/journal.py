"""The completions of an unfinished evaluation, kept one by one as they come.

A line per completion, appended: after a kill the next start samples what is not there. Its place in
the store is that of the evaluation that it will become, so that it holds for the same weights,
settings, data and engine alone.
"""

import json
from pathlib import Path
from typing import IO

Place = tuple[str, int]  # problem, sample


class Journal:
    """The file of one task's completions, as token ids."""

    def __init__(self, path: Path) -> None:
        """Open it, and read what is whole in it: a kill may have cut the last line."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.known: dict[Place, list[int]] = {}
        whole = 0
        if path.exists():
            for line in path.read_bytes().splitlines(keepends=True):
                if not line.endswith(b"\n"):
                    break
                problem, sample, tokens = json.loads(line)
                self.known[problem, sample] = tokens
                whole += len(line)
        self.file: IO[bytes] = path.open("ab")
        self.file.truncate(whole)

    def add(self, place: Place, tokens: list[int]) -> None:
        """Keep a completion."""
        self.known[place] = tokens
        self.file.write(json.dumps([*place, tokens]).encode() + b"\n")
        self.file.flush()
