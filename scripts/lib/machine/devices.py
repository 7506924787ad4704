"""The GPUs of a job: those that SLURM granted, or free ones of a machine that jobs share.

Snakemake counts GPUs but hands none out, and a process that names no device takes the first.
"""

import fcntl
import os
import subprocess
import tempfile
import time
from pathlib import Path

from scripts.lib.console import report
from scripts.lib.machine.imports import quick_imports

RESTRICTION = "CUDA_VISIBLE_DEVICES"
COUNTED = "SRLM_GPUS_COUNTED"  # set by the rules where the profile says how many GPUs there are
GRANTED = "SRLM_GPUS_GRANTED"  # set by scripts/launch.py: how many a job must compute on
POLL_SECONDS = 1.0


def in_slurm() -> bool:
    """Say whether SLURM started this job, and so has granted what it sees to it alone."""
    return "SLURM_JOB_ID" in os.environ


def nvidia_smi(fact: str) -> list[str]:
    """Return a fact of every GPU of this machine, whatever this job sees; none without a GPU."""
    command = ["nvidia-smi", f"--query-gpu={fact}", "--format=csv,noheader"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return run.stdout.split()


def visible_devices() -> list[str]:
    """Return what CUDA would see, without starting it: UUIDs or indices; none without a GPU.

    Outside SLURM an index becomes the UUID that nvidia-smi gives it, so that a lock has one name.
    """
    restriction = os.environ.get(RESTRICTION)
    if restriction is None:
        return nvidia_smi("uuid")
    names = [name.strip() for name in restriction.split(",")]
    names = [name for name in names if name and name not in ("-1", "NoDevFiles")]
    if in_slurm() or not any(name.isdigit() for name in names):
        return names
    by_index = {str(index): uuid for index, uuid in enumerate(nvidia_smi("uuid"))}
    return [by_index.get(name, name) for name in names]


def torch_device() -> str:
    """Return what a program computes on, "cuda" or "cpu".

    Raises SystemExit if it was granted a GPU that torch cannot use: torch only warns, or says
    nothing, and a training of a day on a GPU would take weeks on a CPU.
    """
    with quick_imports():
        import torch

    if torch.cuda.is_available():  # device_count() alone also counts what the driver cannot serve
        return "cuda"
    if os.environ.get(GRANTED):
        build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "the CPU"
        driver = next(iter(nvidia_smi("driver_version")), "unknown")
        raise SystemExit(
            f"the job was granted {os.environ[GRANTED]} GPU(s), but torch sees none: torch "
            f"{torch.__version__} was built for {build}, driver {driver}: `make setup STACK=gpu`, "
            "or a newer driver"
        )
    return "cpu"


def device_name() -> str:
    """Return the name of the device that a program computes on."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def require_one_device(engine: str) -> None:
    """Exit with an error if transformers would generate on one of several devices alone."""
    if engine == "transformers" and len(devices := visible_devices()) > 1:
        raise SystemExit(
            f"the job was given {len(devices)} GPUs, but transformers generates on one: write "
            "`engine: vllm` for the rule in the profile's set-resources, or one GPU; by hand, set "
            f"{RESTRICTION}"
        )


def lock_folder() -> Path:
    """Return the folder of this user's locks, one file per device of this machine."""
    return Path(tempfile.gettempdir(), f"srlm-gpus-{os.getuid()}")


def granted_devices(wanted: int) -> list[str]:
    """Return the devices of a job that asked for so many (0: all that it sees).

    If SLURM shows a job exactly those, it granted them to it alone. Else jobs share the machine:
    the job takes free ones, and waits until there are enough. Without a profile that counts GPUs,
    as in the demo, nobody has promised a job one of its own: it waits for none that it must share.
    """
    visible = visible_devices()
    counted = COUNTED in os.environ
    if not visible and not (wanted and (in_slurm() or counted)):
        return []
    if len(visible) < wanted:
        raise SystemExit(
            f"the job asked for {wanted} GPU(s) and sees {', '.join(visible) or 'none'}: "
            "ask for fewer in the profile's set-resources, or run on a machine that has them"
        )
    if wanted in (0, len(visible)) and (in_slurm() or not counted):
        return visible
    wanted = wanted or len(visible)
    waiting = False
    while len(taken := take_free(visible, wanted)) < wanted:
        if not waiting:
            report(f"waits until {wanted} of this machine's {len(visible)} GPU(s) are free")
        waiting = True
        time.sleep(POLL_SECONDS)
    return taken


def require(devices: list[str]) -> None:
    """Let the program that this process becomes end if torch cannot use the devices.

    Only where GPUs were asked for, on a cluster or by a profile that counts them, and are real: a
    toy study may use a CPU build on a machine with a GPU, and the tests' SLURM grants false ones.
    """
    if devices and (in_slurm() or COUNTED in os.environ) and nvidia_smi("uuid"):
        os.environ[GRANTED] = str(len(devices))
    else:
        os.environ.pop(GRANTED, None)


def take_free(devices: list[str], wanted: int) -> list[str]:
    """Lock so many of the devices for this process and what it becomes; none if too few are free.

    The system drops a lock when the last process that inherited its file ends, however it ends.
    """
    lock_folder().mkdir(mode=0o700, exist_ok=True)
    locks: dict[str, int] = {}
    for device in devices:
        if len(locks) == wanted:
            break
        file = os.open(lock_folder() / device.replace("/", "-"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
        else:
            locks[device] = file
    if len(locks) < wanted:
        for file in locks.values():
            os.close(file)
        return []
    for file in locks.values():
        os.set_inheritable(file, True)
    return list(locks)
