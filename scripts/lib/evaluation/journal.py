"""The completions of an unfinished evaluation, kept one by one as they come.

A line per completion, appended: after a kill the next start samples what is not there. Its place in
the store is that of the evaluation that it will become, so that it holds for the same weights,
settings, data and engine alone.
"""

import json
from pathlib import Path

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
