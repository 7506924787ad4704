"""The energy that a job's GPUs used, from the counters of NVIDIA's driver (NVML).

Each GPU counts what it has used since its driver was loaded, in millijoules (NVML's
nvmlDeviceGetTotalEnergyConsumption; Volta and later, not a MIG instance). A difference of two
readings is the whole GPU's energy between them: its idle power is part of it, the host's is not.
"""

import importlib
from collections.abc import Sequence
from typing import Any

from scripts.lib.machine.devices import torch_device, visible_devices


class EnergyMeter:
    """Reads the counters of some GPUs; what one of them does not say is None: not measured."""

    def __init__(self, devices: Sequence[str], nvml: Any = None) -> None:
        """Take a first reading of `devices`, as CUDA_VISIBLE_DEVICES names them.

        `nvml` is NVIDIA's module `pynvml`, by default imported if there is a device.
        """
        self.nvml: Any = nvml or (load_nvml() if devices else None)
        self.devices = list(devices)
        self.last = self._total()

    def lap(self) -> float | None:
        """Return the joules that all devices used since the last reading; None if not measured."""
        before, self.last = self.last, self._total()
        if before is None or self.last is None or self.last < before:  # a driver loaded anew
            return None
        return (self.last - before) / 1000

    def _total(self) -> int | None:
        """Return the sum of the counters in millijoules."""
        if self.nvml is None or not self.devices:
            return None
        try:
            handles = [self._handle(device) for device in self.devices]
            return sum(map(self.nvml.nvmlDeviceGetTotalEnergyConsumption, handles))
        except self.nvml.NVMLError:
            return None

    def _handle(self, device: str) -> Any:
        if device.isdigit():
            return self.nvml.nvmlDeviceGetHandleByIndex(int(device))
        return self.nvml.nvmlDeviceGetHandleByUUID(device)


def load_nvml() -> Any:
    """Return NVIDIA's module, started; None without it or without a driver."""
    try:
        nvml = importlib.import_module("pynvml")
    except ImportError:
        return None
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return None
    return nvml


def job_meter() -> EnergyMeter:
    """Return the meter of the GPUs that this job computes on; on a CPU it measures nothing."""
    return EnergyMeter(visible_devices() if torch_device() == "cuda" else [])
