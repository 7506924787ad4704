"""Pairs for DPO: of the answers to a problem a right one and a wrong one, as the grader judges.

An answer that did not end by itself, or was not judged in time, is neither.
"""

from collections import defaultdict
from collections.abc import Sequence

from scripts.lib.data.cleaning import Removal, normalised, removal
from scripts.lib.data.prompts import Prompt, messages
from scripts.lib.data.selection import finished
from scripts.lib.grading.grader import Grader, Verdict
from scripts.lib.grading.tags import whole_text


def judged(answers: Sequence[dict], timeout: float, rules: str) -> list[Verdict]:
    """Return the grader's strict verdicts, as the reward of reinforcement learning has them.

    Each answer has its `gold`, written by the `rules` of a schema, and what the prompt opened
    before it (`prefill`), which is judged together with it.
    """
    with Grader(timeout=timeout) as grader:
        return grader.grade_many(
            [(rules, a["gold"], whole_text(a["prefill"], a["reasoning"])) for a in answers],
            mode="strict",
        )


def with_golds(answers: Sequence[dict], problems: Sequence[dict]) -> list[dict]:
    """Return the finished answers to these problems, each with its problem's id and gold."""
    by_question = {normalised(problem["question"]): problem for problem in problems}
    whole, _ = finished(answers)
    found = [(answer, by_question.get(normalised(answer["question"]))) for answer in whole]
    return [
        answer | {"problem": problem["id"], "gold": problem["gold"]}
        for answer, problem in found
        if problem is not None
    ]


def pairs_of(
    problems: Sequence[dict],
    answers: Sequence[dict],
    verdicts: Sequence[Verdict],
    prompt: Prompt,
) -> tuple[list[dict], list[Removal]]:
    """Return one pair per problem, its first right and first wrong answer, and who has none.

    Every problem weighs the same: more pairs of one would give those their say that are right half
    of the time.
    """
    right: dict[str, list[dict]] = defaultdict(list)
    wrong: dict[str, list[dict]] = defaultdict(list)
    for answer, verdict in zip(answers, verdicts, strict=True):
        if verdict.status != "timeout":
            (right if verdict.correct else wrong)[answer["problem"]].append(answer)
    pairs, without = [], []
    for problem in problems:
        good, bad = right[problem["id"]], wrong[problem["id"]]
        if good and bad:
            pairs.append(
                {
                    "id": problem["id"],
                    "prompt": messages(prompt, problem["question"]),
                    "chosen": _turn(good[0]),
                    "rejected": _turn(bad[0]),
                    "gold": problem["gold"],
                    "question": problem["question"],
                }
            )
        else:
            count = len(good or bad)
            how = "right" if good else "wrong"
            reason = f"all {count} judged answers are {how}" if count else "no judged answer"
            without.append(removal(problem, reason))
    return pairs, without


def _turn(answer: dict) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": answer["reasoning"]}]
