"""Cleaning, examples, traces and the fetch from a mirror; counts on the real GSM8K."""

import hashlib
import json

import pytest

from scripts.clean_dataset import decontaminate, deduplicate
from scripts.cli import check_inputs
from scripts.fetch_dataset import rows_of_hub, rows_of_mirror
from scripts.lib.data.cleaning import words
from scripts.lib.data.prompts import messages, target
from scripts.lib.data.schemas import LOADERS
from scripts.lib.data.traces import split_trace, verified_examples
from scripts.lib.records import read_jsonl, write_json
from scripts.lib.study.plan import Job
from scripts.make_examples import example

PROMPT = {"system": "Think.", "user": "{question}"}


def problem(id, question, gold="1"):
    return {"id": id, "question": question, "gold": gold, "solution": "It is <<1=1>>1."}


def test_questions_that_differ_in_case_and_punctuation_are_duplicates():
    kept, removed = deduplicate([problem("0", "How many?"), problem("1", "how  many")])
    assert [p["id"] for p in kept] == ["0"]
    assert removed == [{"id": "1", "step": "deduplicate", "reason": "same question as 0"}]


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
    ],
)
def test_a_trace_is_split_or_refused(text, expected):
    assert split_trace(text) == expected


def test_only_right_traces_become_examples_and_every_other_one_is_counted():
    traces = [
        {"question": "Q?", "reasoning": "<think>20</think> It is \\boxed{18}."},
        {"question": "Q?", "reasoning": "<think>18</think> It is \\boxed{20}."},
        {"question": "Q?", "reasoning": "<think>18"},
        {"question": "Unknown?", "reasoning": "<think>18</think> \\boxed{18}"},
    ]
    examples, outcomes = verified_examples(traces, [problem("0", "Q?", "18")], PROMPT, timeout=5.0)
    assert [e["completion"] for e in examples] == [target("20", "It is \\boxed{18}.")]
    assert outcomes["kept"] == outcomes["unfinished"] == 1
    assert outcomes["question is not in the problems"] == 1
    assert sum(outcomes.values()) == 4


def test_an_empty_trace_is_counted_not_an_error():
    trace = LOADERS["camel"]({"problem": "Q?", "reasoning_solution": ""}, 0)
    _, outcomes = verified_examples([trace], [problem("0", "Q?", "18")], PROMPT, timeout=5.0)
    assert outcomes["unfinished"] == 1


def test_a_file_that_another_plan_left_is_refused(tmp_path):
    for key in ("planned", "other"):
        write_json(tmp_path / "clean.json", {"key": key})
        job = Job("make_examples", {}, ["planned"])
        if key == "planned":
            check_inputs(job, tmp_path / "clean.jsonl")
        else:
            with pytest.raises(SystemExit, match="clean.json: its key is other"):
                check_inputs(job, tmp_path / "clean.jsonl")


def test_another_content_of_a_mirrors_file_is_an_error(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text('{"a": 1}\n')
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert rows_of_mirror(file, {"sha256": digest}) == [{"a": 1}]
    with pytest.raises(SystemExit, match="config.yaml expects"):
        rows_of_mirror(file, {"sha256": "0" * 64})


def test_an_unpinned_set_is_refused():
    with pytest.raises(SystemExit, match="hub.revision"):
        rows_of_hub({"repo": "camel-ai/gsm8k_distilled", "revision": None, "split": "train"})


def test_a_broken_line_is_named(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text('{"a": 1}\n{"a":\n')
    with pytest.raises(SystemExit, match="rows.jsonl, line 2"):
        read_jsonl(file)


@pytest.mark.slow
def test_every_removal_from_the_real_gsm8k_is_counted(real_data):
    def problems(schema, file):
        lines = (real_data / file).read_text().splitlines()
        return [LOADERS[schema](json.loads(line), i) for i, line in enumerate(lines)]

    train = problems("gsm8k", "gsm8k_train.jsonl")
    tests = {
        "gsm8k-test": problems("gsm8k", "gsm8k_test.jsonl"),
        "math500": problems("math500", "math500.jsonl"),
        "minerva": problems("minerva", "minerva_math.jsonl"),
        "amc23": problems("amc23", "amc23.jsonl"),
        "olympiadbench": problems("olympiadbench", "olympiadbench.jsonl"),
    }
    unique, duplicates = deduplicate(train)
    kept, contaminated = decontaminate(unique, tests, ngram=13)
    assert len(train) == 7473
    assert duplicates == []
    assert len(kept) + len(contaminated) == 7473
    assert len({removal["reason"].rsplit(" ", 1)[1] for removal in contaminated}) == 3
    assert all("with gsm8k-test" in removal["reason"] for removal in contaminated)
