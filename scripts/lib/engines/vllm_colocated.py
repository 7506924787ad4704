"""Sampling in a training by a vLLM in the trainer's own process, on the training's device.

TRL starts it and gives it the trained weights before every generation; it sleeps while they are
updated.
"""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from scripts.lib.engines.start import EngineSettings
from scripts.lib.engines.vllm_setup import cure_named, prepare_environment, require_vllm


def colocated(
    engine: EngineSettings, parent: Path, length: int, stop_ids: list[int]
) -> tuple[dict[str, Any], AbstractContextManager[None]]:
    """Return the arguments of TRL's config that make the engine sample, and what to build it in.

    There are none for transformers, with which TRL samples itself. Call it before TRL's trainer is
    imported, which imports vLLM. `length` is that of the longest prompt and completion in tokens.
    Raises SystemExit if vLLM is wanted and not installed, as does the context, with the cure, if
    vLLM cannot start.
    """
    if engine.name != "vllm":
        return {}, nullcontext()
    require_vllm()
    prepare_environment()
    import torch

    arguments = {
        "use_vllm": True,
        "vllm_mode": "colocate",
        "vllm_max_model_length": length,
        "vllm_gpu_memory_utilization": engine.vllm["colocated_gpu_memory_utilization"],
        "vllm_enable_sleep_mode": torch.cuda.is_available(),  # vLLM cannot sleep on a CPU
        "generation_kwargs": {"stop_token_ids": stop_ids},
    }
    share = "vllm.colocated_gpu_memory_utilization"
    less = "per_device_train_batch_size or max_completion_length of the recipe"
    return arguments, cure_named(str(parent), share, less)
