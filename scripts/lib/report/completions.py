"""Completions of an evaluation, read in batches: their sizes, their verdicts, their texts."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scripts.lib.evaluation.details import read_columns

BATCH = 1024  # rows
LONGEST = 20_000  # characters of a completion that a report holds; of a longer one both ends
LONGEST_ANSWER = 1_000  # characters of an extracted answer
ROW = 230  # bytes of a row beside its texts, at most
SHORT_ESCAPE, LONG_ESCAPE = '["\\\\\x08\\f\\n\\r\\t]', "[\x01-\x07\x0b\x0e-\x1f\\x00<\u2028\u2029]"
WIDEST = 6  # bytes of a character, at most: an escape
VERDICTS = ["problem", "sample", "correct", "strict_correct", "lighteval_correct", "status"]
VERDICTS += ["tokens", "finish_reason"]
TEXTS = ["prompt", "question", "completion", "extracted", "status", "strict_status"]
TEXTS += ["finish_reason"]


@dataclass(frozen=True)
class Part:
    """The completions of one seed: a parquet file by problem, then sample."""

    seed: int
    path: Path
    samples: int


@dataclass(frozen=True)
class Evaluation:
    """The completions of a cell on a benchmark under a prompt, of each seed that left a model."""

    cell: str
    prompt: str
    benchmark: str
    problems: Sequence[str]  # the names of the benchmark's problems
    parts: Sequence[Part]

    @property
    def samples(self) -> int:
        """Return the completions per problem and seed."""
        return self.parts[0].samples if self.parts else 0


def _batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=BATCH, columns=columns)


def text_sizes(path: Path) -> np.ndarray:
    """Return how many bytes each completion of a file takes in a report, at most."""
    sizes = [
        np.minimum(_escaped(batch["completion"]), WIDEST * LONGEST)
        + np.minimum(_escaped(batch["extracted"]), WIDEST * LONGEST_ANSWER)
        + ROW
        for batch in _batches(path, ["completion", "extracted"])
    ]
    return np.concatenate(sizes) if sizes else np.zeros(0)


def _escaped(texts: pa.Array) -> np.ndarray:
    """Return the bytes of texts as JSON in which `<` and the line separators are escaped too."""
    whole = pc.binary_length(texts)
    short = pc.count_substring_regex(texts, SHORT_ESCAPE)
    long = pc.count_substring_regex(texts, LONG_ESCAPE)
    size = pc.add(whole, pc.add(short, pc.multiply(long, WIDEST - 1)))
    return pc.fill_null(size, 4).to_numpy(zero_copy_only=False)


def verdicts(evaluation: Evaluation, kept: Sequence[np.ndarray]) -> dict[str, Any]:
    """Return the verdict on every completion, by seed, problem and sample.

    `kept` says of each seed's completions whether their texts are in the report. Raises SystemExit
    if a file has other completions than its record says.
    """
    tables = [_verdict_table(evaluation, part) for part in evaluation.parts]
    statuses = sorted({s for table in tables for s in table["status"].unique().to_pylist()})
    places = {status: place for place, status in enumerate(statuses)}

    def of_all(column: str) -> list[Any]:
        return [value for table in tables for value in table[column].to_pylist()]

    return {
        "seeds": [part.seed for part in evaluation.parts],
        "samples": evaluation.samples,
        "problems": len(evaluation.problems),
        "correct": _bits(of_all("correct")),
        "strict": _bits(of_all("strict_correct")),
        "lighteval": _bits(of_all("lighteval_correct")),
        "cut_off": _bits([reason == "length" for reason in of_all("finish_reason")]),
        "kept": _bits([bool(k) for of_seed in kept for k in of_seed]),
        "statuses": statuses,
        "status": [places[status] for status in of_all("status")],
        "tokens": of_all("tokens"),
    }


def _verdict_table(evaluation: Evaluation, part: Part) -> pa.Table:
    table = read_columns(part.path, VERDICTS)
    names = np.repeat(np.array(evaluation.problems, dtype=object), part.samples)
    samples = np.tile(np.arange(part.samples), len(evaluation.problems))
    found = (table["problem"].to_pylist(), table["sample"].to_pylist())
    if found != (names.tolist(), samples.tolist()):
        raise SystemExit(
            f"{part.path}: its completions are not those of {len(evaluation.problems)} problems of "
            f"{evaluation.benchmark} with {part.samples} samples each; delete it and run again"
        )
    return table


def _bits(values: list[bool | None]) -> str:
    """Return verdicts as text: 1, 0, and ? where there is none.

    >>> _bits([True, False, None])
    '10?'
    """
    return "".join("?" if value is None else "01"[value] for value in values)


def chunks(
    evaluation: Evaluation, kept: Sequence[np.ndarray], chunk: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (number, content) of the chunks of `chunk` problems that hold a kept completion."""
    rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for part, of_seed in zip(evaluation.parts, kept, strict=True):
        for index, row in _kept_rows(part.path, of_seed):
            problem, sample = divmod(index, part.samples)
            place = {"seed": part.seed, "problem": evaluation.problems[problem], "sample": sample}
            rows[problem // chunk].append(place | row)
    for number in sorted(rows):
        yield number, with_shared_prompt(rows[number])


def _kept_rows(path: Path, kept: np.ndarray) -> Iterator[tuple[int, dict[str, Any]]]:
    if not kept.any():
        return
    start = 0
    for batch in _batches(path, TEXTS):
        (here,) = np.nonzero(kept[start : start + len(batch)])
        for index, row in zip(here, batch.take(pa.array(here)).to_pylist(), strict=True):
            yield start + int(index), row
        start += len(batch)


def with_shared_prompt(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return rows as a chunk: what stands around the question in their prompts is there once.

    A row whose prompt is not `before` + question + `after` keeps it.
    """
    before, _, after = rows[0]["prompt"].partition(rows[0]["question"])
    made = []
    for row in rows:
        row = dict(row)
        prompt, question = row.pop("prompt"), row.pop("question")
        if prompt != f"{before}{question}{after}":
            row["prompt"] = prompt
        made.append(row | shortened(row["completion"]) | {"extracted": _ends(row["extracted"])})
    return {"before": before, "after": after, "completions": made}


def shortened(text: str) -> dict[str, Any]:
    """Return a completion, of a too long one its start, its end and how much is between them.

    >>> shortened("18")
    {'completion': '18'}
    """
    if len(text) <= LONGEST:
        return {"completion": text}
    half = LONGEST // 2
    omitted = len(text) - 2 * half
    return {"completion": text[:half], "omitted": omitted, "end": text[-half:]}


def _ends(text: str | None) -> str | None:
    if text is None or len(text) <= LONGEST_ANSWER:
        return text
    half = LONGEST_ANSWER // 2
    return f"{text[: half - 3]} [...] {text[-half + 4 :]}"
