"""The toy world's problems: right arithmetic, no repeats, the real sets' columns."""

import json
import random
import re
from collections import Counter

import pytest

from scripts.generate_dataset import SCHEMAS, dataset_rows
from scripts.lib.study.columns import GENERATED
from scripts.lib.toy.word_problems import apply, careless, generate, split_of, without_annotations

TIER = {
    "steps": [1, 4],
    "start": [2, 12],
    "operand": [1, 9],
    "factor": [2, 4],
    "operations": ["add", "sub", "mul", "div"],
    "largest": 60,
    "distractors": 1,
}
COLUMNS = {
    "gsm8k": {"question", "answer"},
    "math500": {"problem", "solution", "answer", "subject", "level", "unique_id"},
    "olympiadbench": {
        "id", "subfield", "context", "question", "solution", "final_answer",
        "is_multiple_answer", "unit", "answer_type", "error",
    },
    "minerva": {"problem", "solution", "type", "idx"},
    "amc23": {"id", "problem", "answer", "url", "question"},
}  # fmt: skip


def settings(schema, rows=20, **changes):
    return {"schema": schema, "rows": rows, "seed": 3, "split": "test", "tiers": [TIER], **changes}


def calculate(left, sign, right):
    return {"+": left + right, "-": left - right, "*": left * right, "/": left / right}[sign]


def thirteen_grams(question):
    words = re.sub(r"[^\w\s]", "", question.lower()).split()
    return {tuple(words[i : i + 13]) for i in range(len(words) - 12)}


def test_every_annotation_is_right_and_the_last_is_the_answer():
    for problem in generate([TIER], 300, 0, "train"):
        notes = re.findall(r"<<(\d+)([-+*/])(\d+)=(\d+)>>(\d+)", problem.solution())
        assert len(notes) == len(problem.steps) == len(problem.solution().splitlines())
        for left, sign, right, result, shown in notes:
            assert calculate(int(left), sign, int(right)) == int(result) == int(shown)
            assert int(result) <= TIER["largest"]
        assert int(notes[-1][3]) == problem.answer


def test_steps_follow_each_other_and_the_question_holds_their_numbers():
    for problem in generate([TIER], 100, 0, "train"):
        notes = re.findall(r"<<(\d+)[-+*/](\d+)=(\d+)>>", problem.solution())
        asked = Counter(re.findall(r"\d+", problem.question))
        assert not Counter([notes[0][0], *(operand for _, operand, _ in notes)]) - asked
        assert all(a[2] == b[0] for a, b in zip(notes, notes[1:], strict=False))


def test_same_seed_same_problems_and_another_seed_others():
    assert generate([TIER], 50, 1, "train") == generate([TIER], 50, 1, "train")
    assert generate([TIER], 50, 1, "train") != generate([TIER], 50, 2, "train")


def test_no_question_repeats_and_test_questions_are_never_trained_on():
    train, test = (
        [problem.question for problem in generate([TIER], 500, 0, split)]
        for split in ("train", "test")
    )
    assert len(set(train)) == len(set(test)) == 500
    assert not set(train) & set(test)
    assert {split_of(question) for question in test} == {"test"}


def test_hardly_any_question_shares_thirteen_words_with_a_test_question():
    train = generate([{**TIER, "distractors": 0}], 3000, 0, "train")
    test = generate([{**TIER, "distractors": 0}], 300, 1, "test")
    known = set().union(*(thirteen_grams(problem.question) for problem in test))
    assert sum(bool(thirteen_grams(problem.question) & known) for problem in train) <= 15


def test_a_tier_that_no_problem_fits_is_named():
    tier = {**TIER, "steps": [4, 4], "start": [90, 99], "operations": ["add"]}
    with pytest.raises(SystemExit, match="no 4-step problem fits.*raise `largest`"):
        generate([tier], 1, 0, "test")


@pytest.mark.parametrize("schema", sorted(SCHEMAS))
def test_rows_have_the_columns_of_the_real_set_and_the_answer_agrees(schema):
    problems = generate([TIER], 20, 3, "test")
    for problem, row in zip(problems, dataset_rows(settings(schema)), strict=True):
        assert set(row) == COLUMNS[schema]
        assert json.loads(json.dumps(row)) == row
        assert row.get("question", row.get("problem")) == problem.question
    answers = {
        "gsm8k": lambda row: row["answer"].split("#### ")[1],
        "math500": lambda row: row["answer"],
        "olympiadbench": lambda row: row["final_answer"][0],
        "minerva": lambda row: re.findall(r"\\boxed\{(\d+)\}", row["solution"])[0],
        "amc23": lambda row: str(int(row["answer"])),
    }
    assert answers[schema](row) == str(problem.answer)


def test_removing_annotations_leaves_the_sentence():
    assert without_annotations("He keeps 9 - 2 = <<9-2=7>>7.") == "He keeps 9 - 2 = 7."


def test_a_careless_solution_has_right_arithmetic_and_a_wrong_answer():
    rng = random.Random(0)
    slipped = 0
    for problem in generate([TIER], 200, 0, "train"):
        written = careless(problem, rng)
        slipped += written.answer != problem.answer
        assert written.question == problem.question
        for step in written.steps:
            assert apply(step.operation, step.value, step.operand) == step.result
    assert slipped > 150


def test_the_generator_writes_what_the_config_may_ask_of_it():
    assert set(SCHEMAS) == set(GENERATED)
