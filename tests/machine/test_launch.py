"""GPU jobs that share a machine: each gets devices of its own, and one process on each."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from scripts.launch import processes_of
from scripts.lib.machine import devices
from scripts.lib.training.launcher import SETTINGS, STRATEGIES
from scripts.lib.training.recipes import check_devices
from scripts.lib.training.resume import check_space
from tests.workflow import ROOT

PROBE = """\
import os, sys
print(os.environ.get("CUDA_VISIBLE_DEVICES", "none"), *sys.argv[1:], flush=True)
if "--torch" in sys.argv:
    from scripts.lib.machine.devices import torch_device

    print(torch_device(), flush=True)
sys.stdin.read()
"""


NVIDIA_SMI = """\
#!/bin/sh
case "$1" in
*driver*) printf '580.1\\n580.1\\n' ;;
*) printf 'GPU-a\\nGPU-b\\n' ;;
esac
"""


@pytest.fixture
def machine(tmp_path):
    """The environment of a machine with two GPUs, as far as nvidia-smi tells."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "nvidia-smi").write_text(NVIDIA_SMI)
    (programs / "nvidia-smi").chmod(0o755)
    (tmp_path / "probe.py").write_text(PROBE)
    ours = ("CUDA_VISIBLE_DEVICES", "SLURM_", "SRLM_GPUS_", "PROGRESS_FD")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return environment | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
        "TMPDIR": str(tmp_path),
    }


@pytest.fixture
def launch(machine):
    """Start a job on the machine; all that still run are ended with the test."""
    started = []

    def start(gpus=1, options=(), **environment):
        process = subprocess.Popen(
            [
                *[sys.executable, "-m", "scripts.launch", "--gpus", str(gpus)],
                *["probe", "--key", "1", *options],
            ],
            env=machine | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_jobs_of_one_machine_never_share_a_device(launch):
    first, second = launch(), launch()
    given = {process.stdout.readline() for process in (first, second)}
    assert given == {"GPU-a --key 1\n", "GPU-b --key 1\n"}


def test_a_device_is_free_again_when_its_job_dies_however_it_dies(launch):
    first, second = launch(), launch()
    lines = {process: process.stdout.readline() for process in (first, second)}
    third = launch()
    time.sleep(1.5)
    assert third.poll() is None
    first.send_signal(signal.SIGKILL)
    assert third.stdout.readline() == lines[first]


def test_what_slurm_granted_is_used_as_it_is(launch):
    granted = {"CUDA_VISIBLE_DEVICES": "1", "SLURM_JOB_ID": "7"}
    first, second = launch(**granted), launch(gpus=0, **granted)
    assert [job.stdout.readline() for job in (first, second)] == ["1 --key 1\n"] * 2


def test_the_only_visible_device_of_a_machine_is_shared_by_none(launch):
    one = {"CUDA_VISIBLE_DEVICES": "1", "SRLM_GPUS_COUNTED": "1"}
    first = launch(**one)
    assert first.stdout.readline() == "GPU-b --key 1\n"
    other = launch()  # of another Snakemake, that restricts nothing: it gets the other device
    assert other.stdout.readline() == "GPU-a --key 1\n"
    second = launch(**one)
    assert "waits until 1 of this machine's 1 GPU(s) are free" in second.stderr.readline()
    first.kill()
    assert second.stdout.readline() == "GPU-b --key 1\n"


@pytest.mark.parametrize("ask", [{"SLURM_JOB_ID": "7"}, {"SRLM_GPUS_COUNTED": "1"}], ids=str)
def test_a_job_that_asked_for_a_gpu_and_has_none_is_refused(launch, ask):
    _, message = launch(PATH="/nowhere", **ask).communicate()
    assert "asked for 1 GPU(s) and sees none" in message
    assert launch(gpus=0, PATH="/nowhere", **ask).stdout.readline() == "none --key 1\n"


@pytest.mark.skipif(torch.cuda.is_available(), reason="its torch sees a GPU")
@pytest.mark.parametrize("ask", [{"SLURM_JOB_ID": "7"}, {"SRLM_GPUS_COUNTED": "1"}], ids=str)
def test_a_granted_gpu_that_torch_cannot_use_ends_the_program(launch, ask):
    _, message = launch(options=["--torch"], **ask).communicate()
    assert "the job was granted 1 GPU(s), but torch sees none" in message
    assert f"torch {torch.__version__} was built for" in message
    assert "driver 580.1: `make setup STACK=gpu`, or a newer driver" in message
    assert "Traceback" not in message


def test_the_demo_waits_for_no_gpu(launch):
    demo = {"CUDA_VISIBLE_DEVICES": "1"}
    lines = [job.stdout.readline() for job in (launch(**demo), launch(**demo))]
    assert lines == ["GPU-b --key 1\n"] * 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="its torch sees a GPU")
def test_the_demo_and_false_devices_of_a_cluster_are_computed_on_the_cpu(launch, machine):
    for job in (
        launch(options=["--torch"]),
        launch(options=["--torch"], PATH="/nowhere", SLURM_JOB_ID="7", CUDA_VISIBLE_DEVICES="0"),
    ):
        output, _ = job.communicate()
        assert output.endswith("--key 1 --torch\ncpu\n")


def test_without_a_gpu_a_program_is_started_as_it_is(launch):
    assert launch(PATH="/nowhere").stdout.readline() == "none --key 1\n"


def test_fewer_devices_than_asked_for_are_refused(launch):
    _, message = launch(gpus=4).communicate()
    assert "asked for 4 GPU(s) and sees GPU-a, GPU-b: ask for fewer" in message
    assert "Traceback" not in message


def test_a_training_has_one_process_on_each_device_and_an_evaluation_one_on_all():
    assert processes_of("scripts.train_grpo", 8, "ddp") == 8
    assert processes_of("scripts.train_grpo", 0, "ddp") == 1
    assert processes_of("scripts.evaluate", 8, "ddp") == 1
    with pytest.raises(SystemExit, match="build_model uses one GPU, .* given 2: .*`gres`"):
        processes_of("scripts.build_model", 2, "ddp")


def test_zero2_is_refused_where_it_cannot_be_had(monkeypatch):
    with pytest.raises(SystemExit, match="the job has 1 GPU.*raise `gpu`, or write"):
        processes_of("scripts.train_sft", 1, "zero2")
    monkeypatch.setattr("scripts.lib.training.launcher.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="DeepSpeed, which is not installed: `make setup STACK"):
        processes_of("scripts.train_sft", 2, "zero2")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_has_its_settings(strategy):
    assert (SETTINGS / f"{strategy}.yaml").is_file()


def test_a_training_with_another_number_of_processes_than_devices_is_refused(monkeypatch):
    check_devices(visible=0)
    check_devices(visible=1)
    with pytest.raises(SystemExit, match="8 GPUs are visible to 1 training process"):
        check_devices(visible=8)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "8")
    check_devices(visible=8)


def test_devices_that_slurm_names_or_hides(monkeypatch):
    for value, expected in [("0,1", ["0", "1"]), ("", []), ("NoDevFiles", []), ("-1", [])]:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
        assert devices.visible_devices() == expected


def test_too_small_a_disk_is_named_with_the_cure(tmp_path):
    check_space(tmp_path, 1000, "its checkpoints")
    with pytest.raises(
        SystemExit, match=r"GB are free, but its checkpoints may take .*larger disk"
    ):
        check_space(tmp_path, 10**18, "its checkpoints")
