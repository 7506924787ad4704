"""Train one reinforcement-learning stage with TRL's GRPO from its prefix's checkpoint.

Paper: arXiv 2506.13404, 3.3 and appendix A: a format reward and an accuracy reward, each 1 or 0;
the accuracy is judged by the study's one grader, as in the evaluation.

    python -m scripts.train_grpo --config results/demo/config.json --key KEY \
        --cell toy-base+rl --seed 0 --parent results/demo/models/toy-base/model.json \
        --examples results/demo/data/gsm8k/examples.jsonl \
        --checkpoints checkpoints/demo/train/toy-base+rl/seed-0 \
        --output results/demo/models/toy-base+rl/seed-0/training.json
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.lib.engines.vllm_colocated import colocated
from scripts.lib.grading.tags import whole_text
from scripts.lib.machine.imports import quick_imports
from scripts.lib.model.architecture import positions_of
from scripts.lib.model.chat_template import prompt_ids
from scripts.lib.training.passes import check_longest
from scripts.lib.training.program import training_program
from scripts.lib.training.recipes import check_problems
from scripts.lib.training.run import Inputs, train
from scripts.training_cli import planned_training

Reward = Callable[..., list[float]]


def problems(
    examples: list[dict[str, Any]], tokenizer: Any, longest: int | None, rules: str
) -> tuple[list[dict[str, Any]], dict[str, int], int]:
    """Return the columns that GRPO and the rewards read, the counts, and the longest prompt.

    A problem whose prompt has over `longest` tokens (what the model's positions leave beside a
    completion) is left out and counted. `rules` are the grader's for these golds.
    """
    rows, lengths = [], []
    for example in examples:
        ids = prompt_ids(tokenizer, example["prompt"])
        if longest is None or len(ids) <= longest:
            row = {"prompt": example["prompt"], "gold": example["gold"], "benchmark": rules}
            rows.append(row)
            lengths.append(len(ids))
    if not rows:
        raise SystemExit(
            f"recipe: max_completion_length leaves {longest} tokens for the prompt, "
            "and no prompt is that short"
        )
    given, used = len(examples), len(rows)
    counts = {"given": given, "used": used, "over_length": given - used}
    return rows, counts, max(lengths)


def with_prefill(reward: Reward, opened: str) -> Reward:
    """Let a reward judge the completion together with the thought that the prompt has opened."""
    if not opened:
        return reward

    @functools.wraps(reward)
    def whole(completions: list[list[dict[str, str]]], **columns: Any) -> list[float]:
        opened_too = [
            [{**turns[0], "content": whole_text(opened, turns[0]["content"])}]
            for turns in completions
        ]
        return reward(completions=opened_too, **columns)

    return whole


def reward_functions(settings: dict[str, Any], opened: str) -> tuple[list[Reward], list[float]]:
    """Return the paper's two rewards, those of the user's own, and their weights."""
    from scripts.lib.grading.rewards import accuracy_reward, format_reward
    from scripts.lib.training.own_reward import own_reward

    timed = functools.partial(accuracy_reward, timeout=settings["grader"]["timeout"])
    functools.update_wrapper(timed, accuracy_reward)
    rewards: dict[str, Reward] = {"format": format_reward, "accuracy": timed}
    weights = {name: settings["rewards"][name] for name in rewards}
    for name, own in settings["rewards"].items():
        if name not in rewards:
            rewards[name] = own_reward(name, Path(own["file"]), own["function"])
            weights[name] = own["weight"]
    return [with_prefill(reward, opened) for reward in rewards.values()], list(weights.values())


def build_trainer(inputs: Inputs) -> tuple[Any, dict[str, int]]:
    """Return TRL's GRPOTrainer for a stage, and the counts of its examples.

    Rollouts stop at every stop token of the model's generation config, which load_model sets; the
    reference policy is the parent itself, frozen.
    """
    import dataclasses

    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.checkpoints import load_model, prefill

    settings, recipe = inputs.settings, inputs.settings["recipe"]
    tokenizer = load_tokenizer(inputs.parent, inputs.settings["chat_template_kwargs"])
    model = load_model(inputs.parent, recipe.get("model_init_kwargs", {}), tokenizer)
    room = positions_of(model.config)
    longest = room and room - recipe["max_completion_length"]
    rules = settings["grader"]["rules"]
    rows, counts, longest_prompt = problems(inputs.examples, tokenizer, longest, rules)
    check_problems(len(rows), recipe)
    length = longest_prompt + recipe["max_completion_length"]
    check_longest(length, inputs.tokens_per_pass, "train_grpo", "max_completion_length")
    stop_ids = model.generation_config.eos_token_id
    rollouts, starting = colocated(inputs.engine, inputs.parent, length, stop_ids)

    with quick_imports(without="sklearn"):
        from accelerate.utils import set_seed
        from datasets import Dataset, disable_progress_bars
        from trl import GRPOConfig  # which imports vLLM, where that is installed

        from scripts.lib.training.recipes import lora_config, trainer_arguments
        from scripts.lib.training.rollouts import RolloutTrainer

    disable_progress_bars()
    names = {field.name for field in dataclasses.fields(GRPOConfig)}
    seed, work = settings["seed"], inputs.work
    arguments = trainer_arguments(recipe, names, "GRPOTrainer", seed, work) | rollouts
    rewards, weights = reward_functions(settings, prefill(tokenizer))
    with starting:
        trainer = RolloutTrainer(
            model=model,
            reward_funcs=rewards,
            args=GRPOConfig(**arguments, reward_weights=weights),
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
            peft_config=lora_config(recipe, tokenizer, model),
            callbacks=[inputs.watch],
            tokens_per_pass=inputs.tokens_per_pass,
        )
    # vLLM draws from the process's random numbers, and when it starts it seeds them with the rank.
    set_seed(seed, device_specific=True)
    return trainer, counts


@training_program
def main() -> None:
    """Train the cell that the flags name."""
    train(planned_training("train_grpo", __doc__), build_trainer)


if __name__ == "__main__":
    main()
