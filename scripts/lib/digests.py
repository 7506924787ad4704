"""Digests of a user's own files, kept from one start to the next by size and time of change."""

import contextlib
from pathlib import Path

from scripts.lib.files import read_json, sha256_of, write_json

KEPT = Path(".snakemake/digests.json")  # beside Snakemake's own memory; losing it costs time alone


def kept_digest(path: Path) -> str:
    """Return the hex sha256 of a file; an unchanged large one is not read again."""
    stat = path.stat()
    seen = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    name = str(path.resolve())
    try:
        known = read_json(KEPT)
    except (SystemExit, OSError):  # none yet, torn, or not ours to read
        known = {}
    if not isinstance(known, dict):
        known = {}
    if known.get(name, [None])[0] != seen:
        known[name] = [seen, sha256_of(path)]
        with contextlib.suppress(OSError):  # a folder that is not ours to write
            write_json(KEPT, known)
    return known[name][1]


def kept_digests(folder: Path) -> dict[str, str]:
    """Return {relative path: sha256} of the files below a folder, as `digest_files` does."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    named = {path.relative_to(folder): path for path in files}
    return {n.as_posix(): kept_digest(p) for n, p in named.items() if n.parts[0] != ".cache"}
