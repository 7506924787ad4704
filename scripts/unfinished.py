"""List the unfinished work that killed jobs left in checkpoints/, and remove what is not wanted.

    python -m scripts.unfinished                            everything below checkpoints/
    python -m scripts.unfinished --older-than 30            what changed last over 30 days ago
    python -m scripts.unfinished --older-than 30 --remove
    python -m scripts.unfinished FOLDER ... --remove        these, or all that is below them

A folder is planned if it comes of the very job that results/STUDY/config.json plans now; what comes
of another recipe, or of older code, is not. Nothing finished is in these folders. What a job
works in at the moment is never removed. A job that starts while its folders are being removed ends
and says so.
"""

import argparse
import re
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from scripts.lib.console import align, spell_bytes
from scripts.lib.dag.jobs import job
from scripts.lib.disk import say_in_words
from scripts.lib.files import read_json
from scripts.lib.study.config import load_study
from scripts.lib.training.resume import LOCK, NOTE

DAY = 86_400.0  # seconds


@dataclass(frozen=True)
class Work:
    """A folder that a killed job can go on from: its size in bytes, its last change in days."""

    folder: Path
    size: int
    age: float


def unfinished(roots: Iterable[Path]) -> list[Work]:
    """Return the unfinished work in these folders and below them; raises SystemExit without one."""
    found = {}
    for root in roots:
        if not root.is_dir():
            raise SystemExit(f"{root}: no such folder; start in the checkout, or name a folder")
        for folder in (root, *root.rglob("*")):
            identity = re.fullmatch(r"[0-9a-f]{64}", folder.name)
            if identity and folder.is_dir() and (folder.parent / LOCK).is_file():
                found[folder.resolve()] = work_in(folder)
    return sorted(found.values(), key=lambda work: str(work.folder))


def work_in(folder: Path) -> Work:
    """Return the size and age of a folder."""
    files = [path.stat() for path in folder.rglob("*") if path.is_file()]
    changed = max([file.st_mtime for file in files], default=folder.stat().st_mtime)
    return Work(folder, sum(file.st_size for file in files), (time.time() - changed) / DAY)


def planned(folder: Path, results: Path) -> str:
    """Say whether a folder comes of the job that is planned now: yes, no or unknown."""
    if not (folder / NOTE).is_file():
        return "unknown"
    note = read_json(folder / NOTE)
    # STUDY/build_model/MODEL, STUDY/traces/DATASET, STUDY/train/CELL/SEED
    depth = 2 if note["rule"] in ("build_model", "sample_traces") else 3
    config = results / folder.resolve().parents[depth].name / "config.json"
    if not config.is_file():
        return "unknown"
    try:
        key = job(load_study(config), note["rule"], **note["wildcards"]).key
    except (KeyError, IndexError):
        return "no"  # the study has no such cell or model any more
    return "yes" if key == note["key"] else "no"


def lines_of(works: list[Work], results: Path) -> list[str]:
    """Return a table of unfinished work."""
    rows = [
        [spell_bytes(w.size), f"{w.age:.1f} days", planned(w.folder, results), str(w.folder)]
        for w in works
    ]
    total = spell_bytes(sum(work.size for work in works))
    head = ["Size", "Last change", "Planned", "Folder"]
    return [*align([head, [""] * len(head), *rows]), f"{len(works)} folders, {total}"]


def remove(work: Work) -> str:
    """Remove a folder unless a job works beside it; return what was done."""
    try:
        with FileLock(work.folder.parent / LOCK).acquire(blocking=False):
            shutil.rmtree(work.folder)
    except Timeout:
        return f"kept, a job works here: {work.folder}"
    return f"removed {spell_bytes(work.size)}: {work.folder}"


def main() -> None:
    """List, or remove, what the flags name."""
    say_in_words()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="*", help="default: checkpoints")
    parser.add_argument("--older-than", type=float, metavar="DAYS", help="leave out what is newer")
    parser.add_argument("--remove", action="store_true", help="remove in place of listing")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of studies")
    args = parser.parse_args()
    if args.remove and not args.folders and args.older_than is None:
        parser.error("--remove needs --older-than DAYS, or the folders to remove")
    works = unfinished(args.folders or [Path("checkpoints")])
    if args.older_than is not None:
        works = [work for work in works if work.age > args.older_than]
    lines = map(remove, works) if args.remove else lines_of(works, args.results)
    for line in lines if works else ["no unfinished work"]:
        print(line)


if __name__ == "__main__":
    main()
