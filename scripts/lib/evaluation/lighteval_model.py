"""A checkpoint as LightEval's pipeline sees it: documents in, completions of an engine out.

LightEval 0.13.0's own models may cut prompts, answer from a cache whose key is the checkpoint's
path and not its weights, and let a checkpoint's own generation settings speak. Here the study's
settings alone decide, and no cache is asked.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lighteval.models.abstract_model import LightevalModel, ModelConfig
from lighteval.models.model_input import GenerationParameters
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.prompt_manager import PromptManager
from lighteval.tasks.requests import Doc
from transformers import AutoConfig

from scripts.lib.engines.requests import Request, sampling_of, seed_of
from scripts.lib.engines.start import EngineSettings, start_engine
from scripts.lib.model.chat_template import load_tokenizer
from scripts.lib.model.stop_tokens import stop_ids_of


class CheckpointModel(LightevalModel):
    """A checkpoint in an engine; `use` says which benchmark is evaluated, and how."""

    tokenizer: Any = None  # LightEval declares these three as abstract properties
    add_special_tokens = False  # the chat template has them
    max_length = 0

    def __init__(
        self, checkpoint: Path, name: str, settings: dict[str, Any], engine: EngineSettings
    ) -> None:
        """Start the engine; `settings` are a benchmark's, `name` is for LightEval's files.

        Raises SystemExit if the settings ask for a longer context than the model has positions.
        """
        positions = AutoConfig.from_pretrained(checkpoint).max_position_embeddings
        check_positions(name, positions, settings["max_model_length"])
        self.name = name
        self.tokenizer = load_tokenizer(checkpoint, settings["chat_template_kwargs"])
        self.stop_ids = stop_ids_of(checkpoint, self.tokenizer)
        self._cache = SimpleNamespace(_init_registry=lambda registry: None)  # LightEval wants one
        self.engine = start_engine(
            engine,
            checkpoint,
            settings["dtype"],
            settings["max_model_length"],
            settings["batch_size"],
        )

    def use(self, benchmark: str, settings: dict[str, Any]) -> None:
        """Take a benchmark's settings; its random numbers depend on no other benchmark."""
        self.benchmark, self.settings = benchmark, settings
        self.max_length = settings["max_model_length"]
        self.sampling = sampling_of(settings, self.stop_ids, seed_of(benchmark, settings["seed"]))
        self.prompt_manager = PromptManager(
            use_chat_template=settings["prompt"].get("chat_template", True),
            tokenizer=self.tokenizer,
            system_prompt=settings["prompt"]["system"],
        )
        self.config = ModelConfig(  # what LightEval records
            model_name=self.name,
            system_prompt=settings["prompt"]["system"],
            generation_parameters=GenerationParameters(
                temperature=settings["temperature"],
                top_p=settings["top_p"],
                top_k=settings["top_k"],
                repetition_penalty=settings["repetition_penalty"],
                max_new_tokens=settings["max_new_tokens"],
                seed=self.sampling.seed,
            ),
        )

    def greedy_until(self, docs: list[Doc]) -> list[ModelResponse]:
        """Sample every document's completions (LightEval's name for any generation)."""
        prompts = [self.prompt_manager.prepare_prompt(doc) for doc in docs]
        encoded = self.tokenizer(prompts, add_special_tokens=False)["input_ids"]
        requests = [
            self._request(doc, prompt, sample)
            for doc, prompt in zip(docs, encoded, strict=True)
            for sample in range(doc.num_samples)
        ]
        completions = iter(self._generate(requests))
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

    def loglikelihood(self, docs: list[Doc]) -> list[ModelResponse]:
        """Refuse: no benchmark of the study asks for it."""
        raise NotImplementedError

    loglikelihood_rolling = loglikelihood

    def _generate(self, requests: list[Request]) -> list[list[int]]:
        """Return the completions in order; the engine gets the longest prompts first."""
        order = sorted(range(len(requests)), key=lambda index: -len(requests[index].prompt))
        sampled = self.engine.generate([requests[index] for index in order], self.sampling)
        completions: list[list[int]] = [[] for _ in requests]
        for index, tokens in zip(order, sampled, strict=True):
            completions[index] = tokens
        return completions

    def _request(self, doc: Doc, prompt: list[int], sample: int) -> Request:
        problem, room = doc.specific["problem"], self.max_length - len(prompt)
        if room < 1:
            raise SystemExit(
                f"{self.benchmark}, problem {problem}: its prompt has {len(prompt)} tokens, which "
                f"leaves no room below evaluation.max_model_length {self.max_length}; raise it"
            )
        seed = seed_of(self.benchmark, self.settings["seed"], problem, sample)
        return Request(prompt, min(self.settings["max_new_tokens"], room), seed)


def check_positions(model: str, positions: int, max_model_length: int) -> None:
    """Exit with an error if an evaluation's context is longer than a model's positions."""
    if max_model_length > positions:
        raise SystemExit(
            f"evaluation.max_model_length is {max_model_length}, but the model "
            f"{model} has {positions} positions; lower it"
        )
