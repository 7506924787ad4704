"""Completions by transformers' generate, batch by batch, in this process and on one device."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, GenerationConfig

from scripts.lib.console import report
from scripts.lib.engines.requests import Request, Sampling
from scripts.lib.machine.devices import torch_device

# Attention over a prompt takes memory by its length squared: of longer prompts a batch holds fewer.
ROOMY_PROMPT = 1024
QUIET_SECONDS = 60.0  # between two lines of progress


class TransformersEngine:
    """A checkpoint in transformers."""

    def __init__(self, checkpoint: Path, dtype: str, batch_size: int) -> None:
        """Load it, as the dtype of that name or, for `auto`, as its own."""
        self.facts: dict[str, Any] = {"engine": "transformers"}
        self.batch_size = batch_size
        self.device = torch_device()
        model = AutoModelForCausalLM.from_pretrained(
            checkpoint, dtype=dtype, local_files_only=True, use_safetensors=True
        )
        self.model = model.to(self.device).eval()
        # generate() fills every argument left open from here: nothing of the checkpoint's stays.
        self.model.generation_config = GenerationConfig()

    def generate(self, requests: list[Request], sampling: Sampling) -> list[list[int]]:
        """Return the requests' completions."""
        return [tokens for batch, _ in self.batches(requests, sampling) for tokens in batch]

    def batches(
        self,
        requests: list[Request],
        sampling: Sampling,
        done: int = 0,
        state: str | None = None,
    ) -> Iterator[tuple[list[list[int]], str]]:
        """Yield batch after batch; they are made in the order of the requests.

        All random numbers come from one stream, so that a completion depends on its batch, and on
        the state of the stream behind the batch before: a request's own seed is not read.
        """
        numbers = torch.cuda if self.device == "cuda" else torch
        torch.manual_seed(sampling.seed)
        if state is not None:
            numbers.set_rng_state(torch.tensor(list(bytes.fromhex(state)), dtype=torch.uint8))
        reported = time.monotonic()
        while done < len(requests):
            batch = self._batch(requests[done : done + self.batch_size])
            done += len(batch)
            completions = self._generate_batch(batch, sampling)
            yield completions, bytes(numbers.get_rng_state().tolist()).hex()
            if time.monotonic() - reported > QUIET_SECONDS:
                reported = time.monotonic()
                report(f"{done}/{len(requests)} completions")

    def close(self) -> None:
        """Drop the model."""
        del self.model

    def _batch(self, candidates: list[Request]) -> list[Request]:
        longest = max(len(request.prompt) for request in candidates)
        return candidates[: max(1, self.batch_size * ROOMY_PROMPT // max(longest, ROOMY_PROMPT))]

    def _generate_batch(self, batch: list[Request], sampling: Sampling) -> list[list[int]]:
        """Return the new tokens of requests that are generated side by side."""
        width = max(len(request.prompt) for request in batch)
        padding = [width - len(request.prompt) for request in batch]
        # The mask hides the padding of a prompt, and nobody reads that of a completion; only a
        # repetition penalty counts this token as one that was there.
        pad = sampling.stop_ids[0]
        ids = [[pad] * n + r.prompt for n, r in zip(padding, batch, strict=True)]
        mask = [[0] * n + [1] * (width - n) for n in padding]
        drawn = {
            "do_sample": True,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
        }
        with torch.inference_mode():
            generated = self.model.generate(
                input_ids=torch.tensor(ids, device=self.device),
                attention_mask=torch.tensor(mask, device=self.device),
                generation_config=GenerationConfig(
                    **(drawn if sampling.temperature else {"do_sample": False}),
                    repetition_penalty=sampling.repetition_penalty,
                    max_new_tokens=max(request.max_new_tokens for request in batch),
                    eos_token_id=sampling.stop_ids,
                    pad_token_id=pad,
                ),
            )
        rows = generated[:, width:].tolist()
        return [
            _until_stop(row[: request.max_new_tokens], sampling.stop_ids)
            for row, request in zip(rows, batch, strict=True)
        ]


def _until_stop(tokens: list[int], stop_ids: list[int]) -> list[int]:
    """Cut off what follows the first stop token: it is padding."""
    for index, token in enumerate(tokens):
        if token in stop_ids:
            return tokens[: index + 1]
    return tokens
