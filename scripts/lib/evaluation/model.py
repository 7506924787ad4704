"""LightEval's transformers backend with the study's sampling really in force.

LightEval 0.13.0 samples only if the checkpoint's own generation_config says so, does not seed
torch, may cut prompts, pads the tokens that it reports, and answers from a cache whose key is the
checkpoint's path and not its weights. Here the settings alone decide, and no cache is asked.
"""

import hashlib
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lighteval.models.model_input import GenerationParameters
from lighteval.models.model_output import ModelResponse
from lighteval.models.transformers.transformers_model import (
    TransformersModel,
    TransformersModelConfig,
)
from lighteval.tasks.requests import Doc
from transformers import AutoModelForCausalLM, GenerationConfig, set_seed

from scripts.lib.chat_template import set_template_settings
from scripts.lib.devices import torch_device
from scripts.lib.stop_tokens import stop_token_ids

# Attention over a prompt takes memory by its length squared: of longer prompts a batch holds fewer.
ROOMY_PROMPT = 1024


class Sequence(NamedTuple):
    """One completion to be sampled: which document's, which sample of it, and the prompt."""

    doc: int
    sample: int
    prompt: list[int]
    max_new_tokens: int


class CheckpointConfig(TransformersModelConfig):
    """LightEval's model settings for a local checkpoint, which no hub is asked about."""

    def get_model_sha(self) -> str:
        """Return no revision: the record names the weights by their own digest."""
        return ""


class SamplingModel(TransformersModel):
    """A checkpoint that LightEval evaluates; `use` says with which benchmark's settings."""

    stop_ids: list[int]
    device_name: str

    @classmethod
    def load(
        cls, checkpoint: Path, name: str, dtype: str, chat_template_kwargs: dict[str, Any]
    ) -> "SamplingModel":
        """Load a checkpoint folder under a name that LightEval's files are to give it."""
        device = torch_device()
        weights = AutoModelForCausalLM.from_pretrained(
            checkpoint, dtype=getattr(torch, dtype), local_files_only=True
        )
        own = weights.generation_config.eos_token_id
        own_stops = own if isinstance(own, list) else [own] if own is not None else []
        # generate() fills every argument left open from here: nothing of the checkpoint's stays.
        weights.generation_config = GenerationConfig()
        # LightEval makes a cache folder as soon as it has a model, but it is never asked here.
        with tempfile.TemporaryDirectory(prefix="lighteval-cache-") as cache:
            config = CheckpointConfig(
                model_name=name,
                tokenizer=str(checkpoint),
                dtype=dtype,
                device=device,
                cache_dir=cache,
            )
            model = cls.from_model(weights.to(device), config)
        set_template_settings(model.tokenizer, chat_template_kwargs)
        model.stop_ids = sorted({*own_stops, *stop_token_ids(model.tokenizer)})
        model.device_name = torch.cuda.get_device_name() if device == "cuda" else "cpu"
        return model

    def use(self, benchmark: str, settings: dict[str, Any]) -> None:
        """Take a benchmark's settings; its random numbers depend on no other benchmark."""
        limit = self.transformers_config.max_position_embeddings
        if settings["max_model_length"] > limit:
            raise SystemExit(
                f"evaluation.max_model_length is {settings['max_model_length']}, but the model "
                f"{self.config.model_name} has {limit} positions; lower it"
            )
        seed = hashlib.sha256(f"{benchmark} {settings['seed']}".encode()).digest()
        self.config.max_length = self._max_length = settings["max_model_length"]
        self.config.batch_size = settings["batch_size"]
        self.config.system_prompt = settings["prompt"]["system"]
        self.config.generation_parameters = GenerationParameters(
            temperature=settings["temperature"],
            top_p=settings["top_p"],
            top_k=settings["top_k"],
            repetition_penalty=settings["repetition_penalty"],
            max_new_tokens=settings["max_new_tokens"],
            seed=int.from_bytes(seed[:4], "big"),
        )
        self.prompt_manager.system_prompt = settings["prompt"]["system"]

    def cleanup(self) -> None:
        """Keep the weights: LightEval would drop them, and the next benchmark needs them."""

    def greedy_until(self, docs: list[Doc]) -> list[ModelResponse]:
        """Sample every document's completions (LightEval's name for any generation)."""
        prompts = [self.prompt_manager.prepare_prompt(doc) for doc in docs]
        # A chat template writes the special tokens itself.
        encoded = self.tokenizer(prompts, add_special_tokens=not self.use_chat_template)
        answers: list[list[list[int]]] = [[[]] * doc.num_samples for doc in docs]
        set_seed(self.config.generation_parameters.seed)
        for batch in self._batches(docs, encoded["input_ids"]):
            for sequence, tokens in zip(batch, self._sample(batch), strict=True):
                answers[sequence.doc][sequence.sample] = tokens
        return [
            ModelResponse(
                input=prompts[index],
                input_tokens=encoded["input_ids"][index],
                text=[self._text(tokens) for tokens in answers[index]],
                output_tokens=answers[index],
            )
            for index in range(len(docs))
        ]

    def _batches(self, docs: list[Doc], prompts: list[list[int]]) -> list[list[Sequence]]:
        """Cut all completions into batches of prompts of similar length, the longest first."""
        wanted = self.config.generation_parameters.max_new_tokens
        queue = []
        for index, (doc, prompt) in enumerate(zip(docs, prompts, strict=True)):
            room = self.max_length - len(prompt)
            if room < 1:
                raise SystemExit(
                    f"{doc.task_name.split('|')[0]}, problem {doc.specific['problem']}: its prompt "
                    f"has {len(prompt)} tokens, which leaves no room below "
                    f"evaluation.max_model_length {self.max_length}; raise it"
                )
            for sample in range(doc.num_samples):
                queue.append(Sequence(index, sample, prompt, min(wanted, room)))
        queue.sort(key=lambda sequence: len(sequence.prompt), reverse=True)
        batches = []
        while queue:
            full = self.config.batch_size
            size = max(1, min(full, full * ROOMY_PROMPT // len(queue[0].prompt)))
            batches.append(queue[:size])
            queue = queue[size:]
        return batches

    def _sample(self, batch: list[Sequence]) -> list[list[int]]:
        """Return each sequence's new tokens, up to and with its first stop token."""
        width = max(len(sequence.prompt) for sequence in batch)
        pad = self.tokenizer.pad_token_id
        padding = [width - len(sequence.prompt) for sequence in batch]
        ids = [[pad] * n + s.prompt for n, s in zip(padding, batch, strict=True)]
        mask = [[0] * n + [1] * (width - n) for n in padding]
        parameters = self.config.generation_parameters
        generated = self.model.generate(
            input_ids=torch.tensor(ids, device=self.device),
            attention_mask=torch.tensor(mask, device=self.device),
            generation_config=GenerationConfig(
                do_sample=True,
                temperature=parameters.temperature,
                top_p=parameters.top_p,
                top_k=parameters.top_k,
                repetition_penalty=parameters.repetition_penalty,
                max_new_tokens=max(sequence.max_new_tokens for sequence in batch),
                eos_token_id=self.stop_ids,
                pad_token_id=pad,
            ),
        )
        rows = generated[:, width:].tolist()
        return [
            _until_stop(row[: sequence.max_new_tokens], self.stop_ids)
            for row, sequence in zip(rows, batch, strict=True)
        ]

    def _text(self, tokens: list[int]) -> str:
        """Return a completion's text without its special tokens, as LightEval's backends do."""
        return self.tokenizer.decode(tokens, skip_special_tokens=True)


def _until_stop(tokens: list[int], stop_ids: list[int]) -> list[int]:
    """Cut off what follows the first stop token: it is padding."""
    for index, token in enumerate(tokens):
        if token in stop_ids:
            return tokens[: index + 1]
    return tokens
