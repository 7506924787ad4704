"""What a disk refuses, in one line: full, read-only, not ours, a file in a folder's place."""

import contextlib
import errno
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

FULL = "the disk is full: make room, or put the folder on a larger disk"
IN_THE_WAY = "a file stands where a folder should be, or a folder where a file should: move it away"
MEANINGS = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: "the disk's quota is used up: make room, or ask for more",
    errno.EFBIG: "the file is larger than this disk or `ulimit -f` permits: raise the limit",
    errno.EROFS: "the disk is read-only: make it writable, or work in another folder",
    errno.EACCES: "this user may not do that there: correct the folder's permissions or its owner",
    errno.EPERM: "this user may not do that there: correct the folder's permissions or its owner",
    errno.ENOTDIR: IN_THE_WAY,
    errno.EEXIST: IN_THE_WAY,
    errno.EISDIR: IN_THE_WAY,
}
# Libraries that write from other languages have an error of their own, with the system's text.
SPOKEN = {
    os.strerror(number): number for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
}
TORCHS_WRITER = "inline_container.cc"  # of torch.save: it says where it stopped, not why
AGAIN = "and start again; what is finished is kept"
ALMOST_NONE = 2**20  # bytes


def in_words(error: BaseException) -> str | None:
    """Return one line for an error of a disk, None for another error.

    >>> in_words(OSError(errno.ENOSPC, "No space left on device", "out.json")).split(":")[0]
    'out.json'
    >>> in_words(ValueError("No such thing"))
    """
    if "No usable temporary directory" in str(error):
        return f"no temporary folder can be written to: make room, or set TMPDIR, {AGAIN}"
    number = _number(error)
    if number is None:
        return None
    name = _name(error)
    names = [name] if name else _full_places(number)
    return f"{', '.join(names)}: {MEANINGS[number]}, {AGAIN}"


def _name(error: BaseException) -> str | None:
    """Return the file that an error, or what it comes from, names."""
    if name := getattr(error, "filename", None):
        return str(name)
    return _name(error.__cause__) if error.__cause__ else None


def _number(error: BaseException, place: Path | None = None) -> int | None:
    """Return the number of what a disk refuses, by an error of whatever library; None of another.

    `place` is where the disk may be full, besides this folder and the one for temporary files.
    """
    number = None
    if isinstance(error, OSError) and error.errno in MEANINGS:
        # The others of a connection have no file's name.
        number = error.errno if error.filename or error.errno in SPOKEN.values() else None
    if number is None:
        number = next((n for text, n in SPOKEN.items() if text in str(error)), None)
    if number is None and TORCHS_WRITER in str(error) and _full(*[place] if place else []):
        number = errno.ENOSPC
    if number is None and error.__cause__:
        return _number(error.__cause__, place)
    return number


@contextlib.contextmanager
def refused_at(place: Path, instead_of: Path | None = None) -> Iterator[None]:
    """Let what a disk refuses within name a place, if it names no file, or one in `instead_of`.

    It has to be known while the disk is still full: what is unfinished is removed afterwards.
    """
    try:
        yield
    except Exception as error:
        number = _number(error, nearest_that_is(place))
        named = _name(error)
        own = instead_of is not None and Path(named or "").is_relative_to(instead_of)
        if number is None or (named and not own):
            raise
        raise OSError(number, os.strerror(number), str(place)) from error


@contextlib.contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Yield a folder for what is not kept; if its disk refuses something, the error names it."""
    with tempfile.TemporaryDirectory(prefix=prefix) as name, refused_at(Path(name).parent):
        yield Path(name)


def _full_places(number: int) -> list[str]:
    """Return where the error may be: an error of writing does not say it."""
    full = number == errno.ENOSPC and _full()
    return full or [str(Path.cwd()), *_temporary_folder()]


def _full(*others: Path) -> list[str]:
    """Return which of these folders, this one, and the one for temporary files have no room."""
    folders = [*map(str, others), str(Path.cwd()), *_temporary_folder()]
    return [name for name in folders if shutil.disk_usage(name).free < ALMOST_NONE]


def _temporary_folder() -> list[str]:
    try:
        return [tempfile.gettempdir()]
    except FileNotFoundError:
        return []


@contextlib.contextmanager
def disk_in_words() -> Iterator[None]:
    """Raise SystemExit with one line where a disk refuses what is done within."""
    try:
        yield
    except Exception as error:
        if said := in_words(error):
            raise SystemExit(said) from None
        raise


def say_in_words() -> None:
    """Let this process end with one line, without a traceback, where a disk refuses."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if said := in_words(error):
            print(said, file=sys.stderr)
        else:
            before(kind, error, trace)

    sys.excepthook = hook


def nearest_that_is(path: Path) -> Path:
    """Return a path, or the nearest above it that is there."""
    return path if path.exists() or path.parent == path else nearest_that_is(path.parent)


def end_future(folder: Path) -> None:
    """Give the present time to files from the future, which a clock that went back leaves.

    Snakemake takes no output that is older than an input; what is current the records say.
    """
    now = time.time()
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # removed meanwhile, or not ours
            if path.stat().st_mtime > now:
                os.utime(path, (now, now))


def check_folder(path: Path, write: bool) -> None:
    """Exit with an error unless a folder is one, or can be made, and written to if it shall be."""
    place = nearest_that_is(path.absolute())
    if not place.is_dir():
        raise SystemExit(f"{place}: {IN_THE_WAY}, {AGAIN}")
    if write and not os.access(place, os.W_OK):
        readonly = os.statvfs(place).f_flag & os.ST_RDONLY
        raise SystemExit(f"{place}: {MEANINGS[errno.EROFS if readonly else errno.EACCES]}, {AGAIN}")
    if shutil.disk_usage(place).free < ALMOST_NONE:
        raise SystemExit(f"{place}: {FULL}, {AGAIN}")
