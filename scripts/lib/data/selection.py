"""Traces of one teacher or several: those that are whole, as examples, and which of them are kept.

Every step returns what it keeps and, for each trace that it removes, `{"id", "reason"}`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from scripts.lib.data.cleaning import Removal, removal
from scripts.lib.grading.boxes import boxes

UNFINISHED = {
    "refused": "the teacher refused",
    "empty": "the teacher wrote nothing",
    "cut": "cut off at the length limit",
}


def with_thought(text: str) -> str:
    r"""Return a trace with its thought in tags.

    Of a teacher that thinks in plain text, which it ends with a result in a box, the whole text is
    the thought, and the last box the solution. Without a box it stays as it is, to be removed.

    >>> with_thought("2 x 9 is \\boxed{18}.")
    '<think>\n2 x 9 is \\boxed{18}.\n</think>\n\\boxed{18}'
    """
    found = boxes(text)
    if "think>" in text or not found:
        return text
    return f"<think>\n{text.strip()}\n</think>\n\\boxed{{{found[-1]}}}"


def finished(traces: Sequence[dict]) -> tuple[list[dict], list[Removal]]:
    """Keep the traces that their teacher ended itself, as far as their `status` tells."""
    kept = [trace for trace in traces if trace["status"] not in UNFINISHED]
    cut = [trace for trace in traces if trace["status"] in UNFINISHED]
    return kept, [removal(trace, UNFINISHED[trace["status"]]) for trace in cut]


def length(example: dict) -> int:
    """Return the length of an example's target in characters, which no tokenizer decides."""
    return len(example["completion"][0]["content"])


def keep_all(examples: Sequence[dict], teachers: Sequence[str]) -> list[dict]:
    """Return every right trace."""
    return list(examples)


def keep_shortest(examples: Sequence[dict], teachers: Sequence[str]) -> list[dict]:
    """Return the shortest right trace of each problem; of equally short ones the first."""
    return [min(of_problem, key=length) for of_problem in _by_problem(examples)]


def keep_best_teacher(examples: Sequence[dict], teachers: Sequence[str]) -> list[dict]:
    """Return one right trace of each problem, of the teacher that is right most often.

    Teachers are ranked by their right traces of all problems; equal ones by their order in the
    config. Each problem takes the first in rank that solved it, and the shortest of its traces.
    """
    right = Counter(example["teacher"] for example in examples)
    rank = {t: (-right[t], number) for number, t in enumerate(teachers)}
    return [
        min(of_problem, key=lambda example: (rank[example["teacher"]], length(example)))
        for of_problem in _by_problem(examples)
    ]


SELECT: dict[str, Callable[[Sequence[dict], Sequence[str]], list[dict]]] = {
    "all": keep_all,
    "shortest": keep_shortest,
    "best-teacher": keep_best_teacher,
}


def select(
    examples: Sequence[dict], how: str, teachers: Sequence[str]
) -> tuple[list[dict], list[Removal]]:
    """Keep some of the right examples, each with its `question` and `teacher`."""
    kept = SELECT[how](examples, teachers)
    chosen = {example["id"] for example in kept}
    instead = {example["question"]: example["id"] for example in kept}
    others = [example for example in examples if example["id"] not in chosen]
    return kept, [
        removal(other, f"right, but {instead[other['question']]} is chosen ({how})")
        for other in others
    ]


def _by_problem(examples: Sequence[dict]) -> list[list[dict]]:
    """Return the examples of each problem, in their order."""
    found: dict[str, list[dict]] = defaultdict(list)
    for example in examples:
        found[example["question"]].append(example)
    return list(found.values())


def counts_of(
    teachers: Sequence[str], traces: Sequence[dict], right: Sequence[dict], kept: Sequence[dict]
) -> dict[str, dict[str, int]]:
    """Return {teacher: its traces, those that are right, those that are kept}."""
    steps = {"traces": traces, "right": right, "selected": kept}
    by_teacher = {name: Counter(row["teacher"] for row in rows) for name, rows in steps.items()}
    return {t: {name: found[t] for name, found in by_teacher.items()} for t in teachers}
