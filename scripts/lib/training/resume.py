"""What a killed training leaves behind, and how the next start goes on from it.

A training works in a folder of checkpoints/{study}/train/{cell}/seed-{seed}/ that is named by what
a resume must find unchanged (Training.identity); never in a rule's output, which Snakemake deletes
before each start.
"""

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from scripts.lib.files import read_json, write_json
from scripts.lib.show.inert import escape

COMPLETE = "complete.json"
NOTE = "job.json"  # in a working folder: which job's it is
HOLDER = "holder.json"  # beside the lock: which process has it
LOCK = "lock"  # beside the working folders of one cell and seed, or of one model
KEPT_CHECKPOINTS = 2  # a torn newest one leaves the one before it


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a checkpoint folder for one process; the system drops the lock when that dies.

    Who holds it stands beside it: a Snakemake that was killed leaves its jobs running, and they
    hold what the next start needs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(folder / LOCK).acquire(blocking=False)
    except Timeout:
        raise SystemExit(
            f"{folder}: another process is training here{_holder(folder)}, perhaps a job that a "
            "killed Snakemake left; wait for it, or stop it (on a cluster: squeue, then scancel), "
            "and start again"
        ) from None
    with lock:
        write_json(folder / HOLDER, {"pid": os.getpid(), "host": socket.gethostname()})
        try:
            yield
        finally:
            (folder / HOLDER).unlink(missing_ok=True)


def _holder(folder: Path) -> str:
    """Return who holds a lock, as far as it is known, to stand behind `a process`."""
    try:
        held = json.loads((folder / HOLDER).read_text(encoding="utf-8"))
        return f" (process {int(held['pid'])} on {escape(str(held['host']))})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # an older version's, or just being written


def tidy(work: Path, rule: str, key: str, **wildcards: str | int) -> None:
    """Make a job's working folder, and remove from it the checkpoints that a kill has torn.

    Nothing beside it is touched: another recipe, or another clone, may go on from there. The note
    in it lets scripts/unfinished.py say whose it is.
    """
    work.mkdir(parents=True, exist_ok=True)
    write_json(work / NOTE, {"rule": rule, "key": key, "wildcards": wildcards})
    remove_torn(work)


def remove_torn(work: Path) -> None:
    """Remove the checkpoints that are not whole."""
    for checkpoint in sorted(work.glob("checkpoint-*")):
        if not is_complete(checkpoint):
            shutil.rmtree(checkpoint)


def mark_complete(checkpoint: Path) -> None:
    """Write down the sizes of a saved checkpoint's files: Trainer does not save in one piece."""
    sizes = {
        path.relative_to(checkpoint).as_posix(): path.stat().st_size
        for path in sorted(checkpoint.rglob("*"))
        if path.is_file()
    }
    write_json(checkpoint / COMPLETE, sizes)


def is_complete(checkpoint: Path) -> bool:
    """Say whether a checkpoint was saved whole and is so still."""
    if not (checkpoint / COMPLETE).is_file():
        return False
    sizes = read_json(checkpoint / COMPLETE)
    return all(
        (checkpoint / name).is_file() and (checkpoint / name).stat().st_size == size
        for name, size in sizes.items()
    )


def last_checkpoint(work: Path) -> Path | None:
    """Return the newest whole checkpoint."""
    whole = [path for path in work.glob("checkpoint-*") if is_complete(path)]
    return max(whole, key=lambda path: int(path.name.split("-")[1]), default=None)


def check_resume(checkpoint: Path, strategy: str, processes: int) -> None:
    """Exit with an error if a checkpoint cannot be resumed by so many processes, shared so.

    One process and DDP can go on with each other's; ZeRO-2 keeps one part of the optimizer for each
    process.
    """
    parts = len(list(checkpoint.glob("global_step*/*_optim_states.pt")))
    asked = processes if strategy == "zero2" else 0
    if parts != asked:
        saved, now = (
            f"by ZeRO-2 on {number} GPUs" if number else "without ZeRO-2"
            for number in (parts, asked)
        )
        raise SystemExit(
            f"{checkpoint}: was saved {saved}, but the training was started {now}: give the "
            "profile's `gpu` and `distributed` the values that they had, or delete the folder "
            f"{checkpoint.parent} and train anew"
        )


def check_space(folder: Path, needed: int, what: str) -> None:
    """Exit with an error if a disk is too small for what a training will write."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SystemExit(
            f"{folder}: {free / 1e9:.3f} GB are free, but {what} may take {needed / 1e9:.3f} GB: "
            "make room, or put the folder on a larger disk (docs/cluster.md, 'Scratch disks')"
        )


def checkpoint_bytes(model: Any, strategy: str) -> int:
    """Return about how much one checkpoint takes: trained weights and two moments of AdamW.

    ZeRO-2 adds weights of its own and the optimizer's.
    """
    copies = 5 if strategy == "zero2" else 3
    trained = (weight for weight in model.parameters() if weight.requires_grad)
    return copies * sum(weight.numel() * weight.element_size() for weight in trained)
