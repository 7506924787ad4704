"""Fetch a data set from the hub at its pinned revision, from a file, or from a mirror folder.

The rows keep the source's own columns. A content that is not the expected one is an error.
"""

import bz2
import csv
import gzip
import json
import lzma
import zlib
from pathlib import Path
from typing import Any

from scripts.cli import job_arguments, planned_run
from scripts.lib.dag.data import local_file, source_of
from scripts.lib.data.hub import download, listing, patient_hub
from scripts.lib.data.hub_names import check_names
from scripts.lib.data.values import parse, wrong_value
from scripts.lib.disk import in_words, temporary_folder
from scripts.lib.files import read_json, sha256_of, write_json, write_jsonl
from scripts.lib.show.inert import escape

OPENED_BY: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
READ = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
COMPRESSED = (*OPENED_BY, ".zst", ".lz4", ".zip")
CURE = "Get the one that config.yaml describes, or change this key there."


def files_of_hub(dataset: str, source: dict[str, Any], downloads: Path) -> list[Path]:
    """Download the files of a data set's split.

    SystemExit for a set without a pinned revision and for a file outside the download's folder.
    """
    if source["revision"] is None:
        raise SystemExit(
            f"{dataset}: no revision of {source['repo']} is pinned in config.yaml "
            f"(datasets.{dataset}.hub.revision). Record its current commit there by:\n"
            f"    python -m scripts.pin_revision {dataset}"
        )
    repo, revision = source["repo"], source["revision"]
    folder = downloads / repo / revision
    with patient_hub(repo, revision):
        listing(repo, revision, folder, "dataset")
        # Like the commit's listing these never change, so a complete download needs no hub.
        kept = folder / ".cache" / f"{source.get('subset')}-{source['split']}.json"
        names = read_json(kept) if kept.is_file() else split_files(source)
        check_names(names, repo, revision, folder)
        if not kept.is_file():
            write_json(kept, names)
        download(repo, revision, folder, names, repo_type="dataset")
    return [folder / name for name in names]


def split_files(source: dict[str, Any]) -> list[str]:
    """Return the files of a split, as the repository's card or their names say."""
    import datasets

    # The library takes whatever revision lies in its cache where it cannot reach the hub.
    with temporary_folder("datasets-") as cache:
        try:
            builder = datasets.load_dataset_builder(
                source["repo"],
                source.get("subset"),
                revision=source["revision"],
                cache_dir=str(cache),
            )
        except ValueError as error:
            raise SystemExit(f"{source['repo']}, subset {source.get('subset')}: {error}") from None
    files = builder.config.data_files
    if source["split"] not in files:
        raise SystemExit(
            f"{source['repo']}: no split {source['split']!r}; it has {', '.join(map(str, files))}"
        )
    start = f"hf://datasets/{source['repo']}@{source['revision']}/"
    return [url.removeprefix(start) for url in files[source["split"]]]


def rows_of_files(files: list[Path]) -> list[dict[str, Any]]:
    """Return the rows of data files, each value as the file has it.

    The datasets library guesses types in text files ("2024-05-01" becomes a time, "007" in a CSV
    file 7.0), so these are read here: CSV's columns are text, JSON's values what JSON says. Parquet
    and other formats, which have types of their own, are read by the library.
    """
    read = [rows_of_text(file) for file in files]
    if all(rows is None for rows in read):
        return typed_rows(files)
    rows = [row for rows in read for row in rows or []]
    columns = dict.fromkeys(column for row in rows for column in row)
    return [dict.fromkeys(columns) | row for row in rows]


def rows_of_text(file: Path) -> list[dict[str, Any]] | None:
    """Return the rows of a CSV or JSON file, perhaps compressed; None of another format.

    Raises SystemExit, with the file and its line, if it is not what its name says.
    """
    last = file.suffix.lower()
    opened = OPENED_BY.get(last, open)
    ending = Path(file.stem).suffix.lower() if last in COMPRESSED else last
    if ending not in (".csv", ".tsv", ".json", ".jsonl", ".ndjson"):
        return None
    if last in COMPRESSED and last not in OPENED_BY:
        raise SystemExit(f"{file}: cannot be read without guessing types; unpack it in a mirror")
    try:
        with opened(file, "rt", encoding="utf-8-sig", newline="") as stream:
            if ending in (".csv", ".tsv"):
                csv.field_size_limit(2**31 - 1)  # a trace may be longer than its 131,072
                table = csv.DictReader(stream, delimiter="," if ending == ".csv" else "\t")
                rows: list[Any] = list(table)
                if len(set(table.fieldnames or ())) < len(table.fieldnames or ()):
                    raise SystemExit(f"{file}: a column stands in its header twice")
                for index, row in enumerate(rows):
                    if None in row or None in row.values():
                        raise SystemExit(
                            f"{file}, row {index}: not as many fields as in its header"
                        )
            else:
                rows = rows_of_json(stream.read(), file)
    except UnicodeDecodeError:
        with opened(file, "rb") as stream:
            number = next(n for n, line in enumerate(stream, start=1) if not _is_utf8(line))
        raise SystemExit(f"{file}, line {number}: no UTF-8; save it as a UTF-8 file") from None
    except (csv.Error, EOFError, OSError, lzma.LZMAError, zlib.error) as error:
        raise SystemExit(f"{file}: cannot be read as a data set: {error}") from None
    if wrong := [i for i, row in enumerate(rows) if not isinstance(row, dict)]:
        raise SystemExit(
            f"{file}, row {wrong[0]}: {rows[wrong[0]]!r:.60} is no object with columns; write each "
            "row as {column: value, ...}"
        )
    if found := wrong_value(rows):
        raise SystemExit(f"{file}, {found}; correct the file")
    return rows


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def rows_of_mirror(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a mirror's file, each with the columns that it has itself."""
    rows = rows_of_text(file)
    return typed_rows([file]) if rows is None else rows


def rows_of_json(text: str, file: Path) -> list[Any]:
    """Return the rows of a JSON list, or of one JSON value per line."""
    try:
        whole = parse(text) if text.lstrip().startswith("[") else None
    except ValueError:
        whole = None
    if isinstance(whole, list):
        return whole
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            rows += [parse(line)] if line.strip() else []
        except ValueError as error:
            raise SystemExit(f"{file}, line {number}: not a JSON line ({error})") from None
    return rows


def typed_rows(files: list[Path]) -> list[dict[str, Any]]:
    """Return the rows of files in another format that the datasets library reads."""
    import datasets

    with temporary_folder("datasets-") as cache:
        try:
            table = datasets.load_dataset(
                str(files[0].resolve().parent),
                data_files=[str(file.resolve()) for file in files],
                split="train",  # its name for files that were not told apart
                cache_dir=str(cache),
            )
        except (datasets.exceptions.DatasetsError, OSError, ValueError) as error:
            if in_words(error):  # no room for the library's cache
                raise
            if "any supported extension" in str(error):
                error = ValueError(f"its name must end with {', '.join(READ)} or another format's")
            raise SystemExit(f"{_names(files)}: cannot be read as a data set: {error}") from None
        rows = table.to_list()  # as stored: images are not decoded
    try:
        return [json.loads(json.dumps(row, default=as_json)) for row in rows]
    except UnicodeDecodeError:
        raise SystemExit(f"{_names(files)}: a column of bytes is no UTF-8; make it text") from None


def as_json(value: Any) -> str:
    """Return a value that JSON does not have as text: a date, a decimal number, bytes in UTF-8."""
    return value.decode() if isinstance(value, bytes) else str(value)


def check_files(files: list[Path], expected: dict[str, Any], key: str) -> None:
    """Exit with an error if the content of a source's one file is not what the config names."""
    found = ", ".join(sha256_of(file) for file in files)
    if found != expected.get("sha256", found):
        raise SystemExit(
            f"{_names(files)}: sha256 is {found}, {key}.sha256 in config.yaml expects "
            f"{expected['sha256']}: another version of the data set. {CURE}"
        )


def check_rows(
    rows: list[dict[str, Any]], files: list[Path], expected: dict[str, Any], key: str
) -> None:
    """Exit with an error if the rows lack the number or the columns that the config expects."""
    if not rows:
        raise SystemExit(f"{_names(files)}: 0 rows were found: a data set needs at least one")
    if len(rows) != expected.get("rows", len(rows)):
        raise SystemExit(
            f"{_names(files)}: {len(rows)} rows were found, {key}.rows in config.yaml expects "
            f"{expected['rows']}: another version of the data set. {CURE}"
        )
    columns = expected.get("columns", [])
    for number, row in enumerate(rows):
        if missing := [column for column in columns if column not in row]:
            raise SystemExit(
                f"{_names(files)}, row {number}: no column {', '.join(missing)}. It has "
                f"{escape(', '.join(row))}; {key}.columns in config.yaml expects "
                f"{', '.join(columns)}. {CURE}"
            )


def _names(files: list[Path]) -> str:
    return ", ".join(map(str, files))


def main() -> None:
    """Fetch the data set of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--downloads", type=Path, required=True, help="folder of all downloads")
    parser.add_argument("--rows", type=Path, required=True, help="raw.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "fetch_dataset", dataset=args.dataset)
    source = source_of(run.study, args.dataset)
    (kind,) = run.settings
    key = f"datasets.{args.dataset}.{kind}"
    file = local_file(run.study, args.dataset)
    files = [file] if file else files_of_hub(args.dataset, source, args.downloads)
    check_files(files, source, key)
    rows = rows_of_mirror(files[0]) if kind == "mirror" else rows_of_files(files)
    check_rows(rows, files, source, key)
    write_jsonl(args.rows, rows)
    run.write_record(
        args.output,
        args.rows,
        dataset=args.dataset,
        source=source,
        source_files={file.name: sha256_of(file) for file in files},
        rows=len(rows),
        columns=sorted(rows[0]),
    )


if __name__ == "__main__":
    main()
