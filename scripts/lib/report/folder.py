"""The report's folder: made beside its place, and put there whole."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.lib.files import publish_folder


@contextmanager
def folder_made_whole(place: Path) -> Iterator[Path]:
    """Yield an empty folder beside `place`, which takes its place if all goes well.

    Whatever is killed, `place` is what it was or what it shall be. What a killed start has left
    beside it is removed.
    """
    aside = place.with_name(f".{place.name}.making")
    for left in [aside, *place.parent.glob(f".{place.name}.*.old")]:
        shutil.rmtree(left, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield aside
        publish_folder(aside, place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
