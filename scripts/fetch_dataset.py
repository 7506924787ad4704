"""Fetch a data set from the hub at its pinned revision, or from a local mirror folder.

The rows keep the source's own columns. A content that is not the expected one is an error.
"""

import json
from pathlib import Path
from typing import Any

from scripts.cli import job_arguments, planned_job
from scripts.lib.records import read_jsonl, sha256_of, write_json, write_jsonl
from scripts.lib.study.config import load_study
from scripts.lib.study.plan import mirror_file


def rows_of_mirror(file: Path, expected: dict[str, Any]) -> list[dict]:
    """Return the rows of a mirror's JSON-lines file after comparing its sha256."""
    if (found := sha256_of(file)) != expected["sha256"]:
        raise SystemExit(
            f"{file}: sha256 is {found}, config.yaml expects {expected['sha256']}: another version "
            "of the data set. Get the file that config.yaml names, or change its sha256 there."
        )
    return read_jsonl(file)


def rows_of_hub(source: dict[str, Any]) -> list[dict]:
    """Return the rows of a data set on the hub; refuse one without a pinned revision."""
    if source["revision"] is None:
        raise SystemExit(
            f"{source['repo']}: no revision is pinned in config.yaml (hub.revision). Look the "
            "commit up on the data set's page on the hub and write it there, 40 hex digits."
        )
    import datasets
    import httpx

    datasets.disable_progress_bars()
    try:
        table = datasets.load_dataset(
            source["repo"],
            source.get("subset"),
            split=source["split"],
            revision=source["revision"],
        )
    except (httpx.HTTPError, OSError, ValueError, RuntimeError) as error:
        raise SystemExit(
            f"{source['repo']} at {source['revision']}: the hub did not deliver it ({error}). "
            "Check the network, or set SRLM_MIRROR to a folder with the data sets' files."
        ) from None
    # Images and other decoded values are no part of these text sets.
    return [json.loads(json.dumps(row, default=str)) for row in table]


def main() -> None:
    """Fetch the data set of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--rows", type=Path, required=True, help="raw.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    job = planned_job(args, "fetch_dataset", dataset=args.dataset)

    if source := job.settings.get("mirror"):
        rows = rows_of_mirror(mirror_file(load_study(args.config), args.dataset), source)
    else:
        source = job.settings["hub"]
        rows = rows_of_hub(source)
    if len(rows) != source.get("rows", len(rows)):
        raise SystemExit(
            f"{args.dataset}: {len(rows)} rows were found, {source['rows']} were expected "
            f"({source}); the source has changed"
        )
    write_jsonl(args.rows, rows)
    write_json(
        args.output,
        {
            "key": job.key,
            "dataset": args.dataset,
            "source": source,
            "rows": len(rows),
            "columns": sorted(rows[0]) if rows else [],
            "sha256": sha256_of(args.rows),
        },
    )


if __name__ == "__main__":
    main()
