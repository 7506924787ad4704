"""How much of a training's passes is padding, counted at the lengths of the paper's study.

Lengths are drawn, the same ones on every machine: log-normal, in tokens, with the means that were
measured or that config.yaml assumes. Before, a pass held a fixed number of sequences in random
order, as many as fit if all were the longest there can be; and TRL padded the rollouts of a GRPO
step all to the longest.
"""

import math
import random
from statistics import fmean
from typing import Any

from scripts.lib.training.passes import TOKENS_PER_PASS, split_by_tokens

STEPS = 20  # drawn of each kind
GRPO_TOKENS_PER_PASS = 20_480  # of the profiles slurm/ and workstation/
PROMPT, COMPLETION, LONGEST_COMPLETION = (120, 0.35), (350, 0.7), 2048
GROUP, ROLLOUTS, EXAMPLES = 16, 512, 128
GSM8K, TRACES = (220, 0.35), (1270, 0.5)
# Sequences of a pass before: what divides 128 and fits with the longest example (traces: 8,192).
GSM8K_ROWS_BEFORE, TRACES_ROWS_BEFORE = 32, 4


def drawn(chance: random.Random, kind: tuple[int, float], count: int, longest: int) -> list[int]:
    """Return lengths in tokens of this mean and logarithmic spread, at most `longest`."""
    mean, spread = kind
    centre = math.log(mean) - spread**2 / 2
    return [
        max(1, min(longest, round(chance.lognormvariate(centre, spread)))) for _ in range(count)
    ]


def padded(lengths: list[int], passes: list[list[int]]) -> int:
    """Return the tokens of passes, each as wide as its longest sequence.

    >>> padded([3, 1, 2], [[0], [1, 2]])
    7
    """
    return sum(len(places) * max(lengths[place] for place in places) for places in passes)


def rollout_lengths(chance: random.Random) -> tuple[list[int], list[int]]:
    """Return prompts' and completions' lengths of a GRPO step, prompts once per completion."""
    prompts = drawn(chance, PROMPT, ROLLOUTS // GROUP, 10**6)
    completions = drawn(chance, COMPLETION, ROLLOUTS, LONGEST_COMPLETION)
    return [prompt for prompt in prompts for _ in range(GROUP)], completions


def grpo() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return padding and passes of GRPO steps, and what they were."""
    chance = random.Random(0)
    before, after, passes = [], [], []
    for _ in range(STEPS):
        prompts, completions = rollout_lengths(chance)
        lengths = [sum(pair) for pair in zip(prompts, completions, strict=True)]
        split = split_by_tokens(lengths, GRPO_TOKENS_PER_PASS)
        before.append(ROLLOUTS * (max(prompts) + max(completions)) / sum(lengths))
        after.append(padded(lengths, split) / sum(lengths))
        passes.append(len(split))
    rows = GRPO_TOKENS_PER_PASS // (LONGEST_COMPLETION + 2 * PROMPT[0])
    return (
        {"value": fmean(after), "before": fmean(before)},
        {"value": fmean(passes), "before": ROLLOUTS // rows},
    )


def sft(kind: tuple[int, float], rows_before: int) -> dict[str, Any]:
    """Return the padding of SFT steps, and what it was with passes of `rows_before` examples."""
    chance = random.Random(0)
    before, after, passes = [], [], []
    for _ in range(STEPS):
        lengths = drawn(chance, kind, EXAMPLES, 8192)
        split = split_by_tokens(lengths, TOKENS_PER_PASS)
        fixed = [
            list(range(start, start + rows_before)) for start in range(0, EXAMPLES, rows_before)
        ]
        before.append(padded(lengths, fixed) / sum(lengths))
        after.append(padded(lengths, split) / sum(lengths))
        passes.append(len(split))
    return {
        "value": fmean(after),
        "before": fmean(before),
        "passes": fmean(passes),
        "passes_before": EXAMPLES // rows_before,
    }
