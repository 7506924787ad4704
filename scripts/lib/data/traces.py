"""A teacher's traces: taken apart, judged, and written as examples or counted as dropped."""

from collections import Counter
from collections.abc import Sequence

from scripts.lib.data.prompts import messages, target
from scripts.lib.grading.grader import Grader


def split_trace(text: str) -> tuple[str, str] | None:
    """Return the reasoning inside <think> and the short solution after it.

    None if the trace was cut off inside <think>, or nothing follows it. Tags around the solution
    are dropped: the target of the distillation puts its own.
    """
    reasoning, closing, solution = text.partition("</think>")
    solution = solution.replace("<answer>", "").replace("</answer>", "").strip()
    if not closing or not solution:
        return None
    return reasoning.replace("<think>", "").strip(), solution


def verified_examples(
    traces: Sequence[dict], problems: Sequence[dict], prompt: dict, timeout: float
) -> tuple[list[dict], Counter]:
    """Return the examples of the traces that the grader finds right, and counts by outcome.

    `traces` have `question` and `reasoning`, the whole trace; the gold answers are those of
    `problems`, by question. A trace is judged strictly, as the very target that a student is tuned
    to give.
    """
    golds = {problem["question"].strip(): problem["gold"] for problem in problems}
    outcomes: Counter = Counter()
    candidates = []
    for trace in traces:
        question = trace["question"].strip()
        parts = split_trace(trace["reasoning"])
        if question not in golds:
            outcomes["question is not in the problems"] += 1
        elif parts is None:
            outcomes["unfinished"] += 1
        else:
            example = {
                "prompt": messages(prompt, question),
                "completion": target(*parts),
                "gold": golds[question],
                "question": question,
            }
            candidates.append(example)
    with Grader(timeout=timeout) as grader:
        verdicts = grader.grade_many(
            [("gsm8k", e["gold"], e["completion"][0]["content"]) for e in candidates], mode="strict"
        )
    for verdict in verdicts:
        outcomes["kept" if verdict.correct else f"wrong: {verdict.status}"] += 1
    pairs = zip(candidates, verdicts, strict=True)
    return [example for example, verdict in pairs if verdict.correct], outcomes
