"""Compare the archive of another run, which lies in runs/, with this study; the report shows it.

Nothing in the archive is trusted. One that is damaged, forged or no run at all is `refused` with
the reason: it is no reason for this study to fail.
"""

from pathlib import Path

from scripts.cli import Run, job_arguments, planned_run
from scripts.lib.dag.jobs import behind
from scripts.lib.dag.runs import ENDING, RUNS
from scripts.lib.files import read_json, write_json
from scripts.lib.records import Record
from scripts.lib.runs.archived import read_archived, told_in_one_line
from scripts.lib.runs.bag import unpacked
from scripts.lib.runs.comparison import compared, described
from scripts.lib.runs.plan import plan_of_parts
from scripts.lib.runs.regrading import regrade_run
from scripts.lib.runs.side import Side
from scripts.lib.show.inert import escape
from scripts.lib.study.cells import task_of

LARGEST = 20_000_000_000  # bytes of an archive; unpacked for the comparison it takes as much


def own_side(run: Run) -> Side:
    """Return this study's numbers, of the planned job's inputs alone."""

    def read(name: str) -> list[Record]:
        return [read_json(path) for path in run.paths(name)]

    scores, runs, cells = read("scores"), read("runs"), read("cells")
    places = [(of["cell"], int(of["seed"]), str(of["task"])) for of in scores]
    main_prompt = run.study.main_prompt()
    tasks = [task_of(of["prompt"], of["benchmark"], main_prompt) for of in cells]
    trained = zip(map(str, run.paths("trainings")), read("trainings"), strict=True)
    return Side(
        run.root,
        run.study.config,
        dict(zip(places, scores, strict=True)),
        dict(zip(places, runs, strict=True)),
        dict(trained),
        {(of["cell"], task): of for of, task in zip(cells, tasks, strict=True)},
    )


def compare(run: Run, archive: Path) -> Record:
    """Return what there is to say about an archive: numbers beside ours, or why it is refused."""
    unpacked_at = ""
    try:
        with unpacked(archive, LARGEST) as payload, told_in_one_line(archive):
            unpacked_at = f"{payload}/"
            theirs = read_archived(payload)
            found = described(theirs)
            if found["study"] != run.study.name:
                return found
            most, timeout = run.settings["completions"], run.settings["timeout"]
            judged = regrade_run(theirs.side, most, timeout)
            plan = plan_of_parts(behind(run.job)[1:])
            return found | compared(theirs, own_side(run), plan, judged)
    except SystemExit as refusal:
        reason = str(refusal).removeprefix(f"{archive}: ").replace(unpacked_at or "\0", "")
        return {"refused": escape(reason)}


def main() -> None:
    """Read the flags and write the comparison."""
    parser = job_arguments(__doc__)
    parser.add_argument("--run", required=True, help="name of the archive in runs/, without .tar")
    parser.add_argument("--comparison", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "compare_archive", run=args.run)
    archive = RUNS / f"{args.run}{ENDING}"
    facts = {"archive": archive.name, "sha256": run.settings["archive"], "refused": None}
    write_json(args.comparison, facts | compare(run, archive))
    run.write_record(args.output, args.comparison)


if __name__ == "__main__":
    main()
