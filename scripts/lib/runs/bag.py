"""A run's archive: a BagIt bag (RFC 8493, sha256) in an uncompressed tar, the same bytes each time.

Reading one trusts nothing in it: only regular files below one folder, of bounded number and size,
are unpacked, and each must have the digest that the manifest names.
"""

import contextlib
import errno
import hashlib
import io
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from scripts.lib.console import spell_bytes
from scripts.lib.disk import refused_at
from scripts.lib.files import sha256_of, written_aside

MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
PAYLOAD = "data"
MOST_FILES = 200_000
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
LONGEST_READ = 1 << 24  # bytes at once: more is no header, and files are copied in smaller pieces
HOW = "scripts.pack writes such archives (docs/other-runs.md)"

Content = Path | bytes  # a file of the payload: where it is, or what is in it


# --------------------------------------------------------------------------------------- writing


def write_bag(path: Path, name: str, payload: Mapping[str, Content], info: dict[str, str]) -> None:
    """Write a bag called `name` with these files below its `data/`, whole or not at all."""
    files: dict[str, Content] = {f"{PAYLOAD}/{n}": payload[n] for n in sorted(payload)}
    tags: dict[str, Content] = {
        "bagit.txt": BAGIT.encode(),
        "bag-info.txt": "".join(f"{n}: {value}\n" for n, value in info.items()).encode(),
        MANIFEST: _manifest(files),
    }
    tags[TAG_MANIFEST] = _manifest(tags)
    with (
        written_aside(path) as aside,
        tarfile.open(aside, "w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for member, content in (tags | files).items():
            _add(tar, f"{name}/{member}", content)


def _manifest(files: Mapping[str, Content]) -> bytes:
    digests = {name: _digest(content) for name, content in files.items()}
    return "".join(f"{digest}  {name}\n" for name, digest in digests.items()).encode()


def _digest(content: Content) -> str:
    return sha256_of(content) if isinstance(content, Path) else hashlib.sha256(content).hexdigest()


def _add(tar: tarfile.TarFile, name: str, content: Content) -> None:
    """Add a file without what differs between two machines: times, owners, rights."""
    member = tarfile.TarInfo(name)
    if isinstance(content, Path):
        member.size = content.stat().st_size
        with content.open("rb") as file:
            tar.addfile(member, file)
    else:
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))


# --------------------------------------------------------------------------------------- reading


@contextlib.contextmanager
def unpacked(path: Path, largest: int) -> Iterator[Path]:
    """Give the payload of a bag, unpacked and checked, as a folder that goes with the context.

    `largest` is in bytes. Exits with an error in one line if the archive is no such bag, is larger,
    was changed, or has anything but regular files below one folder.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SystemExit(f"{path}: {error.strerror}") from None
    if size > largest:
        raise SystemExit(
            f"{path}: {spell_bytes(size)}, more than the {spell_bytes(largest)} that are allowed; "
            "--max-gigabytes allows more"
        )
    with tempfile.TemporaryDirectory(prefix="run-") as folder:
        try:
            with (
                refused_at(Path(folder).parent),
                path.open("rb") as file,
                tarfile.open(fileobj=_Pieces(file), mode="r:") as tar,
            ):
                names = _unpack(path, tar, Path(folder))
        except (tarfile.TarError, OSError, ValueError, OverflowError) as error:
            if isinstance(error, OSError) and error.errno in NO_ROOM:  # no fault of the archive
                raise
            raise SystemExit(f"{path}: not an uncompressed tar ({error}); {HOW}") from None
        bag = Path(folder, names[0].split("/")[0])
        _check(path, bag, {name.partition("/")[2] for name in names})
        yield bag / PAYLOAD


class _Pieces(io.RawIOBase):
    """A file that is read in pieces alone: a header that claims gigabytes is none."""

    def __init__(self, file: IO[bytes]):
        self.file = file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LONGEST_READ:
            raise ValueError("a header too long")
        return self.file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()


def _unpack(path: Path, tar: tarfile.TarFile, folder: Path) -> list[str]:
    """Unpack the members, each refused unless it is a plain file with a plain name."""
    names: list[str] = []
    for member in tar:
        wrong = _wrong(member)
        if not wrong and names and member.name.split("/")[0] != names[0].split("/")[0]:
            wrong = "is in a second folder"
        if not wrong and len(names) == MOST_FILES:
            wrong = f"is one more than {MOST_FILES:,} files"
        source = None if wrong else tar.extractfile(member)
        if source is None:
            raise SystemExit(f"{path}: refused: the member {member.name[:200]!r} {wrong}; {HOW}")
        target = folder / member.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with source, target.open("xb") as file:
            while piece := source.read(1 << 20):
                file.write(piece)
        names.append(member.name)
    if not names:
        raise SystemExit(f"{path}: an empty archive; {HOW}")
    return names


def _wrong(member: tarfile.TarInfo) -> str:
    """Return why a member is refused, empty for a plain file with a plain relative name."""
    if not member.isreg() or member.issparse():
        return "is no regular file"
    parts = member.name.split("/")
    plain = member.name.isprintable() and "\\" not in member.name
    if not plain or len(parts) < 2 or any(part in ("", ".", "..") for part in parts):
        return "has a name that is not below one folder"
    return "has too long a name" if len(member.name) > 400 else ""


def _check(path: Path, bag: Path, names: set[str]) -> None:
    """Exit with an error unless the files are those of the manifests, with their digests."""
    listed = _listed(path, bag / MANIFEST)
    tags = _listed(path, bag / TAG_MANIFEST)
    wrong = {name for name in listed if not name.startswith(f"{PAYLOAD}/")}
    odd = sorted((names ^ {*listed, *tags, TAG_MANIFEST}) | wrong)
    if odd:
        raise SystemExit(
            f"{path}: refused: {odd[0]} is {'not listed' if odd[0] in names else 'missing'}, by "
            f"its manifests; {HOW}"
        )
    for name, digest in (tags | listed).items():
        if sha256_of(bag / name) != digest:
            raise SystemExit(
                f"{path}: refused: {name} has not the sha256 that its manifest names: the archive "
                "was changed, or is damaged"
            )


def _listed(path: Path, manifest: Path) -> dict[str, str]:
    """Return {name: digest} of a manifest."""
    try:
        lines = manifest.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise SystemExit(f"{path}: no {manifest.name} in it, so no bag; {HOW}") from None
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
