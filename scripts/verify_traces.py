"""Judge a teacher's traces with the study's grader; write the right ones as examples (3.3)."""

from pathlib import Path

from scripts.cli import job_arguments, planned_run
from scripts.lib.data.schemas import load_rows
from scripts.lib.data.traces import corrupted_golds, join_golds, keep_right
from scripts.lib.files import read_jsonl, write_jsonl


def main() -> None:
    """Verify the traces of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--traces", type=Path, required=True, help="raw.jsonl of the traces")
    parser.add_argument("--problems", type=Path, required=True, help="clean.jsonl of the problems")
    parser.add_argument("--rows", type=Path, required=True, help="examples.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "verify_traces", dataset=args.dataset)
    traces = load_rows(args.traces, run.settings["columns"])
    problems = read_jsonl(args.problems)
    joined, unjoined = join_golds(traces, problems, run.settings["prompt"])
    examples, wrong = keep_right(joined, **run.settings["grader"])
    if not examples:
        raise SystemExit(
            f"{args.traces}: none of {len(traces)} traces is right; {len(unjoined)} are unfinished "
            f"or answer no problem of {args.problems}"
        )
    write_jsonl(args.rows, examples)
    run.write_record(
        args.output,
        args.rows,
        dataset=args.dataset,
        rows_in=len(traces),
        rows_out=len(examples),
        steps=[
            {"step": "join_golds", "removed": unjoined},
            {"step": "keep_right", "removed": wrong},
        ],
        corrupted_golds=corrupted_golds(traces, problems),
    )


if __name__ == "__main__":
    main()
