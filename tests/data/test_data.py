"""Cleaning, examples and traces; counts on the real GSM8K."""

import json

import pytest

from scripts.lib.data.cleaning import (
    decontaminate,
    deduplicate,
    remove_near_duplicates,
    words,
)
from scripts.lib.data.prompts import messages, target
from scripts.lib.data.traces import corrupted_golds, join_golds, keep_right, split_trace
from scripts.lib.files import read_jsonl
from scripts.make_examples import example
from tests.real_files import FILES, load

PROMPT = {"system": "Think.", "user": "{question}"}


def problem(id, question, gold="1"):
    return {"id": id, "question": question, "gold": gold, "solution": "It is <<1=1>>1."}


def test_questions_that_differ_in_case_and_punctuation_are_duplicates():
    kept, removed = deduplicate([problem("0", "How many?"), problem("1", "how  many")])
    assert [p["id"] for p in kept] == ["0"]
    assert removed == [{"id": "1", "reason": "same question as 0"}]


def test_questions_that_differ_in_an_operator_or_a_point_are_no_duplicates():
    questions = [
        "What is 2+3?",
        "What is 2*3?",
        "What is 2.3?",
        "What is 2 3?",
        "$-$",
        "+",
        "?",
        "!",
    ]
    kept, removed = deduplicate([problem(str(i), q) for i, q in enumerate(questions)])
    assert len(kept) == len(questions)


LONG = "Ann has {n} apples and gives three of them to Ben who eats one on his way to school today"


def test_near_duplicates_are_removed_from_the_threshold_on_and_the_index_is_named():
    first, second = (problem(n, LONG.format(n=n)) for n in ("12", "15"))
    other = problem("other", "A train leaves at noon and arrives at four. How long does it take?")
    # 20 words: 16 runs of five, 3 of them with the number: 13 shared of 19
    for threshold, kept_ids in ((0.68, ["12", "other"]), (0.69, ["12", "15", "other"])):
        kept, removed = remove_near_duplicates(
            [first, second, other], ngram=5, threshold=threshold, num_perm=128
        )
        assert [p["id"] for p in kept] == kept_ids
        assert len(kept) + len(removed) == 3
    _, (removal,) = remove_near_duplicates([first, second], 5, 0.5, 128)
    assert removal == {"id": "15", "reason": "Jaccard index 0.68 with 12"}


def test_a_shared_ngram_contaminates_a_shorter_run_does_not():
    text = "one two three four five six"
    train = [problem("0", f"a {text} b"), problem("1", "one two three four x")]
    kept, removed = decontaminate(train, {"test": [problem("7", f"c {text} d")]}, ngram=5)
    assert [p["id"] for p in kept] == ["1"]
    assert removed[0]["id"] == "0"
    assert "test 7" in removed[0]["reason"]


def test_a_question_shorter_than_an_ngram_is_compared_whole():
    kept, removed = decontaminate(
        [problem("0", "What is 2?"), problem("1", "What is 3?")],
        {"test": [problem("7", "What is 2?")]},
        ngram=13,
    )
    assert [p["id"] for p in kept] == ["1"]


def test_words_fold_unicode_forms_and_drop_punctuation():
    assert words("Ｔｈｅ cost: $1,080!") == ["the", "cost", "1", "080"]


def test_an_example_has_no_annotations_and_one_boxed_answer():
    made = example(problem("0", "How many?", "18"), PROMPT)
    assert made["prompt"][0] == {"role": "system", "content": "Think."}
    content = made["completion"][0]["content"]
    assert content == "<think>\nIt is 1.\n</think>\n<answer>\n\\boxed{18}\n</answer>"


def test_braces_of_a_prompt_survive():
    prompt = {"system": None, "user": "{question} Write \\boxed{result}."}
    assert messages(prompt, "{x}?") == [{"role": "user", "content": "{x}? Write \\boxed{result}."}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>\na\n</think>\nb \\boxed{1}", ("a", "b \\boxed{1}")),
        ("<think>a</think><answer>\\boxed{1}</answer>", ("a", "\\boxed{1}")),
        ("<think>a", None),
        ("<think>a</think>\n", None),
        ("<think>a</think> <think>b</think> \\boxed{1}", None),
    ],
)
def test_a_trace_is_split_or_refused(text, expected):
    assert split_trace(text) == expected


def trace(id, reasoning, question="Q?", **columns):
    return {"id": id, "question": question, "reasoning": reasoning, **columns}


def reasons(removed):
    return {removal["id"]: removal["reason"] for removal in removed}


def test_golds_are_joined_by_question_and_every_trace_left_out_has_its_reason():
    traces = [
        trace("right", "<think>20</think> It is \\boxed{18}.", question=" q "),
        trace("again", "<think>20</think> It is \\boxed{18}.", question="Q?"),
        trace("other", "<think>2 x 9</think> \\boxed{18}"),
        trace("cut", "<think>18"),
        trace("silent", "<think>18</think>\n"),
        trace("foreign", "<think>18</think> \\boxed{18}", question="Unknown?"),
    ]
    examples, removed = join_golds(traces, [problem("7", "Q?", "18")], PROMPT)
    assert [e["id"] for e in examples] == ["right", "other"]
    assert examples[0]["completion"] == target("20", "It is \\boxed{18}.")
    assert {e["gold"] for e in examples} == {"18"}
    assert {e["question"] for e in examples} == {"Q?"}
    assert reasons(removed) == {
        "again": "same question and trace as right",
        "cut": "no single thought with a solution behind it",
        "silent": "no single thought with a solution behind it",
        "foreign": "its question is not among the cleaned problems",
    }


def test_traces_are_judged_again_whatever_they_box_while_thinking():
    traces = [
        trace("right", "<think>\\boxed{20}</think> It is \\boxed{1,080}."),
        trace("wrong", "<think>\\boxed{1080}</think> It is \\boxed{20}."),
        trace("no answer", "<think>1080</think> Done."),
    ]
    joined, _ = join_golds(traces, [problem("7", "Q?", "1,080")], PROMPT)
    kept, removed = keep_right(joined, 5.0, "gsm8k")
    assert [e["id"] for e in kept] == ["right"]
    assert "'20', not '1,080'" in reasons(removed)["wrong"]
    assert reasons(removed).keys() == {"wrong", "no answer"}


def test_a_problem_without_a_solution_is_an_example_without_a_completion():
    made = example({"id": "1", "question": "Q?", "gold": "18"}, PROMPT)
    assert (made["completion"], made["gold"], made["prompt"][-1]["content"]) == ([], "18", "Q?")


@pytest.mark.parametrize(
    ("answer", "gold", "corrupted"),
    [
        ("2 * 9 = 18\n\\boxed{18}", "18", False),
        ("1,080", "1080", False),
        ("\\boxed{1},080", "1,080", True),
        ("#### -5", "-5", True),  # the set's own pattern found no number
    ],
)
def test_golds_that_the_published_set_damaged_are_found(answer, gold, corrupted):
    row = {"id": "3", "problem": "Q?", "reasoning_solution": "", "groud_truth_solution": answer}
    loaded = load("camel", row, 0)
    assert corrupted_golds([loaded], [problem("7", "Q?", gold)]) == (["3"] if corrupted else [])


def test_traces_are_judged_by_the_rules_of_their_problems():
    example = {"id": "1", "gold": r"4.2 \pm 0.1", "question": "Q?"}
    example["completion"] = [{"role": "assistant", "content": "<answer>4.15</answer>"}]
    assert [len(keep_right([example], 5.0, rules)[0]) for rules in ("olympiadbench", "gsm8k")] == [
        1,
        0,
    ]


def test_a_trace_without_a_gold_of_its_own_has_no_damaged_one():
    assert corrupted_golds([trace("0", "")], [problem("7", "Q?", "18")]) == []


@pytest.mark.parametrize("text", ["", None])
def test_an_empty_trace_is_counted_not_an_error(text):
    loaded = load("camel", {"problem": "Q?", "reasoning_solution": text}, 0)
    _, removed = join_golds([loaded], [problem("0", "Q?", "18")], PROMPT)
    assert "no single thought" in reasons(removed)["0"]


def test_the_real_traces_are_joined_judged_and_written_as_examples(real_data):
    def rows(schema, file):
        return [load(schema, row, i) for i, row in enumerate(read_jsonl(real_data / file))]

    traces = rows("camel", "camel_cookbook_r1_traces_sample.jsonl")
    problems = rows("gsm8k", "gsm8k_train.jsonl")
    joined, unjoined = join_golds(traces, problems, PROMPT)
    kept, wrong = keep_right(joined, 5.0, "gsm8k")
    assert (len(traces), len(unjoined), len(wrong), len(kept)) == (14, 0, 0, 14)
    assert corrupted_golds(traces, problems) == []


def test_a_broken_line_is_named(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text('{"a": 1}\n{"a":\n')
    with pytest.raises(SystemExit, match="rows.jsonl, line 2"):
        read_jsonl(file)


@pytest.mark.slow
def test_every_removal_from_the_real_gsm8k_is_counted(real_data):
    def problems(schema, file):
        lines = (real_data / file).read_text().splitlines()
        return [load(schema, json.loads(line), i) for i, line in enumerate(lines)]

    train = problems("gsm8k", "gsm8k_train.jsonl")
    tests = {name: problems(name, f"{file}.jsonl") for name, file in FILES.items()}
    unique, duplicates = deduplicate(train)
    distinct, near = remove_near_duplicates(unique, ngram=5, threshold=0.7, num_perm=128)
    kept, contaminated = decontaminate(distinct, tests, ngram=13)
    assert len(train) == 7473
    assert duplicates == []
    assert len(near) == 1
    assert len(kept) + len(contaminated) == 7472
    assert len(remove_near_duplicates(unique, ngram=5, threshold=0.5, num_perm=128)[1]) == 3
    assert len({removal["reason"].rsplit(" ", 1)[1] for removal in contaminated}) == 3
    assert all("with gsm8k " in removal["reason"] for removal in contaminated)
