"""Remove duplicates, near duplicates and questions of the test sets; record every removal."""

from pathlib import Path

from scripts.cli import check_inputs, job_arguments, planned_job
from scripts.lib.data.cleaning import decontaminate, deduplicate, remove_near_duplicates
from scripts.lib.files import read_jsonl, write_json, write_jsonl


def main() -> None:
    """Clean the data set of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--problems", type=Path, required=True, help="problems.jsonl of the set")
    parser.add_argument(
        "--against", type=Path, nargs="*", default=[], help="problems.jsonl of every test set"
    )
    parser.add_argument("--rows", type=Path, required=True, help="clean.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    job = planned_job(args, "clean_dataset", dataset=args.dataset)
    check_inputs(job, args.problems, *args.against)

    problems = read_jsonl(args.problems)
    tests = {file.parent.name: read_jsonl(file) for file in args.against}
    kept, duplicates = deduplicate(problems)
    steps = [{"step": "deduplicate", "removed": duplicates}]
    if near := job.settings["near_duplicates"]:
        kept, removed = remove_near_duplicates(kept, **near)
        steps.append({"step": "remove_near_duplicates", "removed": removed})
    kept, contaminated = decontaminate(kept, tests, job.settings["ngram"])
    steps.append({"step": "decontaminate", "removed": contaminated})
    write_jsonl(args.rows, kept)
    write_json(
        args.output,
        {
            "key": job.key,
            "dataset": args.dataset,
            "settings": job.settings,
            "rows_in": len(problems),
            "rows_out": len(kept),
            "steps": steps,
        },
    )


if __name__ == "__main__":
    main()
