"""Which traces of one teacher or several become examples."""

import pytest

from scripts.lib.data.selection import counts_of, finished, select, with_thought
from scripts.lib.data.traces import split_trace


def example(id, question="Q?", teacher="a", length=10):
    content = "x" * length
    return {
        "id": id,
        "question": question,
        "teacher": teacher,
        "completion": [{"role": "assistant", "content": content}],
    }


# a is right on Q and R, b on Q, R, S and T: b is right most often.
EXAMPLES = [
    example("a/0", "Q?", "a", 5),
    example("a/1", "Q?", "a", 9),
    example("a/2", "R?", "a", 7),
    example("b/0", "Q?", "b", 8),
    example("b/1", "Q?", "b", 6),
    example("b/2", "R?", "b", 7),
    example("b/3", "S?", "b", 3),
    example("b/4", "T?", "b", 3),
]


@pytest.mark.parametrize(
    ("how", "ids"),
    [
        ("all", [e["id"] for e in EXAMPLES]),
        ("shortest", ["a/0", "a/2", "b/3", "b/4"]),  # of two of one length the first
        ("best-teacher", ["b/1", "b/2", "b/3", "b/4"]),
    ],
)
def test_a_selection_keeps_these_and_says_of_the_others_what_took_their_place(how, ids):
    kept, removed = select(EXAMPLES, how, ["a", "b"])
    assert [e["id"] for e in kept] == ids
    assert {r["id"] for r in removed} == {e["id"] for e in EXAMPLES} - set(ids)
    assert all("right, but " in r["reason"] for r in removed)


def test_equally_good_teachers_rank_by_their_order():
    pair = [example("a/0", teacher="a"), example("b/0", teacher="b")]
    for order in (["a", "b"], ["b", "a"]):
        kept, _ = select(pair, "best-teacher", order)
        assert [e["teacher"] for e in kept] == order[:1]


def test_the_best_teacher_leaves_a_problem_that_it_did_not_solve_to_the_next():
    examples = [example("b/0", "Q?", "b"), example("b/1", "R?", "b"), example("a/0", "S?", "a")]
    kept, _ = select(examples, "best-teacher", ["a", "b"])
    assert [e["id"] for e in kept] == ["b/0", "b/1", "a/0"]


def test_what_a_teacher_did_not_end_is_removed_with_the_reason():
    statuses = ["ok", "refused", "cut", "empty"]
    traces = [{"id": status, "status": status} for status in statuses]
    kept, removed = finished(traces)
    assert [trace["id"] for trace in kept] == ["ok"]
    assert [r["reason"] for r in removed] == [
        "the teacher refused",
        "cut off at the length limit",
        "the teacher wrote nothing",
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("2 x 9 = 18. It is \\boxed{18}.", ("2 x 9 = 18. It is \\boxed{18}.", "\\boxed{18}")),
        ("\\boxed{1}, no, \\boxed{2}", ("\\boxed{1}, no, \\boxed{2}", "\\boxed{2}")),
        ("<think>so</think> \\boxed{18}", ("so", "\\boxed{18}")),
        ("so</think> \\boxed{18}", ("so", "\\boxed{18}")),  # the template opened it
        ("<think>18 \\boxed{18}", None),  # cut off within the thought
        ("It is 18.", None),
        ("", None),
    ],
)
def test_a_teacher_that_thinks_in_plain_text_is_read_as_one_thought_and_its_last_box(text, parts):
    assert split_trace(with_thought(text)) == parts


def test_a_teachers_traces_are_counted():
    rows = [{"teacher": "a"}] * 3 + [{"teacher": "b"}]
    assert counts_of(["a", "b"], rows, rows[:2], rows[:1]) == {
        "a": {"traces": 3, "right": 2, "selected": 1},
        "b": {"traces": 1, "right": 0, "selected": 0},
    }
