"""The rewards of paper 3.3, value by value."""

import subprocess
import sys
import time

import pytest

from scripts.lib.grading.rewards import accuracy_reward, format_reward, shared_grader
from tests.workflow import ROOT

GOOD = "<think>\n6 * 3\n</think>\n<answer>\n\\boxed{18}\n</answer>"


@pytest.mark.parametrize(
    ("completion", "reward"),
    [
        (GOOD, 1.0),
        (f"\n {GOOD} \n", 1.0),
        ("<think>a</think><answer>b</answer>", 1.0),
        ("<think>wrong, but in the format</think><answer>-1</answer>", 1.0),
        ("", 0.0),
        ("18", 0.0),
        ("<answer>18</answer>", 0.0),
        ("<think>18</think>", 0.0),
        ("<answer>18</answer><think>a</think>", 0.0),
        (f"So: {GOOD}", 0.0),
        (f"{GOOD} That is it.", 0.0),
        ("<think>a</think> so <answer>18</answer>", 0.0),
        (GOOD + GOOD, 0.0),
        ("<think>a</think><think>b</think><answer>18</answer>", 0.0),
        ("<think>a</think><answer>18</answer><answer>18</answer>", 0.0),
        ("<think>a <answer>17</answer></think><answer>18</answer>", 0.0),
        ("<think>a<answer>18</think></answer>", 0.0),
        ("<think></think><answer>18</answer>", 0.0),
        ("<think>a</think><answer> \n </answer>", 0.0),
        ("<think>...</think><answer>...</answer>", 0.0),
        ("<think>a<answer>18</answer>", 0.0),
        ("<THINK>a</THINK><ANSWER>18</ANSWER>", 0.0),
    ],
)
def test_format_reward(completion, reward):
    chat = [{"role": "assistant", "content": completion}]
    assert format_reward(["", ""], [completion, chat]) == [reward, reward]


@pytest.mark.parametrize(
    ("completion", "reward"),
    [
        (GOOD, 1.0),
        ("<answer>18</answer>", 1.0),
        (r"\boxed{18}", 1.0),
        ("<think>a</think><answer>There are 18 apples</answer>", 1.0),
        ("18", 0.0),  # strict: free text does not count
        ("<think>a</think><answer>19</answer>", 0.0),
        ("<think><answer>18</answer></think>", 0.0),
        ("<think>18</think><answer></answer>", 0.0),
        ("<think>...</think><answer>...</answer>", 0.0),
        ("<think>18 <answer>18</answer>", 0.0),
        ("<answer>18</answer><answer>19</answer>", 0.0),
        ("<answer>" + ",".join(map(str, range(1, 31))) + "</answer>", 0.0),
        ("<answer>17 or 18</answer>", 0.0),
        ("", 0.0),
    ],
)
def test_accuracy_reward(completion, reward):
    chat = [{"role": "assistant", "content": completion}]
    rewards = accuracy_reward(
        prompts=["", ""], completions=[completion, chat], gold=["18"] * 2, benchmark=["gsm8k"] * 2
    )
    assert rewards == [reward, reward]


def test_other_columns_are_ignored_and_nothing_is_printed(capsys):
    columns = {"gold": ["18"], "benchmark": ["gsm8k"], "question": ["?"], "trainer_state": None}
    assert accuracy_reward([""], [GOOD], **columns) == [1.0]
    assert format_reward([""], [GOOD], **columns) == [1.0]
    assert capsys.readouterr() == ("", "")


def test_time_outs_earn_nothing_and_are_counted():
    counted = {}
    rewards = accuracy_reward(
        ["", ""],
        [r"\boxed{9^{9^{9^9}}}", r"\boxed{18}"],
        gold=["18"] * 2,
        benchmark=["gsm8k"] * 2,
        timeout=1.0,
        log_metric=counted.__setitem__,
    )
    assert rewards == [0.0, 1.0]
    assert counted == {"grader_timeouts": 1}


def test_a_call_is_cheap_because_the_worker_stays():
    columns = {"gold": ["18"] * 512, "benchmark": ["gsm8k"] * 512}
    accuracy_reward([""], [GOOD], gold=["18"], benchmark=["gsm8k"])
    worker = shared_grader(5.0)._worker.process.pid
    begin = time.monotonic()
    accuracy_reward([""] * 512, [GOOD] * 512, **columns)
    assert time.monotonic() - begin < 2.0
    assert shared_grader(5.0)._worker.process.pid == worker


def test_a_process_that_used_the_reward_ends_by_itself():
    code = (
        "from scripts.lib.grading.rewards import accuracy_reward;"
        "print(accuracy_reward([''], ['\\\\boxed{18}'], gold=['18'], benchmark=['gsm8k']))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stdout.strip(), run.stderr) == (0, "[1.0]", "")
