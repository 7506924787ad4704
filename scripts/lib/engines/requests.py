"""What every engine is asked: which completions, and how they are sampled.

An engine generates completions from a checkpoint: transformers.py or vllm.py, started by start.py.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable


class Request(NamedTuple):
    """One completion to be sampled: the prompt's token ids, the limit in tokens, its own seed."""

    prompt: list[int]
    max_new_tokens: int
    seed: int


class Sampling(NamedTuple):
    """How completions are sampled: greedily at temperature 0; top_k 0 stands for all tokens.

    `seed` is for an engine that draws all requests' random numbers from one stream.
    """

    temperature: float
    top_p: float
    top_k: int
    repetition_penalty: float
    stop_ids: list[int]
    seed: int


class Engine(Protocol):
    """What generates completions from one checkpoint, started once."""

    facts: dict[str, Any]  # for the record of a run: `engine`, its name, and its own settings

    def generate(self, requests: list[Request], sampling: Sampling) -> list[list[int]]:
        """Return each request's new token ids, up to and with its first stop token."""

    def close(self) -> None:
        """Free what the engine holds."""


@runtime_checkable
class StreamingEngine(Engine, Protocol):
    """An engine whose completions depend on their own requests alone: any order of them will do."""

    def stream(self, asked: Sequence[tuple[Request, Sampling]]) -> Iterator[tuple[int, list[int]]]:
        """Yield a request's number and its new token ids whenever one is finished."""


@runtime_checkable
class BatchEngine(Engine, Protocol):
    """An engine that draws the random numbers of one batch after another from one stream."""

    device: str  # whose random numbers they are

    def batches(
        self, requests: list[Request], sampling: Sampling, done: int, state: str | None
    ) -> Iterator[tuple[list[list[int]], str]]:
        """Yield the new token ids of a batch, and the state of the random numbers behind it.

        The first `done` requests are left out; `state` is what came with the last of them.
        """


def sampling_of(settings: dict[str, Any], stop_ids: list[int], seed: int) -> Sampling:
    """Return the sampling that the settings of an evaluation or a distillation describe."""
    return Sampling(
        temperature=settings["temperature"],
        top_p=settings["top_p"],
        top_k=settings["top_k"],
        repetition_penalty=settings["repetition_penalty"],
        stop_ids=stop_ids,
        seed=seed,
    )


def seed_of(*facts: str | int) -> int:
    """Return a seed of 32 bits that stands for all of these facts."""
    digest = hashlib.sha256(" ".join(map(str, facts)).encode()).digest()
    return int.from_bytes(digest[:4], "big")
