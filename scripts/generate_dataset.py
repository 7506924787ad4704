"""Write a toy data set of seeded word problems in the columns of the real set it stands for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.cli import job_arguments, planned_run
from scripts.lib.files import write_jsonl
from scripts.lib.toy.word_problems import Problem, generate, without_annotations


def gsm8k_row(problem: Problem, index: int) -> dict[str, Any]:
    """Question and annotated answer, as in openai/gsm8k."""
    return {
        "question": problem.question,
        "answer": f"{problem.solution()}\n#### {problem.answer}",
    }


def boxed_solution(problem: Problem) -> str:
    """Return the solution as prose that ends with the boxed answer."""
    return (
        f"{without_annotations(problem.solution())}\nThe answer is $\\boxed{{{problem.answer}}}$."
    )


def math500_row(problem: Problem, index: int) -> dict[str, Any]:
    """As in HuggingFaceH4/MATH-500; the level is the number of steps, at most 5."""
    return {
        "problem": problem.question,
        "solution": boxed_solution(problem),
        "answer": str(problem.answer),
        "subject": "Prealgebra",
        "level": min(len(problem.steps), 5),
        "unique_id": f"test/toy/{index}.json",
    }


def olympiadbench_row(problem: Problem, index: int) -> dict[str, Any]:
    """As in the open-ended English mathematics part of Hothan/OlympiadBench."""
    return {
        "id": index,
        "subfield": "Algebra",
        "context": None,
        "question": problem.question,
        "solution": [boxed_solution(problem)],
        "final_answer": [str(problem.answer)],
        "is_multiple_answer": False,
        "unit": None,
        "answer_type": "Numerical",
        "error": None,
    }


def minerva_row(problem: Problem, index: int) -> dict[str, Any]:
    """As in Minerva's mathematics set: the answer stands in the solution's one box alone."""
    return {
        "problem": problem.question,
        "solution": boxed_solution(problem),
        "type": "Toy problems",
        "idx": index,
    }


def amc23_row(problem: Problem, index: int) -> dict[str, Any]:
    """As in AMC 2023: the answer is a float, the question stands there twice."""
    return {
        "id": index,
        "problem": problem.question,
        "answer": float(problem.answer),
        "url": f"toy/amc23/{index}",
        "question": problem.question,
    }


SCHEMAS: dict[str, Callable[[Problem, int], dict[str, Any]]] = {
    "gsm8k": gsm8k_row,
    "math500": math500_row,
    "olympiadbench": olympiadbench_row,
    "minerva": minerva_row,
    "amc23": amc23_row,
}


def dataset_rows(settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Draw the problems of a data set and give them its columns."""
    make_row = SCHEMAS[settings["schema"]]
    problems = generate(settings["tiers"], settings["rows"], settings["seed"], settings["split"])
    return [make_row(problem, index) for index, problem in enumerate(problems)]


def main() -> None:
    """Run the rule."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in the config")
    parser.add_argument("--rows", type=Path, required=True, help="raw.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "generate_dataset", dataset=args.dataset)
    rows = dataset_rows(run.settings)
    write_jsonl(args.rows, rows)
    run.write_record(args.output, args.rows, dataset=args.dataset, rows=len(rows))


if __name__ == "__main__":
    main()
