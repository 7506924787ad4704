r"""Write problems as chain-of-thought examples: the solution in <think>, the result in <answer>."""

from pathlib import Path

from scripts.cli import job_arguments, planned_run
from scripts.lib.data.prompts import Prompt, messages, target
from scripts.lib.files import read_jsonl, write_jsonl


def example(problem: dict, prompt: Prompt) -> dict:
    r"""Return the one format that SFT, KD and GRPO read.

    `problem` has `id`, `question`, `gold` and, where SFT trains on it, `solution`; without one the
    completion is empty.
    """
    completion = []
    if "solution" in problem:
        completion = target(problem["solution"], rf"\boxed{{{problem['gold']}}}")
    return {
        "id": problem["id"],
        "prompt": messages(prompt, problem["question"]),
        "completion": completion,
        "gold": problem["gold"],
        "question": problem["question"],
    }


def main() -> None:
    """Write the examples of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--problems", type=Path, required=True, help="clean.jsonl of the data set")
    parser.add_argument("--rows", type=Path, required=True, help="examples.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "make_examples", dataset=args.dataset)
    problems = read_jsonl(args.problems)
    if unsolved := [p["id"] for p in problems if not p.get("solution", "without")]:
        raise SystemExit(
            f"{args.problems}: no solution for {', '.join(unsolved[:5])}; add them, or leave "
            f"`solution` out of the columns of {args.dataset}: then GRPO alone can train on it"
        )
    write_jsonl(args.rows, [example(problem, run.settings["prompt"]) for problem in problems])
    run.write_record(args.output, args.rows, dataset=args.dataset, rows=len(problems))


if __name__ == "__main__":
    main()
