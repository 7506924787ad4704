"""What grading costs, as ratios: against bare math-verify, and within a step of training.

python -m pytest tests/benchmarks -s     prints the figures
"""

import json
import time
from statistics import median
from unittest.mock import patch

import pytest
from math_verify import parse, verify

from scripts.lib.grading import rewards
from scripts.lib.grading.grader import Grader
from tests.real_files import FILES, load
from tests.training_case import GRPO, case, run_case, tiny_model

BLOCKS = 20
MEASURED = 6  # of them, each with all five benchmarks


@pytest.fixture(scope="module")
def pairs(real_data):
    """Return every gold with an ordinary completion: every other one is right."""
    rows = [
        (benchmark, load(benchmark, json.loads(line), index)["gold"])
        for benchmark, name in FILES.items()
        for index, line in enumerate((real_data / f"{name}.jsonl").open(encoding="utf-8"))
    ]
    answers = [gold for _, gold in rows]
    answers[1::2] = answers[3::2] + answers[1:2]  # a neighbour's gold
    return [
        (benchmark, gold, f"<think>\nLet me see: 6 * 3 = 18.\n</think>\n\\boxed{{{answer}}}")
        for (benchmark, gold), answer in zip(rows, answers, strict=True)
    ]


def bare_math_verify(block):
    for _, gold, completion in block:
        verify(parse(f"${gold.strip('$')}$"), parse(completion))


def seconds(judge, block):
    begin = time.perf_counter()
    judge(block)
    return time.perf_counter() - begin


@pytest.mark.slow
def test_a_warm_grader_costs_at_most_one_and_a_half_times_bare_math_verify(pairs):
    """Every pair is new to both, and they take turns: the machine's other work hits them alike."""
    assert len(pairs) == 2806
    warm, *blocks = [pairs[start::BLOCKS] for start in range(MEASURED + 1)]
    with Grader() as grader:
        judges = (lambda block: grader.grade_many(block, "strict")), bare_math_verify
        for judge in judges:
            judge(warm[:20])
        taken = [[seconds(judge, block) for judge in judges] for block in blocks]
    ours, theirs = zip(*taken, strict=True)
    ratio = median(mine / other for mine, other in zip(ours, theirs, strict=True))
    print(
        f"{sum(map(len, blocks))} pairs: grader {sum(ours):.2f} s, "
        f"bare math-verify {sum(theirs):.2f} s, ratio {ratio:.2f}"
    )
    assert ratio <= 1.5


@pytest.mark.slow
def test_the_reward_takes_less_than_a_twentieth_of_a_training_step(tmp_path):
    """A tiny model's GRPO steps; the rewards judge well-formed answers in place of its noise."""
    from trl import GRPOTrainer

    steps, within = [], []
    rewards.shared_grader(5.0).grade_many([("gsm8k", "1", "1")])
    accuracy, train_step = rewards.accuracy_reward, GRPOTrainer.training_step

    def judge(completions, gold, **columns):
        given = [int(right) + number % 2 for number, right in enumerate(gold)]
        answers = [
            f"<think>\nIt is {n}.\n</think>\n<answer>\n\\boxed{{{n}}}\n</answer>" for n in given
        ]
        begin = time.perf_counter()
        result = accuracy(completions=answers, gold=gold, **columns)
        within.append(time.perf_counter() - begin)
        assert 0 < sum(result) < len(result)
        return result

    def step(*arguments, **named):
        begin = time.perf_counter()
        loss = train_step(*arguments, **named)
        steps.append(time.perf_counter() - begin)
        return loss

    batch = {"global_batch_size": 64, "num_generations": 8}
    recipe = {**GRPO, **batch, "max_steps": 5, "max_completion_length": 96, "save_steps": 5}
    parent = tiny_model(tmp_path / "parent")
    path = case(tmp_path, parent, "train_grpo", recipe, tokens_per_pass=32_768)
    with (
        patch.object(GRPOTrainer, "training_step", step),
        patch.object(rewards, "accuracy_reward", judge),
    ):
        run_case(path, rewards.format_reward)
    assert len(steps) == len(within) == 5
    share = median(within[1:]) / median(steps[1:])
    print(
        f"64 completions: reward {1000 * median(within[1:]):.1f} ms of a step of "
        f"{1000 * median(steps[1:]):.0f} ms, {share:.2%}"
    )
    assert share < 0.05
