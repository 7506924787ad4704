"""Reading and writing the files of a study: whole or not at all, mistakes named with their file."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.lib.aside import aside_of


def write_json(path: Path | str, record: Any) -> None:
    """Write a record whole or not at all, with sorted keys, creating its folder."""
    write_text(path, json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def write_jsonl(path: Path | str, rows: list[dict]) -> None:
    """Write one JSON object a line, whole or not at all."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def write_text(path: Path | str, text: str) -> None:
    """Write a text file whole or not at all: aside first, then one rename."""
    write_bytes(path, text.encode())


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write a file whole or not at all: aside first, then one rename."""
    with written_aside(Path(path)) as aside:
        aside.write_bytes(content)


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Yield a name beside a file, in its folder, which takes its place if all goes well."""
    with aside_of(path) as aside:
        yield aside
        aside.replace(path)


def read_json(path: Path | str) -> Any:
    """Read a record; exit with an error if the file is missing or not JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SystemExit(f"{path}: no such file; run the rule that makes it first") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SystemExit(f"{path}: not a JSON file ({error}); delete it and run again") from None


def read_jsonl(path: Path | str) -> list[dict]:
    """Read a JSON-lines file; exit with file and line number if a line is not JSON."""
    try:
        lines = Path(path).read_bytes().splitlines()
    except FileNotFoundError:
        raise SystemExit(f"{path}: no such file; run the rule that makes it first") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(json.loads(line))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise SystemExit(f"{path}, line {number}: not a JSON line ({error})") from None
    return rows


def sha256_of(path: Path | str) -> str:
    """Return the hex sha256 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_files(folder: Path | str) -> dict[str, str]:
    """Return {relative path: sha256} of the files below a folder, sorted by path.

    The hub client's own book-keeping (`.cache/`) is no part of a checkpoint.
    """
    folder = Path(folder)
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {
        name.as_posix(): sha256_of(folder / name)
        for name in sorted(names)
        if name.parts[0] != ".cache"
    }


@contextlib.contextmanager
def folder_made_whole(place: Path) -> Iterator[Path]:
    """Yield an empty folder beside `place`, which takes its place if all goes well.

    Whatever is killed, `place` is what it was, what it shall be, or for a moment not there. Its
    files get the permissions that the umask leaves: safetensors writes weights for their owner
    alone.
    """
    with aside_of(place) as aside, aside_of(place.with_name(f"{place.name}.old")) as older:
        aside.mkdir()
        yield aside
        os.umask(mask := os.umask(0))
        for path in aside.rglob("*"):
            if path.is_file() and not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o666 & ~mask))
        if place.exists():
            place.rename(older)
        aside.rename(place)


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
