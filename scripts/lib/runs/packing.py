"""Which files of a study's folder make the archive of a run."""

from pathlib import Path
from typing import Any, NamedTuple

from scripts.lib.dag.code import ROOT
from scripts.lib.dag.jobs import Job
from scripts.lib.files import read_json, sha256_of
from scripts.lib.records import is_current, vouched_digest
from scripts.lib.runs.bag import Content
from scripts.lib.runs.plan import planned_parts
from scripts.lib.study.cells import Study

PLAN = "plan.json"
ENVIRONMENTS = ("*.in", "*.lock", "*.yaml", "*.override")  # in envs/


class Packed(NamedTuple):
    """What is packed: the files by their path in the archive, and what their jobs are."""

    files: dict[str, Content]
    jobs: int  # whose record is there
    missing: list[str]  # records of planned jobs that are not
    stale: list[str]  # records that another configuration, other code or other packages made


def results_folder(study: Study) -> str:
    """Return where a study's results stand in its archive."""
    return f"results/{study.name}"


def packed(study: Study, folder: Path) -> Packed:
    """Return what is packed of a study: what its jobs have left, but neither weights nor data rows.

    Exits with an error if a file is not the one that its record vouches for.
    """
    files: dict[str, Content] = {f"{results_folder(study)}/config.json": folder / "config.json"}
    there, missing, stale = 0, [], []
    for part in planned_parts(study):
        record = part.outputs["record"]
        if not (folder / record).is_file():
            missing.append(record)
            continue
        there += 1
        if not is_current(part, folder):
            stale.append(record)
        for name in _files_of(part, folder):
            files[f"{results_folder(study)}/{name}"] = folder / name
    for pattern in ENVIRONMENTS:
        files |= {f"envs/{path.name}": path for path in (ROOT / "envs").glob(pattern)}
    return Packed(files, there, missing, stale)


def _files_of(part: Job, folder: Path) -> list[str]:
    """Return the paths of a job's files that are packed, each checked against its record."""
    record = part.outputs["record"]
    facts: dict[str, Any] = read_json(folder / record)
    run = str(Path(record).with_suffix(".run.json"))
    found = [record, *([run] if (folder / run).is_file() else [])]
    for name, path in part.outputs.items():
        if name in ("record", "rows"):
            continue
        expected = vouched_digest(part[name], facts, folder)
        if not (folder / path).is_file() or sha256_of(folder / path) != expected:
            raise SystemExit(
                f"{folder / path}: not the file that {folder / record} vouches for; delete it and "
                "start Snakemake again, it makes it anew"
            )
        found.append(path)
    return found
