"""A disk of a few kilobytes, mounted for a test."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = os.sysconf("SC_PAGE_SIZE")


class SmallDisk:
    """A file system in memory that is full soon."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resize(self, size: int) -> None:
        """Give it room for so many bytes, a page more than what is asked for at most."""
        subprocess.run(["mount", "-o", f"remount,size={size}", "none", self.folder], check=True)

    def read_only(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", "none", self.folder], check=True)


@contextlib.contextmanager
def small_disk(folder: Path, size: int = 2**30) -> Iterator[SmallDisk]:
    """Mount one on a folder that is made; skip the test where that is not permitted."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder]
    if os.geteuid() or (run := subprocess.run(mount, capture_output=True, text=True)).returncode:
        why = "only root may mount one" if os.geteuid() else run.stderr.strip()
        pytest.skip(f"no disk of the test's own: {why}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
