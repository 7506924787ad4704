"""Turn a data set's rows, whatever their columns, into problems: id, question and gold answer."""

from pathlib import Path

from scripts.cli import job_arguments, planned_run
from scripts.lib.data.schemas import load_rows
from scripts.lib.files import write_jsonl


def main() -> None:
    """Load the problems of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--raw", type=Path, required=True, help="raw.jsonl of the data set")
    parser.add_argument("--rows", type=Path, required=True, help="problems.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "load_problems", dataset=args.dataset)
    problems = load_rows(args.raw, run.settings["columns"])
    write_jsonl(args.rows, problems)
    run.write_record(args.output, args.rows, dataset=args.dataset, rows=len(problems))


if __name__ == "__main__":
    main()
