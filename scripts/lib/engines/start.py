"""Which engine generates completions: the profile names it, and it is started here."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.lib.engines.requests import Engine
from scripts.lib.machine.imports import quick_imports


@dataclass(frozen=True)
class EngineSettings:
    """The engine that a profile names, and the config's `vllm` settings, which vLLM alone reads."""

    name: str = "transformers"
    vllm: dict[str, Any] = field(default_factory=dict)


def start_engine(
    engine: EngineSettings, checkpoint: Path, dtype: str, max_model_length: int, batch_size: int
) -> Engine:
    """Return the named engine, started for a checkpoint folder.

    `dtype` is a torch dtype's name, or `auto` for the checkpoint's own. `max_model_length`, the
    longest prompt and completion in tokens, is read by vLLM alone, `batch_size`, the sequences
    side by side, by transformers alone. Raises SystemExit, with the cure, if vLLM is named and
    not installed or cannot start.
    """
    if engine.name == "vllm":
        from scripts.lib.engines.vllm import start_vllm

        return start_vllm(checkpoint, engine.vllm, dtype, max_model_length)
    with quick_imports(without="sklearn"):
        from scripts.lib.engines.transformers import TransformersEngine

    return TransformersEngine(checkpoint, dtype, batch_size)
