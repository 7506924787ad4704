"""LightEval's transformers backend with the study's sampling.

LightEval 0.13.0 samples only if the checkpoint's own generation_config says so, does not seed
torch, and pads the tokens that it reports.
"""

import tempfile
from pathlib import Path
from typing import Any

import torch
from lighteval.models.transformers.transformers_model import (
    TransformersModel,
    TransformersModelConfig,
)
from transformers import AutoModelForCausalLM, GenerationConfig, set_seed

from scripts.lib.engines.vllm import Request
from scripts.lib.evaluation.sampling import StudySampling, check_positions
from scripts.lib.machine.devices import torch_device

# Attention over a prompt takes memory by its length squared: of longer prompts a batch holds fewer.
ROOMY_PROMPT = 1024


class CheckpointConfig(TransformersModelConfig):
    """LightEval's model settings for a local checkpoint, which no hub is asked about."""

    def get_model_sha(self) -> str:
        """Return no revision: the record names the weights by their own digest."""
        return ""


class TransformersSampling(StudySampling, TransformersModel):
    """A checkpoint that transformers' generate samples from."""

    @classmethod
    def load(cls, checkpoint: Path, name: str, settings: dict[str, Any]) -> "TransformersSampling":
        """Load a checkpoint folder under a name that LightEval's files are to give it."""
        device = torch_device()
        weights = AutoModelForCausalLM.from_pretrained(
            checkpoint, dtype=getattr(torch, settings["dtype"]), local_files_only=True
        )
        # generate() fills every argument left open from here: nothing of the checkpoint's stays.
        weights.generation_config = GenerationConfig()
        # LightEval makes a cache folder as soon as it has a model, but it is never asked here.
        with tempfile.TemporaryDirectory(prefix="lighteval-cache-") as cache:
            config = CheckpointConfig(
                model_name=name,
                tokenizer=str(checkpoint),
                dtype=settings["dtype"],
                device=device,
                cache_dir=cache,
            )
            model = cls.from_model(weights.to(device), config)
        model.prepare(checkpoint, settings["chat_template_kwargs"])
        return model

    def use(self, benchmark: str, settings: dict[str, Any]) -> None:
        """Take a benchmark's settings, the size of its batches among them."""
        positions = self.transformers_config.max_position_embeddings
        check_positions(self.config.model_name, positions, settings)
        super().use(benchmark, settings)
        self.config.batch_size = settings["batch_size"]

    def close(self) -> None:
        """End nothing: the model lives in this process."""

    def sample(self, requests: list[Request]) -> list[list[int]]:
        """Sample in batches of prompts of similar length, the longest first."""
        completions: list[list[int]] = [[] for _ in requests]
        order = sorted(range(len(requests)), key=lambda index: -len(requests[index].prompt))
        set_seed(self.config.generation_parameters.seed)
        while order:
            full = self.config.batch_size
            size = max(1, min(full, full * ROOMY_PROMPT // len(requests[order[0]].prompt)))
            batch, order = order[:size], order[size:]
            tokens = self._sample_batch([requests[index] for index in batch])
            for index, answer in zip(batch, tokens, strict=True):
                completions[index] = answer
        return completions

    def _sample_batch(self, batch: list[Request]) -> list[list[int]]:
        """Return the new tokens of requests that are generated side by side."""
        width = max(len(request.prompt) for request in batch)
        pad = self.tokenizer.pad_token_id
        padding = [width - len(request.prompt) for request in batch]
        ids = [[pad] * n + r.prompt for n, r in zip(padding, batch, strict=True)]
        mask = [[0] * n + [1] * (width - n) for n in padding]
        parameters = self.config.generation_parameters
        sampled = {
            "do_sample": True,
            "temperature": parameters.temperature,
            "top_p": parameters.top_p,
            "top_k": parameters.top_k,
        }
        generated = self.model.generate(
            input_ids=torch.tensor(ids, device=self.device),
            attention_mask=torch.tensor(mask, device=self.device),
            generation_config=GenerationConfig(
                **(sampled if parameters.temperature else {"do_sample": False}),
                repetition_penalty=parameters.repetition_penalty,
                max_new_tokens=max(request.max_new_tokens for request in batch),
                eos_token_id=self.stop_ids,
                pad_token_id=pad,
            ),
        )
        rows = generated[:, width:].tolist()
        return [
            _until_stop(row[: request.max_new_tokens], self.stop_ids)
            for row, request in zip(rows, batch, strict=True)
        ]


def _until_stop(tokens: list[int], stop_ids: list[int]) -> list[int]:
    """Cut off what follows the first stop token: it is padding."""
    for index, token in enumerate(tokens):
        if token in stop_ids:
            return tokens[: index + 1]
    return tokens
