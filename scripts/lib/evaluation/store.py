"""Tasks already evaluated, kept outside the rule's outputs, which Snakemake deletes.

A task is a benchmark under a prompt. An entry is a folder named by what decides its content: the
weights, the task's key (its settings, data and code) and the benchmark file. So retrained weights
are never given old answers.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from scripts.lib.files import folder_made_whole, read_json, sha256_of, write_bytes, write_json

FILES = (
    "{}.parquet",
    "{}.json",
    "{}.lighteval.json",
    "{}.run.json",
)  # the last one vouches for the others


class Entry(NamedTuple):
    """The place of one task's evaluation in the store."""

    folder: Path
    benchmark: str

    def record(self) -> dict[str, Any] | None:
        """Return the stored record, None if this evaluation was never finished."""
        path = self.folder / f"{self.benchmark}.json"
        return read_json(path) if path.exists() else None

    @property
    def journal(self) -> Path:
        """Return the file that keeps its completions while it is not finished."""
        return self.folder.with_name(f".{self.folder.name}.completions.jsonl")

    def keep(
        self,
        record: dict[str, Any],
        details: bytes,
        lighteval: dict[str, Any],
        run: dict[str, Any],
    ) -> None:
        """Store a finished evaluation: its folder appears whole, by one rename."""
        with folder_made_whole(self.folder) as aside:
            write_evaluation(aside, self.benchmark, record, details, lighteval, run)
        self.journal.unlink(missing_ok=True)

    def publish(self, output: Path) -> None:
        """Copy the stored files to the rule's outputs, each by one rename."""
        for name in (pattern.format(self.benchmark) for pattern in FILES):
            write_bytes(output / name, (self.folder / name).read_bytes())


def entry(task: Path, weights: str, key: str, data: str) -> Entry:
    """Return the entry of a task, a folder of the store, for these weights, this key and data."""
    identity = json.dumps({"weights": weights, "key": key, "data": data}, sort_keys=True)
    name = hashlib.sha256(identity.encode()).hexdigest()[:32]
    return Entry(task / name, task.name)


def write_evaluation(
    folder: Path,
    benchmark: str,
    record: dict[str, Any],
    details: bytes,
    lighteval: dict[str, Any],
    run: dict[str, Any],
) -> None:
    """Write the files of one benchmark's evaluation; the last one vouches for the others.

    `details` is a parquet file of all completions, `lighteval` what LightEval wrote itself.
    """
    write_bytes(folder / f"{benchmark}.parquet", details)
    write_json(folder / f"{benchmark}.json", record)
    write_json(folder / f"{benchmark}.lighteval.json", lighteval)
    endings = ("parquet", "json", "lighteval.json")
    written = [folder / f"{benchmark}.{ending}" for ending in endings]
    files = {path.name: sha256_of(path) for path in written}
    write_json(folder / f"{benchmark}.run.json", run | {"files": files})
