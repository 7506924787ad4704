"""What is ours around vLLM, on a stand-in for it: sharing among devices, seeds, ends."""

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from scripts.lib.engines.start import EngineSettings, start_engine
from scripts.lib.machine.devices import require_one_device
from tests.workflow import ROOT

STAND_IN = """\
import os
import time
from types import SimpleNamespace

SamplingParams = SimpleNamespace


class Engine:
    vllm_config = SimpleNamespace(
        scheduler_config=SimpleNamespace(max_num_seqs=2, max_num_batched_tokens=8)
    )
    engine_core = SimpleNamespace(shutdown=lambda: None)

    def __init__(self):
        self.waiting = []

    def add_request(self, request_id, prompt, parameters):
        self.waiting.append((request_id, prompt["prompt_token_ids"], parameters))

    def has_unfinished_requests(self):
        return bool(self.waiting)

    def step(self):
        request_id, prompt, parameters = self.waiting.pop()  # the last one first
        if prompt[0] == 99:
            print("generating", os.getpid(), flush=True)
            time.sleep(600)
        device = int(os.environ["CUDA_VISIBLE_DEVICES"])
        tokens = SimpleNamespace(token_ids=[device, prompt[0], parameters.seed])
        found = {"request_id": request_id, "outputs": [tokens], "finished": True}
        return [SimpleNamespace(**found, num_cached_tokens=int(prompt[0] == 2))]


class LLM:
    def __init__(self, model, **arguments):
        if os.environ["CUDA_VISIBLE_DEVICES"] == "small":
            raise ValueError("No available memory for the cache blocks.")
        if os.environ["CUDA_VISIBLE_DEVICES"] == "shared":
            raise ValueError("Free memory on device (9/80 GiB) is less than desired.")
        assert os.path.isdir(os.environ["VLLM_CACHE_ROOT"])
        self.llm_engine = Engine()
"""
KINDS = "from types import SimpleNamespace\nRequestOutputKind = SimpleNamespace(FINAL_ONLY=2)\n"
PROGRAM = """\
import sys
from scripts.lib.engines.requests import Request, Sampling
from scripts.lib.engines.vllm import VllmEngine

if __name__ == "__main__":
    first, *devices = sys.argv[1:]
    engine = VllmEngine("model", {"max_model_len": 8, "max_num_seqs": 2}, devices)
    requests = [Request([int(first) + n], 4, 100 + n) for n in range(5)]
    print(engine.generate(requests, Sampling(0.6, 0.95, 0, 1.0, [0], 0)))
    print(engine.facts["prefix_cache_hit_rate"], engine.facts["vllm"]["max_num_batched_tokens"])
    engine.close()
"""


@pytest.fixture
def start(tmp_path):
    """Start a program that generates from five prompts, the first of which holds a number."""
    (tmp_path / "vllm").mkdir()
    (tmp_path / "vllm" / "__init__.py").write_text(STAND_IN)
    (tmp_path / "vllm" / "sampling_params.py").write_text(KINDS)
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "tmp").mkdir()
    places = {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "TMPDIR": str(tmp_path / "tmp")}
    started = []

    def start(first, *devices, **environment):
        process = subprocess.Popen(
            [sys.executable, "-m", "program", str(first), *devices],
            env=os.environ | places | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # engines that were left, too
        process.communicate()


@pytest.mark.slow
def test_devices_share_the_requests_and_answer_in_their_order(start, tmp_path):
    output, errors = start(0, "3", "7").communicate()
    assert output == "[[3, 0, 100], [7, 1, 101], [3, 2, 102], [7, 3, 103], [3, 4, 104]]\n0.2 8\n", (
        errors
    )
    assert not list((tmp_path / "tmp").iterdir())  # no compiled code is left behind


@pytest.mark.slow
def test_a_folder_of_the_users_own_keeps_compiled_code(start, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    output, errors = start(0, "3", "7", VLLM_CACHE_ROOT=str(own)).communicate()
    assert output, errors
    assert own.is_dir() and not list((tmp_path / "tmp").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("device", "said", "cure"),
    [
        ("small", "share of the memory is too small", "raise vllm.gpu_memory_utilization or lower"),
        ("shared", "too little free memory", "or lower vllm.gpu_memory_utilization in config.yaml"),
    ],
)
def test_a_device_with_too_little_memory_ends_the_program_with_the_cure(device, said, cure, start):
    process = start(0, "3", device)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert said in errors and cure in errors
    assert "Traceback" not in errors


def test_transformers_leave_no_device_idle(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")
    require_one_device("vllm")
    with pytest.raises(SystemExit, match="given 2 GPUs, but transformers generates on one: write"):
        require_one_device("transformers")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a")
    require_one_device("transformers")


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_no_engine_outlives_the_program_that_started_it(sign, start):
    program = start(99, "3", "7")
    worker = int(program.stdout.readline().split()[1])  # it would generate for ten minutes
    program.send_signal(sign)
    program.wait()
    deadline = time.monotonic() + 20
    while psutil.pid_exists(worker) and psutil.Process(worker).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(importlib.util.find_spec("vllm"), reason="vLLM is installed")
def test_a_missing_vllm_is_named_with_the_cure():
    with pytest.raises(SystemExit, match="`make setup STACK=gpu` .* or write `engine: transform"):
        start_engine(EngineSettings("vllm"), Path("checkpoint"), "auto", 128, 4)
