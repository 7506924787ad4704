"""Remove duplicates, near duplicates and questions of the test sets; record every removal."""

from pathlib import Path

from scripts.cli import job_arguments, planned_run
from scripts.lib.data.cleaning import decontaminate, deduplicate, remove_near_duplicates
from scripts.lib.files import read_jsonl, write_jsonl


def main() -> None:
    """Clean the data set of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--problems", type=Path, required=True, help="problems.jsonl of the set")
    parser.add_argument("--rows", type=Path, required=True, help="clean.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "clean_dataset", dataset=args.dataset)
    problems = read_jsonl(args.problems)
    tests = {file.parent.name: read_jsonl(file) for file in run.paths("against")}
    kept, duplicates = deduplicate(problems)
    steps = [{"step": "deduplicate", "removed": duplicates}]
    if near := run.settings["near_duplicates"]:
        kept, removed = remove_near_duplicates(kept, **near)
        steps.append({"step": "remove_near_duplicates", "removed": removed})
    kept, contaminated = decontaminate(kept, tests, run.settings["ngram"])
    steps.append({"step": "decontaminate", "removed": contaminated})
    write_jsonl(args.rows, kept)
    run.write_record(
        args.output,
        args.rows,
        dataset=args.dataset,
        settings=run.settings,
        rows_in=len(problems),
        rows_out=len(kept),
        steps=steps,
    )


if __name__ == "__main__":
    main()
