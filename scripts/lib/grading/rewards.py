r"""The two rewards of paper section 3.3, in the signature of TRL's GRPOTrainer.

The paper gives them in words, its formulas (1) and (2) are missing from the text we have: a format
reward for reasoning within <think>...</think> tags and a final answer within <answer>...</answer>
tags, and an accuracy reward for a correct result.
ASSUME: each is 1 when met and 0 when not (0/1 and -1/+1 give the same normalised advantages).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from scripts.lib.grading.grader import Grader
from scripts.lib.grading.tags import in_format

Completion = str | list[dict[str, str]]


def format_reward(
    prompts: Sequence, completions: Sequence[Completion], **columns: object
) -> list[float]:
    """Reward 1.0 for one <think> pair followed by one <answer> pair, else 0.0.

    >>> format_reward([""], ["<think>6 * 3</think> <answer>18</answer>"])
    [1.0]
    """
    return [float(in_format(text_of(completion))) for completion in completions]


def accuracy_reward(
    prompts: Sequence,
    completions: Sequence[Completion],
    gold: Sequence[str],
    benchmark: Sequence[str],
    timeout: float = 5.0,
    log_metric: Callable[[str, float], None] | None = None,
    **columns: object,
) -> list[float]:
    """Reward 1.0 for the right final answer by the strict grader, else 0.0.

    TRL's `log_metric` is told how many completions the grader gave up after `timeout` seconds.
    """
    texts = [text_of(completion) for completion in completions]
    items = list(zip(benchmark, gold, texts, strict=True))
    verdicts = shared_grader(timeout).grade_many(items, "strict")
    if log_metric:
        log_metric("grader_timeouts", sum(verdict.status == "timeout" for verdict in verdicts))
    return [float(verdict.correct) for verdict in verdicts]


def text_of(completion: Completion) -> str:
    """Return the text of a completion, plain or conversational."""
    if isinstance(completion, str):
        return completion
    return "".join(message["content"] or "" for message in completion)


@cache
def shared_grader(timeout: float) -> Grader:
    """Return the process's own grader: its worker starts once, not once per training step."""
    return Grader(timeout)
