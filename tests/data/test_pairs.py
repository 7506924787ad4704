"""Pairs for DPO: which answers of a model are set against each other."""

import pytest

from scripts.lib.data.pairs import judged, pairs_of, with_golds
from scripts.lib.grading.grader import Verdict

PROMPT = {"system": "Think.", "user": "{question}"}
PROBLEMS = [
    {"id": name, "question": f"What is {name}?", "gold": gold}
    for name, gold in (("one", "1"), ("two", "2"), ("three", "3"), ("four", "4"))
]


def answer(name, text, status="ok", prefill=""):
    return {
        "id": f"m/{name}/{text}",
        "question": f"What is  {name}?",  # as another data set spells it
        "reasoning": text,
        "status": status,
        "prefill": prefill,
    }


ANSWERS = [
    answer("one", "It is \\boxed{5}."),
    answer("one", "\\boxed{1}", status="cut"),
    answer("one", "So \\boxed{1}."),
    answer("one", "\\boxed{1}"),
    answer("two", "\\boxed{2}"),
    answer("three", "3"),  # without a box or tags the strict grader finds nothing
    answer("four", "", status="empty"),
    answer("five", "\\boxed{5}"),
]


@pytest.fixture(scope="module")
def made():
    kept = with_golds(ANSWERS, PROBLEMS)
    return pairs_of(PROBLEMS, kept, judged(kept, timeout=5.0, rules="gsm8k"), PROMPT)


def test_a_pair_is_the_first_right_and_the_first_wrong_answer_that_ended(made):
    (pair,), _ = made
    assert pair["id"] == "one"
    assert pair["chosen"] == [{"role": "assistant", "content": "So \\boxed{1}."}]
    assert pair["rejected"] == [{"role": "assistant", "content": "It is \\boxed{5}."}]
    assert [turn["content"] for turn in pair["prompt"]] == ["Think.", "What is one?"]


def test_a_problem_without_a_pair_is_listed_with_the_reason(made):
    _, without = made
    assert without == [
        {"id": "two", "reason": "all 1 judged answers are right"},
        {"id": "three", "reason": "all 1 judged answers are wrong"},
        {"id": "four", "reason": "no judged answer"},
    ]


def test_an_answer_that_was_not_judged_in_time_is_neither_right_nor_wrong():
    kept = with_golds(ANSWERS[:3], PROBLEMS)
    verdicts = [Verdict(False, None, "timeout"), Verdict(True, "1", "ok")]
    pairs, without = pairs_of(PROBLEMS[:1], kept, verdicts, PROMPT)
    assert pairs == []
    assert without == [{"id": "one", "reason": "all 1 judged answers are right"}]


def test_what_the_prompt_opened_is_judged_with_the_answer():
    """Without its opening tag, a box within the thought would be the answer."""
    text = "perhaps \\boxed{7}</think>\n<answer>1</answer>"
    kept = with_golds([answer("one", text, prefill="<think>\n")], PROBLEMS)
    assert [v.correct for v in judged(kept, timeout=5.0, rules="gsm8k")] == [True]
