"""Whether a model fits into the memory that a job has."""

import os


def check_memory(model: str, needed_gb: float) -> None:
    """End with the cure where a device, or a job without one, has less memory than a model needs.

    Of several devices the smallest counts; GB are 10^9 bytes.
    """
    what, available_gb = available_memory()
    if needed_gb > available_gb:
        raise SystemExit(
            f"{model} needs {needed_gb:g} GB, but {what} has {available_gb:.1f} GB. Ask for more "
            "in the profile (set-resources: a larger GPU, or mem_mb without one), "
            "or leave the model out of the tables"
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
    if granted := os.environ.get("SLURM_MEM_PER_NODE"):
        return "the SLURM job", int(granted) * 2**20 / 1e9
    return "the machine", os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
