"""Time, energy and memory of a job: by a stand-in for NVIDIA's library, no GPU is needed."""

import time

import pytest

from scripts.lib.machine import energy
from scripts.lib.machine.energy import EnergyMeter
from scripts.lib.machine.usage import Clock


class FakeNvml:
    """Counters in millijoules of the devices of one machine, as the module pynvml gives them."""

    class NVMLError(Exception):
        pass

    def __init__(self, **counters):
        self.counters = counters  # by UUID, in the order of their indices

    def nvmlInit(self):
        pass

    def nvmlDeviceGetHandleByIndex(self, index):
        return [*self.counters][index]

    def nvmlDeviceGetHandleByUUID(self, uuid):
        if uuid not in self.counters:
            raise self.NVMLError("Not Found")
        return uuid

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        if self.counters[handle] is None:
            raise self.NVMLError("Not Supported")
        return self.counters[handle]


def test_the_energy_of_all_of_a_jobs_devices_is_summed_in_joules():
    nvml = FakeNvml(one=1000, two=5000, others=0)
    meter = EnergyMeter(["one", "two"], nvml)
    nvml.counters = {"one": 3500, "two": 5500, "others": 10**9}
    assert meter.lap() == 3.0
    assert meter.lap() == 0.0
    nvml.counters["two"] += 250
    assert meter.lap() == 0.25


def test_a_device_may_be_named_by_its_index():
    nvml = FakeNvml(one=0, two=0)
    meter = EnergyMeter(["1"], nvml)
    nvml.counters = {"one": 7000, "two": 2000}
    assert meter.lap() == 2.0


@pytest.mark.parametrize("counter", [None, 10])
def test_what_a_device_does_not_count_is_not_measured(counter):
    nvml = FakeNvml(one=1000, two=1000)
    meter = EnergyMeter(["one", "two"], nvml)
    nvml.counters["two"] = counter  # None: not supported; lower than before: its driver was reset
    assert meter.lap() is None
    assert EnergyMeter(["MIG-unknown"], nvml).lap() is None


def test_without_a_device_a_library_or_a_driver_nothing_is_measured(monkeypatch):
    assert EnergyMeter([], FakeNvml(one=0)).lap() is None

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(energy.importlib, "import_module", absent)
    assert EnergyMeter(["one"]).lap() is None

    class NoDriver(FakeNvml):
        def nvmlInit(self):
            raise self.NVMLError("Driver Not Loaded")

    monkeypatch.setattr(energy.importlib, "import_module", lambda name: NoDriver(one=0))
    assert EnergyMeter(["one"]).lap() is None


def test_a_job_on_a_cpu_asks_no_gpu_of_the_machine(monkeypatch):
    monkeypatch.setattr(energy, "visible_devices", lambda: ["one"])
    monkeypatch.setattr(energy.importlib, "import_module", lambda name: FakeNvml(one=0))
    monkeypatch.setattr(energy, "torch_device", lambda: "cpu")
    assert energy.job_meter().lap() is None
    monkeypatch.setattr(energy, "torch_device", lambda: "cuda")
    assert energy.job_meter().lap() == 0.0


def test_time_and_energy_add_up_over_starts_and_survive_a_torn_line(tmp_path):
    path, nvml = tmp_path / "clock.jsonl", FakeNvml(one=0)
    first = Clock(path, time.monotonic() - 5, EnergyMeter(["one"], nvml))
    nvml.counters["one"] = 4000
    first.tick(100)
    with path.open("a") as file:
        file.write('{"sec')
    nvml.counters["one"] = 50_000  # used while no start of this training ran
    again = Clock(path, time.monotonic(), EnergyMeter(["one"], nvml))
    assert (round(again.seconds), again.peak, again.starts) == (5, 100, 2)
    nvml.counters["one"] = 51_500
    again.tick(70)
    assert (again.joules, again.peak) == (5.5, 100)


def test_one_start_without_a_counter_leaves_the_energy_of_the_whole_training_open(tmp_path):
    path, nvml = tmp_path / "clock.jsonl", FakeNvml(one=0)
    Clock(path, time.monotonic(), EnergyMeter(["one"], nvml)).tick(1)
    Clock(path, time.monotonic(), EnergyMeter([])).tick(1)
    last = Clock(path, time.monotonic(), EnergyMeter(["one"], nvml))
    last.tick(1)
    assert last.joules is None
