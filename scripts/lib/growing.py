"""Files that grow by a line at a time: what a killed start has written is kept."""

import os
from pathlib import Path

from scripts.lib.disk import refused_at


class GrowingFile:
    """A file of lines; one that a kill or a full disk has torn is cut off, `lines` are the others.

    It is open only while it is written to: a network's file system keeps an open file's folder.
    """

    def __init__(self, path: Path) -> None:
        """Read it; its folder is made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        content = path.read_bytes() if path.exists() else b""
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(path, whole)
        self.lines = content[:whole].split(b"\n")[:-1]

    def add(self, line: bytes, sync: bool = False) -> None:
        """Add a line; with `sync` it is on the disk when this returns. An error names the file."""
        with refused_at(self.path), self.path.open("ab", buffering=0) as file:
            rest = memoryview(line + b"\n")
            while rest:  # on a full disk a part, then the error; a buffer would be written again
                rest = rest[file.write(rest) :]
            if sync:
                os.fsync(file.fileno())
