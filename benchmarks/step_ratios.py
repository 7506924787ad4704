"""The update of a GRPO step, in passes and as TRL makes it, by turns on one tiny model.

The rollouts are made up: a quarter of the lengths of the paper's study, the same in each step.
"""

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from benchmarks.cases import TOY, Case, make_model

ROLLOUTS = 64
TOKENS_PER_PASS = 2048  # of the demo's profile
STEPS = 5
SHORTER = 4


@contextmanager
def trl_alone() -> Iterator[None]:
    """Let TRL's trainers do all that split_step.py and rollouts.py do otherwise."""
    from scripts.lib.training.rollouts import RolloutTrainer
    from scripts.lib.training.split_step import SplitStep

    def compute_loss(self: Any, *args: Any, **options: Any) -> Any:
        return super(SplitStep, self).compute_loss(*args, **options)

    def logps(self: Any, *args: Any, **options: Any) -> Any:
        result = super(RolloutTrainer, self)._get_per_token_logps_and_entropies(*args, **options)
        self._last_logps = result[0].detach()
        return result

    with ExitStack() as stack:
        stack.enter_context(patch.object(SplitStep, "compute_loss", compute_loss))
        name = "_get_per_token_logps_and_entropies"
        stack.enter_context(patch.object(RolloutTrainer, name, logps))
        yield


def rollouts() -> dict[str, Any]:
    """Return a batch as TRL pads it: prompts on the left, completions on the right."""
    import random

    import torch

    from benchmarks.padding_ratios import COMPLETION, LONGEST_COMPLETION, PROMPT, drawn

    chance = random.Random(0)
    torch.manual_seed(0)
    batch: dict[str, Any] = {}
    for name, (mean, spread), longest in (
        ("prompt", PROMPT, 10**6),
        ("completion", COMPLETION, LONGEST_COMPLETION),
    ):
        kind = (mean // SHORTER, spread)
        lengths = torch.tensor(drawn(chance, kind, ROLLOUTS, longest // SHORTER))
        mask = (torch.arange(int(lengths.max())) < lengths[:, None]).long()
        if name == "prompt":
            mask = mask.flip(1)
        batch[f"{name}_mask"] = mask
        batch[f"{name}_ids"] = torch.randint(0, 256, mask.shape) * mask
    reference = torch.full(batch["completion_mask"].shape, -6.0) * batch["completion_mask"]
    advantages = torch.randn(ROLLOUTS)
    return batch | {
        "advantages": advantages,
        "ref_per_token_logps": reference,
        "num_items_in_batch": batch["completion_mask"].sum(),
    }


def trainer_of(folder: Path) -> Any:
    """Return the study's GRPO trainer of a tiny random model, in float32."""
    from benchmarks.measure import build, set_environment
    from scripts.train_grpo import build_trainer

    set_environment()
    make_model(folder / "model", TOY)
    plain = {"bf16": False, "num_generations": 8, "model_init_kwargs": {"dtype": "float32"}}
    case = Case("update", "grpo", "grpo", 120, 4, ROLLOUTS, completion=512, overrides=plain)
    trainer, _, _ = build(case, folder / "model", folder, build_trainer)
    trainer.tokens_per_pass = TOKENS_PER_PASS
    trainer.current_gradient_accumulation_steps = 1
    trainer._prepare_inputs = lambda made_up: made_up  # in place of sampling
    trainer.model.train()
    return trainer


def update(trainer: Any, batch: dict[str, Any]) -> tuple[float, float]:
    """Return the seconds of an update without the optimiser's, and its loss."""
    import torch

    trainer.model.zero_grad()
    begin = time.perf_counter()
    with torch.enable_grad():
        loss = trainer.training_step(trainer.model, dict(batch), None)
    return time.perf_counter() - begin, float(loss)


def reward_seconds(first: int) -> float:
    """Return how long the accuracy reward takes for well-formed completions, from a number on."""
    from scripts.lib.grading.rewards import accuracy_reward

    numbers = range(first, first + ROLLOUTS)
    golds = [str(number) for number in numbers]
    texts = [
        f"<think>\nIt is {n}.\n</think>\n<answer>\n\\boxed{{{n + n % 2}}}\n</answer>"
        for n in numbers
    ]
    chats = [[{"role": "assistant", "content": text}] for text in texts]
    begin = time.perf_counter()
    found = accuracy_reward(golds, chats, golds, ["gsm8k"] * ROLLOUTS)
    taken = time.perf_counter() - begin
    if sum(found) != ROLLOUTS / 2:
        raise SystemExit(f"accuracy_reward: {sum(found)} of {ROLLOUTS} right, not every other one")
    return taken


def grpo_update(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Compare updates in passes with TRL's, and with the rewards; `folder` is an empty one."""
    trainer, batch = trainer_of(folder), rollouts()
    reward_seconds(0)
    fresh = itertools.count(ROLLOUTS, ROLLOUTS)  # what was judged before is never asked for again
    taken = []
    for number in range(STEPS + 1):
        with trl_alone():
            whole, loss = update(trainer, batch)
        split, other = update(trainer, batch)
        if abs(loss - other) > 1e-5:
            raise SystemExit(f"losses differ: {loss} in one pass, {other} in several")
        if number:  # the first one warms up
            taken.append((split, whole, min(reward_seconds(next(fresh)) for _ in range(10))))
    splits, wholes, rewards = zip(*taken, strict=True)
    metrics = trainer._metrics["train"]
    return (
        {
            "value": median(split / whole for split, whole, _ in taken),
            "split_seconds": median(splits),
            "whole_seconds": median(wholes),
            "passes": metrics["passes"][-1],
            "padding": metrics["padding"][-1],
            "rollouts": ROLLOUTS,
        },
        {
            # The least of each: other work delays the grader's process, which is soon done.
            "value": min(rewards) / min(splits),
            "reward_seconds": min(rewards),
            "update_seconds": min(splits),
        },
    )
