"""What judging costs, as ratios, on completions of real models.

They stand in tests/grading/completions.jsonl. A device that generates is a process that sleeps.
"""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from math_verify import parse, verify

from scripts.lib.evaluation.judges import Judges
from scripts.lib.evaluation.lighteval_judge import Judge
from scripts.lib.grading.grader import Grader, Item

COMPLETIONS = Path(__file__).parents[1] / "tests" / "grading" / "completions.jsonl"
BLOCK = 20
SHARES = 3  # of the completions, each judged by one worker and by two
TIMEOUT = 5.0  # seconds, as in config.yaml


def completions() -> list[Item]:
    """Return the kept completions, each once: benchmark, gold and text."""
    rows = map(json.loads, COMPLETIONS.read_text(encoding="utf-8").splitlines())
    return list(dict.fromkeys((row["benchmark"], row["gold"], row["completion"]) for row in rows))


def seconds(work: Callable[..., Any], *arguments: Any) -> float:
    """Return how long a call took, in seconds."""
    begin = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - begin


def by_turns(
    ours: Callable[[Sequence[Item]], Any],
    theirs: Callable[[Sequence[Item]], Any],
    blocks: Sequence[Sequence[Item]],
) -> dict[str, Any]:
    """Return the median ratio of two ways to judge, and milliseconds per completion of each.

    The first block warms them up. They take turns: the machine's other work hits both.
    """
    warm, *rest = blocks
    ours(warm)
    theirs(warm)
    taken = [(seconds(ours, block), seconds(theirs, block)) for block in rest]
    mine, others = zip(*taken, strict=True)
    count = sum(map(len, rest))
    return {
        "value": median(one / other for one, other in taken),
        "ours_milliseconds": 1000 * sum(mine) / count,
        "theirs_milliseconds": 1000 * sum(others) / count,
        "completions": count,
    }


def bare_math_verify(block: Sequence[Item]) -> list[bool]:
    """Return math-verify's own verdicts, without limits of time or processes of its own."""
    return [verify(parse(f"${gold.strip('$')}$"), parse(text)) for _, gold, text in block]


def grader_by_math_verify(blocks: Sequence[Sequence[Item]]) -> dict[str, Any]:
    """Compare the strict grader with bare math-verify."""
    with Grader(TIMEOUT) as grader:
        return by_turns(lambda block: grader.grade_many(block, "strict"), bare_math_verify, blocks)


def golds() -> list[tuple[str, str]]:
    """Return the benchmarks and golds of the kept completions, each once."""
    return list(dict.fromkeys((benchmark, gold) for benchmark, gold, _ in completions()))


def ordinary_completions(rows: Sequence[tuple[str, str]]) -> list[Item]:
    """Return a completion for each benchmark and gold; every other one has a neighbour's gold."""
    answers = [gold for _, gold in rows]
    answers[1::2] = answers[3::2] + answers[1:2]
    return [
        (benchmark, gold, f"<think>\nLet me see: 6 * 3 = 18.\n</think>\n\\boxed{{{answer}}}")
        for (benchmark, gold), answer in zip(rows, answers, strict=True)
    ]


def grader_by_lighteval() -> dict[str, Any]:
    """Compare both verdicts of the grader with LightEval's one, as an evaluation asks for them."""
    items = completions()
    blocks = [items[start : start + BLOCK] for start in range(0, len(items), BLOCK)]
    judge = Judge()
    with Grader(TIMEOUT) as grader:
        found = by_turns(
            lambda block: [grader.grade_both(item) for item in block],
            lambda block: [judge.verdict((gold, text)) for _, gold, text in block],
            blocks,
        )
    judge.close()
    return found


def judge_all(judges: Judges, items: Sequence[Item], gap: float = 0.0) -> None:
    """Have completions judged that come `gap` seconds after each other, and wait for the last."""
    for item in items:
        time.sleep(gap)
        judges.graded(item)
        judges.matched(item[1:])
    judges.grade(items)
    judges.match([item[1:] for item in items])


def compute(rounds: int) -> int:
    """Keep a core busy for about a second per 10^7 rounds."""
    return sum(number % 7 for number in range(rounds))


def two_by_one(processes: Executor, rounds: int = 5_000_000) -> float:
    """Return what two processes that only compute take, by one with the same work.

    1 is a machine with one core to spare, 0.5 one with two.
    """
    one = seconds(lambda: processes.submit(compute, 2 * rounds).result())
    return seconds(lambda: list(processes.map(compute, [rounds] * 2))) / one


def judging() -> tuple[dict[str, Any], dict[str, Any]]:
    """Compare two workers with one, and judging while completions come with judging after them.

    Two workers gain at most what the machine has to spare: their ratio is by that of two processes
    that only compute. The device takes as long for the completions as one worker does to judge
    them.
    """
    items = completions()
    shares = [items[start::SHARES] for start in range(SHARES)]
    one, two, beside, after = (Judges(workers, TIMEOUT) for workers in (1, 2, 1, 1))
    every = one, two, beside, after
    for judges in every:
        judge_all(judges, [("gsm8k", str(n), f"\\boxed{{{n}}}") for n in range(8)])
    taken = []
    with ProcessPoolExecutor(2) as processes:
        list(processes.map(compute, [1000] * 8))  # starts both
        for share in shares:
            alone = seconds(judge_all, one, share)
            pair = seconds(judge_all, two, share)
            spare = two_by_one(processes)
            while_they_come = seconds(judge_all, beside, share, alone / len(share))
            afterwards = alone + seconds(judge_all, after, share)
            taken.append((alone, pair, spare, while_they_come, afterwards))
    for judges in every:
        judges.close()
    totals = [sum(column) for column in zip(*taken, strict=True)]
    return (
        {
            "value": totals[1] / totals[0] / (totals[2] / SHARES),
            "two_by_one_that_only_compute": totals[2] / SHARES,
            "one_completions_per_second": len(items) / totals[0],
            "two_completions_per_second": len(items) / totals[1],
            "one_seconds": totals[0],
            "two_seconds": totals[1],
            "completions": len(items),
        },
        {
            "value": median(row[3] / row[4] for row in taken),
            "while_seconds": totals[3],
            "after_seconds": totals[4],
        },
    )
