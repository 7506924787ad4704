"""The checkpoint that a model's or a training's record vouches for."""

import hashlib
import json
from pathlib import Path

from scripts.lib.files import digest_files, read_json


def checkpoint_of(record_path: Path | str) -> Path | None:
    """Return the folder of the checkpoint that a model or training record vouches for.

    It is `checkpoint/` beside the record, unless the record names a shared download. Every file is
    compared with the sha256 in the record, so that a torn copy or another run's weights are never
    used; a collapsed training has no checkpoint (None).
    """
    record = read_json(record_path)
    if record["status"] == "collapsed":
        return None
    folder = Path(record_path).parent / record.get("checkpoint", "checkpoint")
    found = digest_files(folder)
    if found != record["files"]:
        names = sorted(found.keys() | record["files"].keys())
        bad = [name for name in names if found.get(name) != record["files"].get(name)]
        raise SystemExit(
            f"{folder}: differs from {record_path} in {', '.join(bad)}; "
            f"delete {record_path} and run again to make both anew"
        )
    return folder


def required_checkpoint(record_path: Path | str) -> Path:
    """Return the folder of a checkpoint as `checkpoint_of` does, where there must be one.

    Raises SystemExit if the record is that of a collapsed training.
    """
    folder = checkpoint_of(record_path)
    if folder is None:
        raise SystemExit(f"{record_path}: a collapsed training, which left no checkpoint to read")
    return folder


def weights_digest(record: dict) -> str:
    """Return one digest over `files`, {name: sha256}, of a record's checkpoint."""
    return hashlib.sha256(json.dumps(record["files"], sort_keys=True).encode()).hexdigest()
