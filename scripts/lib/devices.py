"""The GPUs of a job: those that SLURM granted, or free ones of a machine that jobs share.

Snakemake counts GPUs but hands none out, and a process that names no device takes the first.
"""

import fcntl
import os
import subprocess
import tempfile
import time
from pathlib import Path

RESTRICTION = "CUDA_VISIBLE_DEVICES"
POLL_SECONDS = 1.0


def visible_devices() -> list[str]:
    """Return what CUDA would see, without starting it: indices or UUIDs; none without a GPU."""
    restriction = os.environ.get(RESTRICTION)
    if restriction is not None:
        names = [name.strip() for name in restriction.split(",")]
        return [name for name in names if name and name not in ("-1", "NoDevFiles")]
    command = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return run.stdout.split()


def lock_folder() -> Path:
    """Return the folder of this user's locks, one file a device of this machine."""
    return Path(tempfile.gettempdir(), f"srlm-gpus-{os.getuid()}")


def granted_devices(wanted: int) -> list[str]:
    """Return the devices of a job that asked for so many (0: all that it sees).

    If exactly those are visible, they were granted to the job alone. If more are, jobs share the
    machine: the job takes free ones, and waits until there are enough.
    """
    visible = visible_devices()
    if not wanted or len(visible) in (0, wanted):
        return visible
    if len(visible) < wanted:
        raise SystemExit(
            f"the job asked for {wanted} GPUs and sees {len(visible)} ({', '.join(visible)}): "
            "ask for fewer in the profile's set-resources, or run on a machine that has them"
        )
    while len(taken := take_free(visible, wanted)) < wanted:
        time.sleep(POLL_SECONDS)
    return taken


def take_free(devices: list[str], wanted: int) -> list[str]:
    """Lock so many of the devices for this process and what it becomes; none if too few are free.

    The system drops a lock when the last process that inherited its file ends, however it ends.
    """
    lock_folder().mkdir(mode=0o700, exist_ok=True)
    locks: dict[str, int] = {}
    for device in devices:
        if len(locks) == wanted:
            break
        file = os.open(lock_folder() / device, os.O_RDWR | os.O_CREAT, 0o600)
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
