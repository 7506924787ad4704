"""Write a study's results as a data set: completions with verdicts, tables, frames, data card.

The folder is made whole. Beside the card stands croissant.json, the same for machines.
"""

import csv
import shutil
from collections import defaultdict
from datetime import UTC
from pathlib import Path
from typing import Any

from huggingface_hub import DatasetCard

from scripts.cli import Run, job_arguments, planned_run
from scripts.lib.console import report, spell_bytes
from scripts.lib.dag.jobs import files_of
from scripts.lib.files import digest_files, folder_made_whole, read_json, size_of, write_json
from scripts.lib.frames import legend_path
from scripts.lib.provenance import finished
from scripts.lib.release.cards import write_card
from scripts.lib.release.completions import MEANINGS, WHOLE, Part, fields, write_completions
from scripts.lib.release.croissant import Field, Records, metadata
from scripts.lib.release.metadata import UNKNOWN, dataset_data, unknown_licences

Record = dict[str, Any]

VERSION = "1.0.0"  # of the data set's form
PAPER = "arXiv:2506.13404"
TITLES = {  # of what a reader may not know by its name
    "scores.csv": "one row per cell, benchmark, prompt and seed",
    "costs.csv": "time, memory, tokens and energy of each job",
    "comparisons.csv": "every trained cell against parent, root, direct RL, full training",
    "conclusions.csv": "which of these hold under every prompt",
    "conclusions.md": "the same in words",
    "reproduction.csv": "every accuracy that the paper prints, beside this study's",
    "paper/claims.csv": "the paper's claims, tested on its tables and on these numbers",
    "paper/audit.csv": "the paper's own printed numbers, audited",
}
TABLE = "a table, as Markdown for readers and as a frame"


def write_parts(run: Run, folder: Path) -> tuple[dict[str, int], list[str]]:
    """Write all completions; return {benchmark: completions}, and the trainings without any."""
    parts: dict[tuple[str, str], list[Part]] = defaultdict(list)
    collapsed: dict[str, None] = {}
    for file, scores in zip(
        files_of(run.job.inputs["completions"]), run.paths("scores"), strict=True
    ):
        record = read_json(scores)
        prompt, benchmark = run.study.prompt_and_benchmark(record["task"])
        if record["status"] == "collapsed":
            collapsed[f"`{record['cell']}` seed {record['seed']}"] = None
            continue
        path = run.root / file.path
        parts[benchmark, record["cell"]].append(Part(record["cell"], record["seed"], prompt, path))
    counts: dict[str, int] = dict.fromkeys((of["name"] for of in run.settings["benchmarks"]), 0)
    for (benchmark, cell), of_cell in parts.items():
        place = folder / "completions" / benchmark / f"{cell}.parquet"
        counts[benchmark] += write_completions(of_cell, place)
    return counts, list(collapsed)


def copy_texts(run: Run, folder: Path) -> dict[str, str]:
    """Copy tables, frames and legends to the places that they have in the study; name them."""
    texts: dict[str, str] = {}
    for path in run.paths("tables"):
        name = path.relative_to(run.root).as_posix()
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
        if name.endswith(".columns.csv"):
            texts[name] = "unit and meaning of its columns"
        else:
            texts[name] = TITLES.get(name, TABLE)
    return texts


def frame_fields(path: Path) -> list[Field]:
    """Return the columns of a frame with their types, by its legend.

    A column in which numbers stand in lists is text.
    """
    rows = _rows(path)
    return [
        Field(
            of["column"],
            _type(of["unit"], [row[of["column"]] for row in rows]),
            f"{of['meaning']} ({of['unit']})",
        )
        for of in _rows(legend_path(path))
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _type(unit: str, values: list[str]) -> str:
    """Return the type of a column of a unit in which these values stand."""
    number = {"text": None, "count": int}.get(unit, float)
    if number is None:
        return "Text"
    try:
        for value in filter(None, values):
            number(value)
    except ValueError:
        return "Text"
    return "Integer" if number is int else "Float"


def tables_of(folder: Path, texts: dict[str, str], benchmarks: list[Record]) -> list[Records]:
    """Return what Croissant calls record sets: the completions by benchmark, and every frame."""
    tables = [
        Records(of["name"], f"completions/{of['name']}/*.parquet", fields()) for of in benchmarks
    ]
    for name in texts:
        if name.endswith(".csv") and not name.endswith(".columns.csv"):
            tables.append(Records(f"frames/{name[:-4]}", name, frame_fields(folder / name)))
    return tables


def sizes(run: Run, counts: dict[str, int]) -> list[Record]:
    """Return each benchmark with its sizes under the tables' prompt."""
    by_name: dict[str, Record] = {}
    for path in run.paths("scores"):
        record = read_json(path)
        by_name.setdefault(record["task"], record)
    return [
        {**of, "completions": counts[of["name"]]}
        | {name: by_name[of["name"]][name] for name in ("problems", "samples")}
        for of in run.settings["benchmarks"]
    ]


def make(run: Run, folder: Path) -> Path:
    """Write the data set of a planned job into an empty folder; return its card."""
    settings = run.settings
    counts, collapsed = write_parts(run, folder)
    texts = copy_texts(run, folder)
    given = {
        **settings,
        "completions": sum(counts.values()),
        "collapsed": collapsed,
        "texts": texts,
        "sizes": sizes(run, counts),
        "columns": [
            {"name": of.name, "type": str(of.type), "meaning": MEANINGS[of.name]} for of in WHOLE
        ],
    }
    with_rows = [of for of in settings["benchmarks"] if counts[of["name"]]]
    data = dataset_data(settings, given["completions"])
    runs = [path.with_suffix(".run.json") for path in run.paths("scores")]
    date = max(finished(read_json(path), path) for path in runs).astimezone(UTC).date()
    about = {
        "name": f"srlm-study-{settings['study']}",
        "description": f"Every completion of the study {settings['study']} with three verdicts, "
        "and the tables made of them.",
        "license": sorted({of["license"] or UNKNOWN for of in settings["benchmarks"]}),
        "url": "https://arxiv.org/abs/2506.13404",
        "citeAs": PAPER,
        "version": VERSION,
        "datePublished": date.isoformat(),
    }
    tables = tables_of(folder, texts, with_rows)
    write_json(folder / "croissant.json", metadata(about, digest_files(folder), tables))
    return write_card(folder, DatasetCard, data, "dataset.md.j2", given)


def main() -> None:
    """Read the flags and write the folder."""
    parser = job_arguments(__doc__)
    parser.add_argument("--card", type=Path, required=True, help="the card to write, README.md")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "release_results")
    with folder_made_whole(args.card.parent) as folder:
        make(run, folder)
        released = digest_files(folder)
        size = size_of(folder)
    unknown = unknown_licences({of["dataset"]: of["license"] for of in run.settings["benchmarks"]})
    run.write_record(
        args.output, args.card, kind="dataset", released=released, unknown_licences=unknown
    )
    report(f"release_results: {args.card.parent}, {spell_bytes(size)}")


if __name__ == "__main__":
    main()
