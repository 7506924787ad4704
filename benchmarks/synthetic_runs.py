"""What the runs of a synthetic study say: verdicts, completions and training logs, made up.

A verdict is right where level + problem + seed + noise > 0, all normal: the same problems are hard
for every cell, a cell has one level on a benchmark, every training moves it a little. The levels
are made up from the number of parameters and the stages, not from what anybody measured.
"""

import hashlib
import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from scripts.lib.study.cells import Study, model_of, stages_of
from scripts.lib.study.recipes import recipe_of
from scripts.lib.training.rollout_sample import PER_STEP, is_sampled

Row = dict[str, Any]

EASE = {"gsm8k": 1.0, "math500": 0.3, "amc23": -0.4, "minerva": -0.6, "olympiadbench": -0.7}
LEVEL, PER_DOUBLING, TUNED = -1.2, 0.45, 0.3  # of 0.5B parameters, by size, of an instruct model
GAIN = {"sft": -0.1, "grpo": 0.25}  # of a stage, by its trainer
PROBLEM, SEED, NOISE = 1.5, 0.06, 1.0  # standard deviations
VOCABULARY = 151_936
POOL = 400_000  # characters of text that the completions are cut from


def generator(*names: object) -> np.random.Generator:
    """Return the random numbers that belong to these names, the same in every process."""
    digest = hashlib.sha256(" ".join(map(str, names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def level(study: Study, cell: str, prompt: str, benchmark: str) -> float:
    """Return where a cell stands on a benchmark under a prompt, in standard deviations."""
    root = study.config["models"][model_of(cell)]
    found = LEVEL + PER_DOUBLING * math.log2(root.get("parameters", 5e8) / 5e8)
    found += TUNED * ("instruct" in model_of(cell)) + EASE.get(benchmark, 0.0)
    for stage in stages_of(cell):
        trainer = study.config["stages"][stage]["trainer"]
        found += GAIN[trainer] + generator("stage", stage).normal(0, 0.1)
    found += generator("cell", cell, benchmark).normal(0, 0.08)
    if prompt != study.main_prompt():
        found += generator("prompt", cell, prompt).normal(0, 0.2)
    return found


@cache
def difficulties(benchmark: str, problems: int) -> np.ndarray:
    """Return by how much each problem of a benchmark is easier than the mean, (problems,)."""
    return generator("problems", benchmark).normal(0, PROBLEM, problems)


def verdicts(
    study: Study, cell: str, seed: int, task: str, problems: int, samples: int
) -> np.ndarray:
    """Return whether each sample of a task's problems is right, (problems, samples)."""
    prompt, benchmark = study.prompt_and_benchmark(task)
    spread = math.sqrt(PROBLEM**2 + NOISE**2)
    centre = level(study, cell, prompt, benchmark) * spread
    if stages_of(cell):  # an untrained model has no trainings that differ
        centre += generator("training", cell, seed, benchmark).normal(0, SEED) * spread
    noise = generator("samples", cell, seed, task).normal(0, NOISE, (problems, samples))
    return centre + difficulties(benchmark, problems)[:, None] + noise > 0


@cache
def pool() -> str:
    """Return text in which no piece comes back again and again, as in a collapsed completion."""
    draw = generator("text")
    numbers = draw.integers(2, 90, (POOL // 40, 2)).tolist()
    endings = ("so we have", "which gives", "that is", "and then", "hence we get", "now")
    chosen = draw.integers(0, len(endings), len(numbers)).tolist()
    return " ".join(
        f"Taking {a} and {b} together, {endings[ending]} {a + b}."
        for (a, b), ending in zip(numbers, chosen, strict=True)
    )


def completion_rows(
    study: Study,
    cell: str,
    seed: int,
    task: str,
    problems: Sequence[Row],
    samples: int,
    characters: int,
) -> list[Row]:
    """Return one row per completion, as an evaluation stores them (lib/evaluation/completions.py).

    `characters` is the median length of a completion's reasoning.
    """
    correct = verdicts(study, cell, seed, task, len(problems), samples)
    draw, shape = generator("rows", cell, seed, task), correct.shape
    cut_off = ~correct & (draw.random(shape) < 0.06)
    strict = correct & (draw.random(shape) < 0.97)
    lighteval = correct ^ (draw.random(shape) < 0.01)
    undecided = draw.random(shape) < 0.002
    wrong = draw.integers(0, 30, shape)
    lengths = np.minimum(characters * np.exp(draw.normal(0, 0.6, shape)), POOL // 4).astype(int)
    starts = draw.integers(0, POOL // 4, shape)
    prompt, _ = study.prompt_and_benchmark(task)
    question = study.config["prompts"][prompt]["user"]
    tags = bool(stages_of(cell)) or prompt == study.config["examples"]["prompt"]
    form = "<think>\n{}\n</think>\n<answer>\n{}\n</answer>" if tags else "{}\n{}"
    rows = []
    for index, problem in enumerate(problems):
        asked = question.replace("{question}", problem["question"])
        for sample in range(samples):
            at = index, sample
            text = pool()[starts[at] : starts[at] + lengths[at]]
            answer = None
            if not cut_off[at]:
                answer = problem["gold"] if correct[at] else f"{wrong[at]}/7"
                text = form.format(text, f"\\boxed{{{answer}}}")
            status = "no_answer" if answer is None else "ok"
            rows.append(
                {
                    "problem": problem["id"],
                    "sample": sample,
                    "question": problem["question"],
                    "prompt": asked,
                    "completion": text,
                    "gold": problem["gold"],
                    "extracted": answer,
                    "correct": bool(correct[at]),
                    "strict_correct": bool(strict[at]),
                    "status": status,
                    "strict_status": status,
                    "lighteval_correct": None if undecided[at] else bool(lighteval[at]),
                    "tokens": 1 + len(text) // 4,
                    "finish_reason": "length" if answer is None else "stop",
                }
            )
    return rows


# ----------------------------------------------------------------------------------- trainings


def endings(study: Study) -> dict[tuple[str, int], str]:
    """Return {(cell, seed): how it ends} of the few trainings that collapse: no number, or KL."""
    hybrids = [cell for cell in study.cells() if len(stages_of(cell)) > 1]
    seed = study.seeds()[-1]
    return dict(zip([(cell, seed) for cell in hybrids[1:3]], ("no number", "KL"), strict=False))


def training_log(study: Study, cell: str, seed: int, steps: int, ending: str | None) -> list[Row]:
    """Return a training's log, one entry per step; one that ends without a number stops early."""
    recipe = recipe_of(study, stages_of(cell)[-1])
    draw = generator("log", cell, seed)
    if ending == "no number":
        steps = max(1, steps // 2)
    progress = np.arange(1, steps + 1) / steps
    rate = recipe["learning_rate"] * (1 - 0.9 * progress)
    gradient = np.exp(draw.normal(-0.5, 0.3, steps))
    if "num_generations" not in recipe:
        loss = 0.25 + 0.9 * np.exp(-4 * progress) + draw.normal(0, 0.02, steps)
        entropy = 0.3 + 0.2 * np.exp(-3 * progress) + draw.normal(0, 0.01, steps)
        columns = {"loss": loss, "entropy": entropy, "mean_token_accuracy": 0.9 - loss / 5}
    else:
        top = 0.3 + 0.2 * draw.random()
        accuracy = np.clip(top * progress**0.5 + draw.normal(0, 0.04, steps), 0, 1)
        form = np.clip(1 - np.exp(-6 * progress) + draw.normal(0, 0.03, steps), 0, 1)
        kl = 0.08 * progress**2 * np.exp(draw.normal(0, 0.2, steps))
        if ending == "KL":
            kl = kl + 8 * np.maximum(progress - 0.6, 0)
        columns = {
            "loss": kl * recipe["beta"],
            "reward": accuracy + form,
            "reward_std": 0.4 + draw.normal(0, 0.05, steps),
            "rewards/accuracy_reward": accuracy,
            "rewards/format_reward": form,
            "frac_reward_zero_std": np.clip(0.3 + draw.normal(0, 0.05, steps), 0, 1),
            "kl": kl,
            "entropy": 0.6 - 0.3 * progress + draw.normal(0, 0.02, steps),
            "completions/mean_length": 260 - 60 * progress + draw.normal(0, 8, steps),
            "completions/clipped_ratio": np.clip(draw.normal(0.02, 0.01, steps), 0, 1),
            "clip_ratio/region_mean": np.zeros(steps),
            "grader_timeouts": np.zeros(steps),
            "step_time": 40 + draw.normal(0, 2, steps),
        }
    columns |= {"learning_rate": rate, "grad_norm": gradient}
    columns["epoch"] = recipe["num_train_epochs"] * progress
    named = {name: values.round(6).tolist() for name, values in columns.items()}
    return [
        {"step": step + 1, **{name: values[step] for name, values in named.items()}}
        for step in range(steps)
    ]


def rollouts(log: Sequence[Row], steps: int) -> list[Row]:
    """Return the sample of rollouts that a training of so many steps keeps."""
    draw = generator("rollouts", steps)
    return [
        {
            "step": entry["step"],
            "prompt": f"Problem {entry['step']} of a synthetic study?",
            "completion": pool()[(start := int(draw.integers(0, POOL // 2))) : start + 1_500],
            "rewards": {"accuracy_reward": float(number % 2), "format_reward": 1.0},
            "advantage": number % 2 - 0.5,
        }
        for entry in log
        if is_sampled(entry["step"], steps)
        for number in range(PER_STEP)
    ]
