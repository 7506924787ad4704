"""Judge a model's answers; write a right and a wrong one of each problem that has both, for DPO."""

from collections import Counter
from pathlib import Path
from typing import Any

from scripts.cli import job_arguments, planned_run
from scripts.lib.console import report
from scripts.lib.data.pairs import judged, pairs_of, with_golds
from scripts.lib.data.schemas import load_rows
from scripts.lib.data.selection import UNFINISHED
from scripts.lib.files import read_json, read_jsonl, write_jsonl


def read_answers(
    rows: Path, record: Path, columns: dict[str, Any], teacher: str
) -> list[dict[str, Any]]:
    """Return a model's answers, named after it, with how they ended and their `prefill`."""
    opened = read_json(record).get("prefill", "")
    statuses = [row["status"] for row in read_jsonl(rows)]
    facts = {"teacher": teacher, "prefill": opened}
    return [
        answer | facts | {"id": f"{teacher}/{answer['id']}", "status": status}
        for answer, status in zip(load_rows(rows, columns), statuses, strict=True)
    ]


def main() -> None:
    """Make the pairs of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the set of answers")
    parser.add_argument("--problems", type=Path, required=True, help="clean.jsonl of the problems")
    parser.add_argument("--rows", type=Path, required=True, help="pairs.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "make_pairs", dataset=args.dataset)
    teachers, columns = run.settings["teachers"], run.settings["columns"]
    files = zip(run.paths("traces"), run.paths("records"), teachers, strict=True)
    answers = [a for rows, record, t in files for a in read_answers(rows, record, columns, t)]
    asked = {answer["question"] for answer in answers}
    problems = [p for p in read_jsonl(args.problems) if p["question"] in asked]
    kept = with_golds(answers, problems)
    verdicts = judged(kept, **run.settings["grader"])
    pairs, without = pairs_of(problems, kept, verdicts, run.settings["prompt"])
    right = Counter(a["teacher"] for a, v in zip(kept, verdicts, strict=True) if v.correct)
    counts = {
        "problems": len(problems),
        "answers": len(answers),
        "unfinished": sum(answer["status"] in UNFINISHED for answer in answers),
        "right": right.total(),
        "pairs": len(pairs),
    }
    if answers and not pairs:
        raise SystemExit(
            f"{args.dataset}: none of {len(problems)} problems has a right and a wrong answer: of "
            f"{len(answers)} answers {counts['right']} are right and {counts['unfinished']} "
            "unfinished. Take more `num_samples`, another `temperature` or problems of another "
            "difficulty"
        )
    write_jsonl(args.rows, pairs)
    by_teacher = Counter(answer["teacher"] for answer in answers)
    run.write_record(
        args.output,
        args.rows,
        dataset=args.dataset,
        rows_in=len(problems),
        rows_out=len(pairs),
        steps=[{"step": "make_pairs", "removed": without}],
        counts=counts,
        teachers={t: {"traces": by_teacher[t], "right": right[t]} for t in teachers},
    )
    report(f"make_pairs {args.dataset}: {len(pairs)} pairs of {len(problems)} problems")


if __name__ == "__main__":
    main()
