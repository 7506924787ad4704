"""The names of files that a hub lists: none may lead out of the folder that they belong in."""

import os
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath


def check_names(names: Iterable[str], repo: str, revision: str, folder: Path) -> None:
    """Raise SystemExit at the first name that is no file inside a commit's folder."""
    for name in names:
        if fault := fault_of_name(name):
            raise SystemExit(
                f"{repo} at {revision}: it names a file {name!r}: {fault}. Nothing was fetched or "
                "deleted. Do not trust that repository: choose another one, or another commit, "
                "in config.yaml."
            )
        if link := link_outside(name, folder):
            raise SystemExit(
                f"{repo} at {revision}: it names a file {name!r}, and {link} is a link out of "
                f"{folder}. Nothing was fetched or deleted. If you did not make that link, do not "
                "trust that repository; remove the link and start again."
            )


def fault_of_name(name: str) -> str | None:
    """Return why a name in a listing cannot be a file's path inside a folder; None if it can.

    >>> fault_of_name("main/train.parquet")
    >>> fault_of_name("../config.json")
    "it has a part '..'"
    """
    if name.startswith("/"):
        return "it is an absolute path"
    if "\0" in name:
        return "it has a NUL character"
    if "\\" in name:
        return "it has a backslash"
    if PureWindowsPath(name).drive:
        return "it begins with a drive letter"
    parts = name.split("/")
    if "" in parts:
        return "it has an empty part"
    for part in (".", ".."):
        if part in parts:
            return f"it has a part {part!r}"
    if parts[0].casefold() == ".cache":  # some file systems do not tell cases apart
        return "the download keeps its own records in .cache"
    return None


def link_outside(name: str, folder: Path) -> Path | None:
    """Return the link on the way to a file by which the way leaves a folder; None if it stays."""
    inside = Path(os.path.realpath(folder))  # the folder itself may be reached by a link
    path = folder
    for part in name.split("/"):
        path = path / part
        # Not Path.resolve, which raises an error for a link to itself.
        if not Path(os.path.realpath(path)).is_relative_to(inside):
            return path
    return None
