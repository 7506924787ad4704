"""The records that jobs leave, and what they vouch for."""

from pathlib import Path


def check_key(path: Path | str, record: dict, planned: str | None) -> None:
    """End where a record is not the one that this run planned: a stale number is never kept."""
    if record.get("key") != planned:
        raise SystemExit(
            f"{path}: its key is {record.get('key')}, but "
            + (f"{planned} is planned" if planned else "no such record is planned")
            + ": it was left by another configuration or by other code. "
            f"Delete {path} and start Snakemake again; it makes the record anew."
        )
