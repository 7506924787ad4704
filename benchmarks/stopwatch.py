"""Time on a device that works on while the program goes ahead."""

import functools
import time
from collections import defaultdict
from typing import Any


class Stopwatch:
    """Time spent in named functions, the device's work included, while it is on."""

    def __init__(self) -> None:
        """Start without a lap, and on."""
        self.on = True
        self.laps: dict[str, list[float]] = defaultdict(list)
        self.running: list[str] = []

    def wrap(self, owner: Any, method: str, name: str, inside: str | None = None) -> None:
        """Time a method of one object, if `inside`: only while that name is being timed."""
        function = getattr(owner, method)

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            if not self.on or (inside and inside not in self.running):
                return function(*args, **kwargs)
            self.running.append(name)
            started = now()
            try:
                return function(*args, **kwargs)
            finally:
                self.laps[name].append(now() - started)
                self.running.pop()

        setattr(owner, method, timed)

    def total(self, name: str) -> float:
        """Return the seconds of all laps of a name."""
        return sum(self.laps[name])


def now() -> float:
    """Return the time in seconds at which the device has done all that it was told."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
