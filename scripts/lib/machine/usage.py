"""What a job uses of its machine: time, memory and energy. No key depends on it, and no result."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from scripts.lib.growing import GrowingFile
from scripts.lib.machine.energy import EnergyMeter


def peak_memory() -> int:
    """Return the most memory this process has used: on the GPU if there is one, else resident.

    In bytes; on a GPU what torch has allocated, 0 if another process did.
    """
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


class Clock:
    """Time, energy and peak memory of a training over all its starts, beside its checkpoints.

    `joules` is None as soon as one part of the training was not measured.
    """

    def __init__(self, path: Path, started: float, meter: EnergyMeter) -> None:
        """Read what earlier starts used; time counts from `started` (time.monotonic())."""
        self.file, self.last, self.meter = GrowingFile(path), started, meter
        earlier = [json.loads(line) for line in self.file.lines]
        self.seconds = sum(line["seconds"] for line in earlier)
        self.peak = max((line["peak_memory_bytes"] for line in earlier), default=0)
        self.joules = total([line["joules"] for line in earlier])
        self.starts = 1 + sum(line["start"] for line in earlier)
        self.first = True

    def tick(self, peak_memory_bytes: int) -> None:
        """Append what was used since the last tick, so that a kill loses one step of it at most."""
        now = time.monotonic()
        line: dict[str, Any] = {
            "start": self.first,
            "seconds": now - self.last,
            "joules": self.meter.lap(),
            "peak_memory_bytes": peak_memory_bytes,
        }
        self.file.add(json.dumps(line).encode())
        self.seconds += line["seconds"]
        self.joules = total([self.joules, line["joules"]])
        self.peak = max(self.peak, peak_memory_bytes)
        self.last, self.first = now, False


def total(parts: list[float | None]) -> float | None:
    """Return the sum of what was measured in parts; None if one of them was not.

    >>> total([1.5, 2.0]), total([1.5, None]), total([])
    (3.5, None, 0)
    """
    measured = [part for part in parts if part is not None]
    return sum(measured) if len(measured) == len(parts) else None
