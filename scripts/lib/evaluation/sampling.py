"""What LightEval's two backends share here: the study's sampling, really in force.

LightEval 0.13.0 may cut prompts, answers from a cache whose key is the checkpoint's path and not
its weights, and lets a checkpoint's own generation settings speak. Here the settings alone decide,
and no cache is asked.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lighteval.models.model_input import GenerationParameters
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc
from transformers import AutoConfig, GenerationConfig

from scripts.lib.engines.vllm import Request, seed_of
from scripts.lib.machine.devices import torch_device
from scripts.lib.model.chat_template import require_chat_template, set_template_settings
from scripts.lib.model.stop_tokens import stop_token_ids


class StudySampling:
    """Mixed into a LightEval model: `use` says with which benchmark's settings it samples.

    The class that it is mixed into has LightEval's attributes (`config`, `tokenizer`, `max_length`,
    `prompt_manager`), and `sample` returns each request's new tokens, up to and with its first stop
    token.
    """

    sample: Callable[[list[Request]], list[list[int]]]
    stop_ids: list[int]
    device_name: str

    def prepare(self, checkpoint: Path, chat_template_kwargs: dict[str, Any]) -> None:
        """Fix the chat template's settings and the stop tokens: the checkpoint's own and Qwen's."""
        require_chat_template(self.tokenizer, checkpoint)
        set_template_settings(self.tokenizer, chat_template_kwargs)
        stops = {*own_stop_tokens(checkpoint), *stop_token_ids(self.tokenizer)}
        self.stop_ids = sorted(stops)
        self.device_name = torch.cuda.get_device_name() if torch_device() == "cuda" else "cpu"

    def use(self, benchmark: str, settings: dict[str, Any]) -> None:
        """Take a benchmark's settings; its random numbers depend on no other benchmark."""
        self.benchmark, self.seed = benchmark, settings["seed"]
        self._max_length = settings["max_model_length"]
        self.config.system_prompt = settings["prompt"]["system"]
        self.config.generation_parameters = GenerationParameters(
            temperature=settings["temperature"],
            top_p=settings["top_p"],
            top_k=settings["top_k"],
            repetition_penalty=settings["repetition_penalty"],
            max_new_tokens=settings["max_new_tokens"],
            seed=seed_of(benchmark, settings["seed"]),
        )
        self.prompt_manager.system_prompt = settings["prompt"]["system"]

    def cleanup(self) -> None:
        """Keep the weights: LightEval would drop them, and the next benchmark needs them."""

    def greedy_until(self, docs: list[Doc]) -> list[ModelResponse]:
        """Sample every document's completions (LightEval's name for any generation)."""
        prompts = [self.prompt_manager.prepare_prompt(doc) for doc in docs]
        encoded = self.tokenizer(prompts, add_special_tokens=False)["input_ids"]  # the template's
        requests = [
            self._request(doc, prompt, sample)
            for doc, prompt in zip(docs, encoded, strict=True)
            for sample in range(doc.num_samples)
        ]
        completions = iter(self.sample(requests))
        responses = []
        for doc, text, tokens in zip(docs, prompts, encoded, strict=True):
            answers = [next(completions) for _ in range(doc.num_samples)]
            responses.append(
                ModelResponse(
                    input=text,
                    input_tokens=tokens,
                    text=[self.tokenizer.decode(a, skip_special_tokens=True) for a in answers],
                    output_tokens=answers,
                )
            )
        return responses

    def _request(self, doc: Doc, prompt: list[int], sample: int) -> Request:
        problem, room = doc.specific["problem"], self.max_length - len(prompt)
        if room < 1:
            raise SystemExit(
                f"{self.benchmark}, problem {problem}: its prompt has {len(prompt)} tokens, which "
                f"leaves no room below evaluation.max_model_length {self.max_length}; raise it"
            )
        wanted = self.config.generation_parameters.max_new_tokens
        seed = seed_of(self.benchmark, self.seed, problem, sample)
        return Request(prompt, min(wanted, room), seed)


def own_stop_tokens(checkpoint: Path) -> list[int]:
    """Return the stop tokens that a checkpoint declares, in its generation config or its config."""
    try:
        declared = GenerationConfig.from_pretrained(checkpoint)
    except OSError:  # no such file
        declared = AutoConfig.from_pretrained(checkpoint)
    own = declared.eos_token_id
    return own if isinstance(own, list) else [own] if own is not None else []


def check_positions(model: str, positions: int, settings: dict[str, Any]) -> None:
    """End where an evaluation asks for a longer context than the model has positions."""
    if settings["max_model_length"] > positions:
        raise SystemExit(
            f"evaluation.max_model_length is {settings['max_model_length']}, but the model "
            f"{model} has {positions} positions; lower it"
        )
