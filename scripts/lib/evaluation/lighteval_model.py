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
from scripts.lib.evaluation.journal import Place, generated
from scripts.lib.model.architecture import positions_of
from scripts.lib.model.chat_template import load_tokenizer, refusals_named
from scripts.lib.model.stop_tokens import stop_ids_of


class CheckpointModel(LightevalModel):
    """A checkpoint in an engine; `use` says which task is evaluated, and how."""

    tokenizer: Any = None  # LightEval declares these three as abstract properties
    add_special_tokens = False  # the chat template has them
    max_length = 0

    def __init__(
        self, checkpoint: Path, name: str, settings: dict[str, Any], engine: EngineSettings
    ) -> None:
        """Start the engine; `settings` are a benchmark's, `name` is for LightEval's files.

        Raises SystemExit if the settings ask for a longer context than the model has positions.
        """
        positions = positions_of(AutoConfig.from_pretrained(checkpoint))
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
        self.sampled: dict[str, dict[Place, list[int]]] = {}  # by task

    def use(self, task: str, settings: dict[str, Any], journal: Path | None = None) -> None:
        """Take a task's settings; its random numbers depend on no other benchmark.

        `journal` is the file that keeps its completions until it is evaluated, if any does.
        """
        self.task, self.settings, self.journal = task, settings, journal
        self.benchmark = benchmark = task.rpartition("/")[2]
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
        """Return every document's completions (LightEval's name for any generation).

        Those that were sampled beforehand are taken as they are, else all are sampled now.
        """
        texts, encoded = self.prompts_of(docs)
        asked = self.requests_of(docs, encoded)
        found = self.sampled.get(self.task)
        if found is None:
            completions = self._generate([request for _, request in asked])
        else:
            completions = [found[place] for place, _ in asked]
        left = iter(completions)
        return [
            self.response(text, tokens, [next(left) for _ in range(doc.num_samples)])
            for doc, text, tokens in zip(docs, texts, encoded, strict=True)
        ]

    def response(self, text: str, tokens: list[int], answers: list[list[int]]) -> ModelResponse:
        """Return a prompt, as text and tokens, with its completions."""
        return ModelResponse(
            input=text,
            input_tokens=tokens,
            text=[self.tokenizer.decode(answer, skip_special_tokens=True) for answer in answers],
            output_tokens=answers,
        )

    def prompts_of(self, docs: list[Doc]) -> tuple[list[str], list[list[int]]]:
        """Return the documents' prompts, as text and as token ids."""
        with refusals_named(self.tokenizer.name_or_path):
            texts = [self.prompt_manager.prepare_prompt(doc) for doc in docs]
        # A chat template writes what opens a text (Llama's and Gemma's <bos>); without it they do.
        plain = not self.prompt_manager.use_chat_template
        return texts, self.tokenizer(texts, add_special_tokens=plain)["input_ids"]

    def requests_of(self, docs: list[Doc], prompts: list[list[int]]) -> list[tuple[Place, Request]]:
        """Return the requests for all samples of the documents, each with its place."""
        return [
            ((doc.specific["problem"], sample), self._request(doc, prompt, sample))
            for doc, prompt in zip(docs, prompts, strict=True)
            for sample in range(self.settings["num_samples"])
        ]

    def loglikelihood(self, docs: list[Doc]) -> list[ModelResponse]:
        """Refuse: no benchmark of the study asks for it."""
        raise NotImplementedError

    loglikelihood_rolling = loglikelihood

    def _generate(self, requests: list[Request]) -> list[list[int]]:
        """Return the completions in order; the engine gets the longest prompts first."""
        order = sorted(range(len(requests)), key=lambda index: -len(requests[index].prompt))
        asked = [requests[index] for index in order]
        sampled = generated(self.engine, asked, self.sampling, self.journal)
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


def check_positions(model: str, positions: int | None, max_model_length: int) -> None:
    """Exit with an error if an evaluation's context is longer than a model's positions."""
    if positions is not None and max_model_length > positions:
        raise SystemExit(
            f"evaluation.max_model_length is {max_model_length}, but the model {model} has "
            f"{positions} positions; give it a `max_model_length` in `models`, or lower it"
        )
