"""Finished completions on the disk: one JSON line each, added as they come, never changed.

They stand outside the rule's outputs, which Snakemake deletes, and are shared by all studies that
ask the same: a killed job, a longer data set or another study pays for no completion twice.
"""

import json
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from scripts.lib.endpoint.completions import Completion
from scripts.lib.files import read_jsonl
from scripts.lib.growing import GrowingFile


class Kept:
    """The completions of one file by their requests' keys; one process writes it at a time."""

    def __init__(self, path: Path) -> None:
        """Name the file; entering the context reads it, and cuts off a line that a kill tore."""
        self.path = path
        self.completions: dict[str, Completion] = {}

    def __enter__(self) -> Self:
        """Take the file; exit with an error if another job has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.path.with_name(f".{self.path.name}.lock"))
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise SystemExit(
                f"{self.path}: another job asks the same endpoint for the same completions; let "
                "it end, then start again: what it was given is used"
            ) from None
        self._file = GrowingFile(self.path)
        for row in read_jsonl(self.path) if self.path.exists() else []:
            self.completions.setdefault(row.pop("request"), row)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let others have the file."""
        self._lock.release()

    def add(self, key: str, completion: Completion) -> None:
        """Add a completion; when this returns it is on the disk."""
        line = json.dumps({"request": key, **completion}, ensure_ascii=False)
        # A half of a surrogate pair, which JSON can carry, is no text that can be written.
        self._file.add(line.encode("utf-8", "replace"), sync=True)
        self.completions[key] = completion
