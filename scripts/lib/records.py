"""The records that jobs leave: whose key they were made with, and what they vouch for.

Every job writes one, last: its `key`, the sha256 of its `files` and of its `inputs`, and the
`engines` that generated what it rests on, each with the digest of its code. Whether a result is
current is decided by these alone, not by times and not by Snakemake's memory.
"""

import functools
import json
from pathlib import Path
from typing import Any

from scripts.lib.dag.code import engine_fingerprint
from scripts.lib.dag.jobs import File, Job
from scripts.lib.engines import ENGINES
from scripts.lib.files import read_json, sha256_of
from scripts.lib.model.weights import weights_digest

Record = dict[str, Any]


def check_key(path: Path | str, record: Record, planned: str | None) -> None:
    """Refuse a record that is not the one that this run planned: a stale number is never kept.

    Raises SystemExit with the cure.
    """
    if record.get("key") != planned or planned is None:
        made = "by hand, without --key" if not record.get("key") else f"with key {record['key']}"
        raise SystemExit(
            f"{path}: it was made {made}, but "
            + (f"{planned} is planned" if planned else "no such record is planned")
            + ": it was left by another configuration or by other code. "
            f"Delete {path} and start Snakemake again; it makes the record anew."
        )


def check_input(file: File, root: Path) -> str:
    """Return the digest of a file that its job's record vouches for.

    `root` is results/STUDY. Raises SystemExit if the record has another key than is planned, or
    the file another content than the record says.
    """
    record_path, path = root / file.job.outputs["record"], root / file.path
    record = _read(record_path) or read_json(record_path)
    check_key(record_path, record, file.job.key)
    expected = vouched_digest(file, record, root)
    if file.name != "record" and (found := _sha256(path)) != expected:
        raise SystemExit(
            f"{path}: its sha256 is {found}, but {record_path} vouches for {expected}: the file "
            f"was changed by hand, or is torn. Delete {path} and start Snakemake again; it makes "
            "it anew."
        )
    return expected


def _sha256(path: Path) -> str:
    """Return the digest of a file; each is read once, however many parts of a job rest on it."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise SystemExit(f"{path}: no such file; run the rule that makes it first") from None
    return _sha256_once(path, stat.st_mtime_ns, stat.st_size)


@functools.cache
def _sha256_once(path: Path, changed: int, size: int) -> str:
    return sha256_of(path)


def vouched_digest(file: File, record: Record, root: Path) -> str:
    """Return the digest of a file by its job's record; of a model's record, that of its weights."""
    if file.name != "record":  # a model's `files` are those of its checkpoint
        named = "sample_files" if file.job.checkpoint else "files"
        return record.get(named, {}).get(Path(file.path).name, "")
    return weights_digest(record) if file.job.checkpoint else sha256_of(root / file.path)


def engines_of(job: Job, root: Path) -> dict[str, str]:
    """Return {engine: digest of its code} of all that a job's inputs rest on, by their records."""
    found: dict[str, str] = {}
    for parent in job.parents:
        found |= read_json(root / parent.outputs["record"]).get("engines", {})
    return found


# ------------------------------------------------------------------------- what is current


def is_current(job: Job, root: Path) -> bool:
    """Say whether a job's records are those that are planned, so that it need not run again."""
    return all(_is_current(part, root) for part in job.parts.values() or [job])


def _is_current(job: Job, root: Path) -> bool:
    record = _read(root / job.outputs["record"])
    return (
        record is not None
        and record.get("key") == job.key
        and all(_is_engine(name, code) for name, code in record.get("engines", {}).items())
        and all(_is_unchanged(file, record, root) for file in job.input_files())
        and job.satisfied(record)
    )


def rests_on_older_inputs(job: Job, root: Path) -> bool:
    """Say whether a job was made as it is planned, but an input was made anew since."""
    parts = [(part, _read(root / part.outputs["record"])) for part in job.parts.values() or [job]]
    return not all(
        _is_unchanged(file, record, root)
        for part, record in parts
        if record and record.get("key") == part.key
        for file in part.input_files()
    )


def _is_engine(name: str, code: str) -> bool:
    """Say whether an engine has the code that a record names."""
    return name in ENGINES and engine_fingerprint(name) == code


def _is_unchanged(file: File, record: Record, root: Path) -> bool:
    """Say whether an input is still what a record was made from; one that is gone counts so."""
    made = _read(root / file.job.outputs["record"])
    if made is None or made.get("key") != file.job.key:
        return True  # it will be made again, or is not needed
    return record.get("inputs", {}).get(file.path) == vouched_digest(file, made, root)


def _read(path: Path) -> Record | None:
    """Return a record, None where there is none that can be read; each is read once."""
    try:
        return _parse(path, path.stat().st_mtime_ns)
    except OSError:
        return None


@functools.cache
def _parse(path: Path, changed: int) -> Record | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    parts = ("files", "sample_files", "inputs", "engines")
    whole = isinstance(record, dict) and all(isinstance(record.get(p, {}), dict) for p in parts)
    return record if whole else None
