"""Judge the traces of one teacher or several; of the right ones write those that are selected."""

from pathlib import Path

from scripts.cli import job_arguments, planned_run
from scripts.lib.data.schemas import Columns, load_rows
from scripts.lib.data.selection import counts_of, finished, select, with_thought
from scripts.lib.data.traces import join_golds, keep_right
from scripts.lib.files import read_jsonl, write_jsonl


def read_traces(file: Path, columns: Columns, teacher: str) -> list[dict]:
    """Return a teacher's traces, named after it, with their thoughts in tags.

    `status` is how the teacher ended, where the rows tell.
    """
    statuses = (row.get("status", "ok") for row in read_jsonl(file))
    return [
        trace
        | {
            "id": f"{teacher}/{trace['id']}",
            "reasoning": with_thought(trace["reasoning"]),
            "teacher": teacher,
            "status": status,
        }
        for trace, status in zip(load_rows(file, columns), statuses, strict=True)
    ]


def main() -> None:
    """Select the traces of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--problems", type=Path, required=True, help="clean.jsonl of the problems")
    parser.add_argument("--rows", type=Path, required=True, help="examples.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "select_traces", dataset=args.dataset)
    teachers, how = run.settings["teachers"], run.settings["select"]
    traces = [
        trace
        for file, teacher in zip(run.paths("traces"), teachers, strict=True)
        for trace in read_traces(file, run.settings["columns"], teacher)
    ]
    problems = read_jsonl(args.problems)
    whole, unfinished = finished(traces)
    joined, unjoined = join_golds(whole, problems, run.settings["prompt"])
    right, wrong = keep_right(joined, **run.settings["grader"])
    if not right:
        raise SystemExit(
            f"{', '.join(map(str, run.paths('traces')))}: none of {len(traces)} traces is right; "
            f"{len(unfinished)} were refused, empty or cut off, and {len(unjoined)} have no "
            f"result in a box or tags, or answer no problem of {args.problems}"
        )
    teacher_of = {trace["id"]: trace["teacher"] for trace in traces}
    right = [example | {"teacher": teacher_of[example["id"]]} for example in right]
    kept, others = select(right, how, teachers)
    write_jsonl(args.rows, kept)
    run.write_record(
        args.output,
        args.rows,
        dataset=args.dataset,
        rows_in=len(traces),
        rows_out=len(kept),
        steps=[
            {"step": "finished", "removed": unfinished},
            {"step": "join_golds", "removed": unjoined},
            {"step": "keep_right", "removed": wrong},
            {"step": f"select {how}", "removed": others},
        ],
        teachers=counts_of(teachers, traces, right, kept),
    )


if __name__ == "__main__":
    main()
