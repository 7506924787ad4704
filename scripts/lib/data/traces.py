"""A teacher's traces: taken apart, judged, and written as examples or removed with a reason."""

from collections.abc import Sequence

from scripts.lib.data.cleaning import Removal, normalised, removal
from scripts.lib.data.prompts import Prompt, messages, target
from scripts.lib.grading.grader import Grader


def split_trace(text: str) -> tuple[str, str] | None:
    """Return the reasoning inside <think> and the short solution after it.

    None if the trace was cut off inside <think>, nothing follows it, or it thinks again behind it.
    Tags around the solution are dropped: the target of the distillation puts its own.
    """
    reasoning, closing, solution = text.partition("</think>")
    solution = solution.replace("<answer>", "").replace("</answer>", "").strip()
    if not closing or not solution or "think>" in solution:
        return None
    return reasoning.replace("<think>", "").strip(), solution


def join_golds(
    traces: Sequence[dict], problems: Sequence[dict], prompt: Prompt
) -> tuple[list[dict], list[Removal]]:
    """Return each trace as a training example with the gold answer of its problem, by question.

    Removed are traces of other questions, unfinished ones and repetitions.
    """
    answered = {normalised(problem["question"]): problem for problem in problems}
    first: dict[tuple[str, str], str] = {}
    examples, removed = [], []
    for trace in traces:
        problem = answered.get(normalised(trace["question"]))
        parts = split_trace(trace["reasoning"])
        if problem is None:
            reason = "its question is not among the cleaned problems"
        elif parts is None:
            reason = "no single thought with a solution behind it"
        elif (made := (problem["id"], trace["reasoning"])) in first:
            reason = f"same question and trace as {first[made]}"
        else:
            first[made] = trace["id"]
            example = {
                "id": trace["id"],
                "prompt": messages(prompt, problem["question"]),
                "completion": target(*parts),
                "gold": problem["gold"],
                "question": problem["question"],
            }
            examples.append(example)
            continue
        removed.append(removal(trace, reason))
    return examples, removed


def keep_right(
    examples: Sequence[dict], timeout: float, rules: str
) -> tuple[list[dict], list[Removal]]:
    """Return the examples that the grader finds right, judged as a student is tuned to answer.

    `rules` are the grader's rules for the golds of the problems.
    """
    texts = [example["completion"][0]["content"] for example in examples]
    with Grader(timeout=timeout) as grader:
        verdicts = grader.grade_many(
            [(rules, e["gold"], text) for e, text in zip(examples, texts, strict=True)],
            mode="strict",
        )
    kept, removed = [], []
    for example, verdict in zip(examples, verdicts, strict=True):
        if verdict.correct:
            kept.append(example)
        else:
            found = repr(verdict.extracted) if verdict.status == "ok" else verdict.status
            reason = f"wrong: {found:.60}, not {example['gold']!r}"
            removed.append(removal(example, reason))
    return kept, removed


def corrupted_golds(traces: Sequence[dict], problems: Sequence[dict]) -> list[str]:
    """Return the ids of the traces whose own gold answer is not that of their problem.

    The published set's golds lost what stands behind a comma, and negative numbers. They are not
    used; this counts them.
    """
    golds = {normalised(problem["question"]): problem["gold"] for problem in problems}
    return [
        trace["id"]
        for trace in traces
        if "own_gold" in trace
        and (gold := golds.get(normalised(trace["question"])))
        and trace["own_gold"].replace(",", "") != gold.replace(",", "")
    ]
