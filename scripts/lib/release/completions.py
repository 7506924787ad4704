"""The completions as a data set: a parquet file per benchmark and cell, all seeds and prompts."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from scripts.lib.evaluation.completions import SCHEMA
from scripts.lib.evaluation.details import read_columns
from scripts.lib.release.croissant import Field

MEANINGS = {
    "cell": "the model and the stages that it was trained by, in order",
    "seed": "of the training; of an untrained model, of the evaluation",
    "prompt_name": "the prompt that was asked with",
    "problem": "the problem's id in its data set",
    "sample": "which of the k completions of the problem",
    "question": "the problem as its data set has it",
    "prompt": "the whole text that the model read, chat template and all",
    "completion": "what the model wrote, without special tokens at its end",
    "gold": "the answer that counts as right",
    "extracted": "the answer that the study's grader found, lenient; empty: none",
    "correct": "the grader's verdict, lenient",
    "strict_correct": "its verdict where only tags and boxes count",
    "status": "what the lenient grader did: ok, no_answer, unparsable, timeout",
    "strict_status": "the same of the strict one",
    "lighteval_correct": "LightEval's verdict by its extractive match; empty: it came to none",
    "tokens": "tokens of the completion",
    "finish_reason": "stop, or length: the limit of tokens was reached",
}
ADDED = pa.schema({"cell": pa.string(), "seed": pa.int64(), "prompt_name": pa.string()})
WHOLE = pa.schema([*ADDED, *SCHEMA])
TYPES = {"string": "Text", "int64": "Integer", "bool": "Boolean"}


class Part(NamedTuple):
    """The completions of one evaluation: by whom, under which prompt, and their file."""

    cell: str
    seed: int
    prompt: str
    path: Path


def fields() -> list[Field]:
    """Return the columns with their types and meanings."""
    return [Field(of.name, TYPES[str(of.type)], MEANINGS[of.name]) for of in WHOLE]


def write_completions(parts: Iterable[Part], path: Path) -> int:
    """Write evaluations one below the other into one parquet file; return how many rows it has.

    Raises SystemExit if a file is no table of completions.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = 0
    with pq.ParquetWriter(path, WHOLE, compression="zstd") as writer:
        for part in parts:
            try:
                table = read_columns(part.path, SCHEMA.names)
            except (OSError, ValueError) as error:
                raise SystemExit(
                    f"{part.path}: not the completions of an evaluation ({error})"
                ) from None
            count = table.num_rows
            rows += count
            named = [part.cell, part.seed, part.prompt]
            added = [
                pa.array([value] * count, type=of.type)
                for value, of in zip(named, ADDED, strict=True)
            ]
            columns = [*added, *(table[of.name].cast(of.type) for of in SCHEMA)]
            writer.write_table(pa.table(columns, schema=WHOLE))
    return rows
