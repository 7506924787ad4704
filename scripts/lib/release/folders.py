"""Putting files into a release: weights without a second copy where the disk can share them."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

FICLONE = 0x40049409  # linux/fs.h: this file shares that one's blocks until one is written to
WEIGHTS = ".safetensors"


def put(source: Path, target: Path) -> None:
    """Put a file in its place: weights share their blocks with the source, the rest is copied.

    Blocks are shared by a reflink, or, where the file system has none, by a hard link; across file
    systems weights are copied too.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix != WEIGHTS:
        shutil.copyfile(source, target)
        return
    if reflink(source, target):
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def reflink(source: Path, target: Path) -> bool:
    """Make `target` a file that shares the source's blocks; False where that cannot be."""
    try:
        with source.open("rb") as read, target.open("xb") as written:
            fcntl.ioctl(written.fileno(), FICLONE, read.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            target.unlink(missing_ok=True)
        return False
    return True


def put_all(source: Path, names: Iterable[str], target: Path) -> None:
    """Put files of a folder, by their relative paths, into another folder."""
    for name in names:
        put(source / name, target / name)
