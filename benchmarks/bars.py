"""The bars of `benchmarks.ratios`: about twice what was measured, or a little above a count.

A ratio is of two things that one process measures by turns, so that another machine, or other work
on it, changes both. A count is the same everywhere. Less is better in all of them.
"""

from typing import NamedTuple


class Bar(NamedTuple):
    """The most that a ratio may be, and what it is."""

    most: float
    what: str


BARS = {
    "grader_by_lighteval": Bar(1.8, "grader's two verdicts on a completion / LightEval's one"),
    "grader_by_math_verify": Bar(0.4, "grader's verdict on a gold in a box / bare math-verify's"),
    "judges_two_by_one": Bar(1.6, "two workers that judge / one, by what the machine can gain"),
    "judging_while_by_after": Bar(0.75, "judging while completions come / after them"),
    "grpo_padding": Bar(1.2, "GRPO: padded / real tokens of a step"),
    "grpo_passes": Bar(16.0, "GRPO: passes per step"),
    "sft_gsm8k_padding": Bar(1.7, "SFT on GSM8K: padded / real tokens of a step"),
    "sft_traces_padding": Bar(1.25, "SFT on traces: padded / real tokens of a step"),
    "grpo_update_by_trl": Bar(0.7, "GRPO: an update in passes / TRL's in one pass"),
    "reward_by_update": Bar(0.12, "GRPO: the rewards of a step / its update in passes"),
}
