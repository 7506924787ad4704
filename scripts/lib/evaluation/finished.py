"""The finished evaluations of a study's folder, found by cell, benchmark, prompt and seed."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scripts.lib.console import nearest
from scripts.lib.evaluation.details import read_columns
from scripts.lib.files import read_json
from scripts.lib.study.cells import Study, task_of
from scripts.lib.study.config import load_study

Row = dict[str, Any]


class Place(NamedTuple):
    """One evaluation of a study: what was evaluated, and where its record is."""

    cell: str
    seed: int
    prompt: str
    benchmark: str
    record: Path

    @property
    def details(self) -> Path:
        """Return the parquet file with a row per completion."""
        return self.record.with_suffix(".parquet")

    @property
    def run(self) -> Path:
        """Return the record of the run: versions, host, times."""
        return self.record.with_suffix(".run.json")


def study_in(folder: Path) -> Study:
    """Return the study whose results are in a folder; exit with an error if none are."""
    if (folder / "config.json").is_file():
        return load_study(folder / "config.json")
    beside = sorted(path.parent.name for path in folder.parent.glob("*/config.json"))
    hint = nearest(folder.name, beside) if beside else ""
    raise SystemExit(
        f"{folder}: no config.json of a study there{hint}; give a study's folder, as results/demo"
    )


def known(kind: str, name: str, names: Iterable[str], where: str = "in this study") -> str:
    """Return a name if it is one of `names`; exit with an error that names the nearest if not."""
    if name in (known_names := list(names)):
        return name
    raise SystemExit(f"no {kind} {name!r} {where}{nearest(name, known_names)}")


def places(
    folder: Path,
    study: Study,
    cell: str,
    benchmark: str,
    prompt: str | None = None,
    seed: int | None = None,
) -> list[Place]:
    """Return a cell's evaluations on a benchmark under a prompt, one per seed, finished or not.

    `cell` may be a table's row, with a role (`base+rl`). Without a prompt it is that of the tables,
    without a seed every one. Exits with an error if the study has no such name.
    """
    cell = known("cell", study.cell_of_row(cell), study.cells())
    known("benchmark", benchmark, study.benchmarks())
    prompt = known("prompt", prompt or study.main_prompt(), study.prompts_of(cell), f"for {cell}")
    if seed is not None:
        known("seed", str(seed), map(str, study.seeds()))
    task = task_of(prompt, benchmark, study.main_prompt())
    return [
        Place(cell, n, prompt, benchmark, folder / "eval" / cell / f"seed-{n}" / f"{task}.json")
        for n in (study.seeds() if seed is None else [seed])
    ]


def finished(wanted: Sequence[Place]) -> list[Place]:
    """Return those that are evaluated; exit with an error if none is."""
    if there := [place for place in wanted if place.details.is_file()]:
        return there
    first = wanted[0]
    raise SystemExit(
        f"{first.details}: no such file; {first.cell} is not evaluated on {first.benchmark} yet. "
        f"Run the study, or ask Snakemake for {first.record}"
    )


def read_rows(place: Place, columns: Sequence[str], problem: str | None = None) -> list[Row]:
    """Return these columns of an evaluation's completions, all or those of one problem, with seed.

    Exits with an error if the file is no table of completions.
    """
    try:
        table = read_columns(place.details, columns)
    except (OSError, ValueError) as error:
        raise SystemExit(
            f"{place.details}: not the completions of an evaluation ({error}); "
            f"delete {place.record} and start Snakemake again"
        ) from None
    if problem is None:
        rows = table.to_pylist()
    else:  # by slices: a filter imports pandas, which takes longer than all the rest
        ids = enumerate(table["problem"].to_pylist())
        rows = [table.slice(n, 1).to_pylist()[0] for n, name in ids if name == problem]
    return [{"seed": place.seed, **row} for row in rows]


def problem_ids(evaluated: Sequence[Place]) -> list[str]:
    """Return the ids of a benchmark's problems, in its order; none if all trainings collapsed."""
    ids = (dict.fromkeys(row["problem"] for row in read_rows(p, ["problem"])) for p in evaluated)
    return next((list(found) for found in ids if found), [])


def collapse_of(place: Place) -> str | None:
    """Return why a training left nothing to evaluate, None for one that left a model."""
    record = read_json(place.record)
    return None if record["status"] == "ok" else f"{record['status']}: {record['reason']}"
