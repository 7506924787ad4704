"""LightEval's vLLM backend on vLLM 0.31, with the study's sampling.

LightEval 0.13.0 replaces its class by a placeholder unless vLLM is 0.10, and uses names that vLLM
has changed since. Those parts are overridden here; settings and records stay LightEval's.
"""

import importlib.util
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from transformers import AutoConfig, AutoTokenizer

from scripts.lib.engines.vllm import Request, Sampling, VllmEngine, engine_arguments
from scripts.lib.evaluation.sampling import StudySampling, check_positions
from scripts.lib.machine.devices import visible_devices


def lighteval_backend() -> ModuleType:
    """Return a copy of LightEval's module with its own classes, whatever vLLM's version."""
    spec = importlib.util.find_spec("lighteval.models.vllm.vllm_model")
    module = importlib.util.module_from_spec(spec)
    with patch("lighteval.utils.imports.requires", lambda *_: lambda unchanged: unchanged):
        spec.loader.exec_module(module)
    return module


LIGHTEVAL = lighteval_backend()


class VllmCheckpointConfig(LIGHTEVAL.VLLMModelConfig):
    """LightEval's vLLM settings for a local checkpoint, with those that it hard-codes."""

    enforce_eager: bool
    devices: list[str]

    def get_model_sha(self) -> str:
        """Return no revision: the record names the weights by their own digest."""
        return ""


class VllmSampling(StudySampling, LIGHTEVAL.VLLMModel):
    """A checkpoint that vLLM samples from, on every device that the job was given."""

    @classmethod
    def load(
        cls,
        checkpoint: Path,
        name: str,
        settings: dict[str, Any],
        vllm: dict[str, Any],
        devices: list[str] | None = None,
    ) -> "VllmSampling":
        """Start the engine; `vllm` holds the config's settings of it.

        `devices` are those that share the completions, by default all that the job sees.
        """
        positions = AutoConfig.from_pretrained(checkpoint).max_position_embeddings
        check_positions(name, positions, settings)
        with tempfile.TemporaryDirectory(prefix="lighteval-cache-") as cache:
            config = VllmCheckpointConfig(
                model_name=name,
                tokenizer=str(checkpoint),
                dtype=settings["dtype"],
                max_model_length=settings["max_model_length"],
                cache_dir=cache,
                override_chat_template=True,  # every prompt is a chat
                devices=visible_devices() if devices is None else devices,
                **engine_arguments(vllm),
            )
            model = cls(config)
        model.prepare(checkpoint, settings["chat_template_kwargs"])
        return model

    def _create_auto_tokenizer(self, config: VllmCheckpointConfig) -> Any:
        return AutoTokenizer.from_pretrained(config.tokenizer)

    def _create_auto_model(self, config: VllmCheckpointConfig) -> VllmEngine:
        arguments = {
            "dtype": config.dtype,
            "max_model_len": config.max_model_length,
            "gpu_memory_utilization": config.gpu_memory_utilization,
            "max_num_seqs": config.max_num_seqs,
            "enforce_eager": config.enforce_eager,
        }
        return VllmEngine(config.tokenizer, arguments, config.devices)

    def sample(self, requests: list[Request]) -> list[list[int]]:
        """Hand all requests to the engine at once, which keeps its batch full to the end."""
        parameters = self.config.generation_parameters
        sampling = Sampling(
            temperature=parameters.temperature,
            top_p=parameters.top_p,
            top_k=parameters.top_k,
            repetition_penalty=parameters.repetition_penalty,
            stop_ids=self.stop_ids,
        )
        return self.model.generate(requests, sampling)

    def close(self) -> None:
        """End the engine's processes, where it has several."""
        self.model.close()
