"""How many devices the machine at hand lets a study use side by side, and who says so."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Machine(NamedTuple):
    """The devices that work side by side, and a line on where the number comes from."""

    devices: int
    words: str


def machine_of(
    costs: Mapping[str, Any],
    cores: int | None,
    resources: Mapping[str, int],
    job_memory: int | None = None,
    names: Iterable[str] = (),
) -> Machine:
    """Return the machine that a profile describes.

    `costs` is the config's section, `cores` and `resources` are Snakemake's limits for all jobs,
    `job_memory` is what a job takes of `mem_mb`, `names` are the GPUs that nvidia-smi finds.
    """
    device = costs["device"]
    if gpus := resources.get("gpu"):
        words = f"{gpus} by `resources: gpu` of the profile, or --resources gpu=N"
        others = sorted({name for name in names if device not in name.lower().replace(" ", "")})
        if others:
            words += f"; this machine has {', '.join(others)}, priced here is {device}"
        return Machine(gpus, words)
    if resources.get("gpu") == 0:
        words = (
            f"The profile's `gpu: 0` computes on the CPU, which is slower than the {device} here"
        )
        return Machine(1, words)
    if device == "cpu" and cores:
        fit = resources["mem_mb"] // job_memory if "mem_mb" in resources and job_memory else cores
        slots = max(1, min(cores, fit))
        return Machine(slots, f"{slots} side by side: {cores} cores, and memory for {fit} jobs")
    words = f"{costs['slots']} by `costs.slots` in the config; another number: --resources gpu=N"
    return Machine(costs["slots"], words)


def within_partition(machine: Machine, partition: str, sinfo: str) -> Machine:
    """Return a machine within the limits of its SLURM partition, as `sinfo -o "%R %l %D %G"` tells.

    A line is: the partition, its longest time, its number of nodes, their generic resources.
    """
    gpus, longest = 0, ""
    for line in sinfo.splitlines():
        name, time, nodes, generic = (line.split(maxsplit=3) + [""] * 4)[:4]
        if name == partition and nodes.isdigit():
            longest = time
            counts = re.findall(r"\bgpu(?::[^:,()\s]+)?:(\d+)", generic)
            gpus += int(nodes) * sum(map(int, counts))
    if not gpus:
        return machine
    words = f"The partition {partition} has {gpus} GPUs; its longest job may take {longest}"
    return Machine(min(machine.devices, gpus), f"{machine.words}. {words}")
