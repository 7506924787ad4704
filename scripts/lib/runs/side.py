"""The evaluations and table cells of a run, by what they are of, as its folder has them."""

from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from scripts.lib.evaluation.completions import SCHEMA
from scripts.lib.files import read_json
from scripts.lib.records import Record

Place = tuple[str, int, str]  # cell, seed, task
Cell = tuple[str, str]  # cell, task

LARGEST = 4_000_000_000  # bytes of an evaluation's completions in memory
BATCH = 256  # completions


class Side(NamedTuple):
    """A run: its folder results/STUDY, and what it left there."""

    root: Path
    config: dict[str, Any]
    evaluations: dict[Place, Record]
    runs: dict[Place, Record]  # the facts of each evaluation's run
    trainings: dict[str, Record]  # by path
    cells: dict[Cell, Record]

    def scores(self, place: Place) -> Path:
        """Return the record of an evaluation."""
        cell, seed, task = place
        return self.root / "eval" / cell / f"seed-{seed}" / f"{task}.json"

    def details(self, place: Place) -> Path:
        """Return the completions of an evaluation."""
        return self.scores(place).with_suffix(".parquet")


def read_side(root: Path) -> Side:
    """Read a run. Raises what reading raises where a file is not of the study's form."""
    evaluations: dict[Place, Record] = {}
    runs: dict[Place, Record] = {}
    for path in sorted(root.glob("eval/*/seed-*/**/*.run.json")):
        task = path.relative_to(root).parts[3:]
        scores = path.with_name(path.name.removesuffix(".run.json") + ".json")
        record = read_json(scores)
        place = (record["cell"], int(record["seed"]), record["task"])
        named = (path.parts[len(root.parts) + 1], "/".join(task).removesuffix(".run.json"))
        if named != (place[0], place[2]):
            raise ValueError(f"{scores.relative_to(root)} is of {place[0]} on {place[2]}")
        evaluations[place], runs[place] = record, read_json(path)
    trainings = sorted(root.glob("models/*/seed-*/training.json"))
    return Side(
        root,
        read_json(root / "config.json"),
        evaluations,
        runs,
        {str(path.relative_to(root)): read_json(path) for path in trainings},
        dict(_table_cell(path, root) for path in sorted(root.glob("cells/*/**/*.json"))
             if not path.name.endswith(".record.json")),
    )  # fmt: skip


def _table_cell(path: Path, root: Path) -> tuple[Cell, Record]:
    cell, *task = path.relative_to(root / "cells").parts
    return (cell, "/".join(task).removesuffix(".json")), read_json(path)


def check_completions(side: Side, place: Place) -> None:
    """Refuse completions of another form or number than the record says, or too large for memory.

    They are read in batches, so that a small file that unfolds to gigabytes is seen in time. Raises
    ValueError.
    """
    record, size, rows = side.evaluations[place], 0, 0
    wanted = record["problems"] * record["samples"] if record["status"] == "ok" else 0
    name = side.details(place).relative_to(side.root)
    with pq.ParquetFile(side.details(place)) as file:
        if not file.schema_arrow.equals(SCHEMA):
            raise ValueError(f"{name} has other columns than an evaluation's completions")
        if file.metadata.num_rows != wanted:
            raise ValueError(f"{name} has {file.metadata.num_rows:,} rows, not {wanted:,}")
        for batch in file.iter_batches(batch_size=BATCH, use_threads=False):
            size, rows = size + batch.nbytes, rows + batch.num_rows
            if size > LARGEST or rows > wanted:
                raise ValueError(f"{name} unfolds to more than its record says")
