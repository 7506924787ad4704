"""Collect what every training, evaluation and sampling of traces took into one tidy table.

Times, memory and energy are facts of these runs: they differ between two honest runs of a study,
and so do the files made here. The legend beside the CSV file says what its columns mean.
"""

from collections import defaultdict
from pathlib import Path

from scripts.cli import job_arguments, planned_run
from scripts.lib.files import read_json
from scripts.lib.frames import legend_path, write_frame
from scripts.lib.price.spent import (
    COLUMNS,
    Record,
    costs_frame,
    evaluation_row,
    traces_row,
    training_row,
)


def evaluation_rows(runs: list[Path], scores: list[Path]) -> list[Record]:
    """Return one row per cell and seed, from the two records of each of its tasks, in order."""
    jobs: dict[tuple[str, int], tuple[list[Record], list[Record]]] = defaultdict(lambda: ([], []))
    for run, score in zip(map(read_json, runs), map(read_json, scores), strict=True):
        of_job = jobs[score["cell"], score["seed"]]
        of_job[0].append(run)
        of_job[1].append(score)
    return [evaluation_row(*of_job) for of_job in jobs.values()]


def run_beside(record: Path) -> Record | None:
    """Return the run record beside raw.json; it may be gone, for nothing else rests on it."""
    path = record.with_suffix(".run.json")
    return read_json(path) if path.exists() else None


def main() -> None:
    """Read the flags and write the costs."""
    parser = job_arguments(__doc__)
    parser.add_argument("--costs", type=Path, required=True, help="the CSV file to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "collect_costs")
    rows = [traces_row(read_json(path), run_beside(path)) for path in run.paths("traces")]
    rows += [training_row(read_json(path)) for path in run.paths("trainings")]
    rows += evaluation_rows(run.paths("runs"), run.paths("scores"))
    write_frame(args.costs, costs_frame(rows), COLUMNS)
    run.write_record(args.output, args.costs, legend_path(args.costs))


if __name__ == "__main__":
    main()
