"""GRPO's rollouts by a vLLM that lives in the trainer's process, on the training's own device.

TRL starts it and gives it the trained weights before every generation; it sleeps while they are
updated.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from scripts.lib.engines.vllm_setup import cure_named, prepare_environment, require_vllm


def colocated(
    parent: Path, vllm: dict[str, Any], length: int, stop_ids: list[int]
) -> tuple[dict[str, Any], AbstractContextManager[None]]:
    """Return the arguments of GRPOConfig that make vLLM generate, and what to build the trainer in.

    Call it before TRL's trainer is imported, which imports vLLM. `vllm` holds the config's
    settings, `length` is that of the longest prompt and completion in tokens. Raises SystemExit
    if vLLM is not installed, as does the context, with the cure, if vLLM cannot start.
    """
    require_vllm()
    prepare_environment()
    import torch

    arguments = {
        "use_vllm": True,
        "vllm_mode": "colocate",
        "vllm_max_model_length": length,
        "vllm_gpu_memory_utilization": vllm["colocated_gpu_memory_utilization"],
        "vllm_enable_sleep_mode": torch.cuda.is_available(),  # vLLM cannot sleep on a CPU
        "generation_kwargs": {"stop_token_ids": stop_ids},
    }
    share = "vllm.colocated_gpu_memory_utilization"
    less = "per_device_train_batch_size or max_completion_length of the recipe"
    return arguments, cure_named(str(parent), share, less)
