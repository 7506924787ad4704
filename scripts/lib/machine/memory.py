"""Whether a model fits into the memory that a job has."""

import os
from typing import Any

from scripts.lib.engines.start import EngineSettings

ENGINE_GB = 2.0  # what a generating process takes beside weights and cache
SLURM_FACTS = ("MEM_PER_NODE", "MEM_PER_CPU", "CPUS_ON_NODE")  # MB, MB, the job's own


def evaluation_gb(
    model: dict[str, Any], settings: dict[str, Any], engine: EngineSettings
) -> float | None:
    """Return the memory in GB that generation needs: weights and cache in 16 bits, the engine.

    transformers may fill a whole batch's contexts; vLLM makes do with one, in the share of the
    device that it may take. `model` is its definition in the config, `settings` those of a
    benchmark's evaluation; None if the definition lacks the facts.
    """
    if not model.keys() >= {"parameters", "cache_bytes_per_token"}:
        return None
    contexts, share = settings["batch_size"], 1.0
    if engine.name == "vllm":
        contexts, share = 1, engine.vllm["gpu_memory_utilization"]
    tokens = contexts * settings["max_model_length"]
    needed = (2 * model["parameters"] + tokens * model["cache_bytes_per_token"]) / 1e9 + ENGINE_GB
    return needed / share


def check_memory(model: str, needed_gb: float) -> None:
    """Exit with the cure if a device, or a job without one, has less memory than a model needs.

    Of several devices the smallest counts; GB are 10^9 bytes.
    """
    what, available_gb = available_memory()
    if needed_gb > available_gb:
        raise SystemExit(
            f"{model} may need {needed_gb:.1f} GB, but {what} has {available_gb:.1f} GB. Ask for "
            "more in the profile (set-resources: a larger GPU, or mem_mb without one), or lower in "
            "config.yaml evaluation.max_model_length or, for transformers, evaluation.batch_size "
            "or the model's own batch_size"
        )


def available_memory() -> tuple[str, float]:
    """Return what the job computes on and its memory in GB: a GPU, a SLURM job's share, or all."""
    import torch

    if torch.cuda.is_available():
        devices = [
            torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())
        ]
        smallest = min(devices, key=lambda device: device.total_memory)
        return f"the GPU ({smallest.name})", smallest.total_memory / 1e9
    granted = {name: int(os.environ.get(f"SLURM_{name}", 0)) for name in SLURM_FACTS}
    megabytes = granted["MEM_PER_NODE"] or granted["MEM_PER_CPU"] * granted["CPUS_ON_NODE"]
    if megabytes:  # 0: all of the node
        return "the SLURM job", megabytes * 2**20 / 1e9
    return "the machine", os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
