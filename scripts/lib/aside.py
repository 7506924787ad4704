"""Names that files and folders are written under before the rename that puts them in their place.

Such a name is hidden, stands beside the place, and says which process of which machine writes it:
what a killed process has left is told from what a living one is writing.
"""

import contextlib
import glob
import hashlib
import os
import re
import shutil
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from scripts.lib.disk import refused_at

HERE = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]  # short: names have a limit
NAME = re.compile(r"\..+\.(?P<pid>\d+)@(?P<host>[0-9a-f]{8})")
LONGEST = 24 * 3600.0  # seconds: nothing is written for so long without a change


@contextlib.contextmanager
def aside_of(place: Path) -> Iterator[Path]:
    """Yield the name that this process writes a file or folder under, gone when the context ends.

    Its folder is made; what killed processes have left of the same place is removed. A full disk's
    error, which often has no file's name, names the place.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    remove_left(place.parent.glob(f".{glob.escape(place.name)}.*@*"))
    aside = place.with_name(f".{place.name}.{os.getpid()}@{HERE}")
    _remove(aside)  # of a process with this number, before the machine was started again
    try:
        with refused_at(place, instead_of=aside):
            yield aside
    finally:
        _remove(aside)


def sweep(folder: Path) -> None:
    """Remove what killed processes have left in a folder and below it."""
    for root, folders, files in os.walk(folder):
        hidden = [name for name in (*folders, *files) if name.startswith(".")]
        remove_left(Path(root, name) for name in hidden)
        folders[:] = [name for name in folders if NAME.fullmatch(name) is None]


def remove_left(paths: Iterable[Path]) -> None:
    """Remove those of these paths that no living process writes, as far as can be known here."""
    for path in paths:
        if (found := NAME.fullmatch(path.name)) and _is_left(path, found["host"], found["pid"]):
            _remove(path)


def _is_left(path: Path, host: str, pid: str) -> bool:
    """Say whether nobody writes there: of another machine's processes only their age tells."""
    if host == HERE:
        return not _runs(int(pid))
    with contextlib.suppress(OSError):  # renamed meanwhile
        newest = max(file.stat().st_mtime for file in (path, *path.rglob("*")))
        return time.time() - newest > LONGEST
    return False


def _runs(pid: int) -> bool:
    """Say whether a process of this number runs on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
