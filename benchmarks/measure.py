"""Measure a case of `benchmarks.train_speed` in this process, through the study's own trainers."""

import functools
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.cases import CONFIG, QWEN, TOY, Case, examples, make_model, recipe_of
from benchmarks.generation import curve, forward_times, measure_generation, measure_host
from benchmarks.stopwatch import Stopwatch, now
from scripts.lib.price.costs import flops_per_token


def measure(case: Case, folder: Path, small: bool) -> dict[str, Any]:
    """Return the figures of a case."""
    imports = import_seconds(case.program)
    prepared = prepare_model(folder, TOY if small else QWEN)
    held = memory_facts()["held_gb"]
    program = {
        "host": measure_host,
        "sft": measure_sft,
        "grpo": measure_grpo,
        "generate": measure_generation,
    }
    with tempfile.TemporaryDirectory() as work:
        figures = program[case.program](case, folder, Path(work))
    memory = memory_facts() | {"held_before_gb": held}
    gc.collect()
    start = {"imports_seconds": imports, "make_model_seconds": prepared}
    return start | figures | {"memory": memory}


def import_seconds(program: str) -> float | None:
    """Import what a training imports; return how long it took, None if it was there before."""
    if "trl" in sys.modules:
        return None
    started = time.perf_counter()
    import datasets  # noqa: F401
    import peft  # noqa: F401
    import torch  # noqa: F401
    from transformers import AutoModelForCausalLM  # noqa: F401

    if program == "grpo":
        from trl import GRPOConfig, GRPOTrainer  # noqa: F401
    else:
        from trl import SFTConfig, SFTTrainer  # noqa: F401
    return time.perf_counter() - started


def prepare_model(folder: Path, architecture: dict[str, Any]) -> float | None:
    """Make the model unless it is there; return the seconds that it took."""
    started = time.perf_counter()
    if (folder / "tokenizer_config.json").exists():
        return None
    make_model(folder, architecture)
    return time.perf_counter() - started


def memory_facts() -> dict[str, float | None]:
    """Return the peaks since the last call and what is held now, in 10^9 bytes; empty the cache."""
    import torch

    if not torch.cuda.is_available():
        return dict.fromkeys(("peak_allocated_gb", "peak_reserved_gb", "held_gb"))
    facts = {
        "peak_allocated_gb": torch.cuda.max_memory_allocated() / 1e9,
        "peak_reserved_gb": torch.cuda.max_memory_reserved() / 1e9,
        "held_gb": torch.cuda.memory_allocated() / 1e9,
    }
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    return facts


# ------------------------------------------------------------------------------------- trainers


def build(
    case: Case, folder: Path, work: Path, builder: Callable
) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Return the study's trainer of a case, its recipe, and how long its parts took to make."""
    from transformers import TrainerCallback

    from scripts.lib.model import checkpoints
    from scripts.lib.training.run import Inputs

    recipe = recipe_of(case, CONFIG["recipes"])
    settings = {
        "seed": 0,
        "recipe": recipe,
        "chat_template_kwargs": {},
        "rewards": {"format": 1.0, "accuracy": 1.0},
        "grader": {"timeout": 5.0, "rules": "gsm8k"},
    }
    per_example = recipe["num_generations"] if case.program == "grpo" else 1
    count = recipe["max_steps"] * case.whole // per_example
    tokenizer = checkpoints.load_tokenizer(folder)
    rows = examples(case, tokenizer, count, recipe.get("max_length", 10**9))
    stopwatch = Stopwatch()
    load = Loader(checkpoints.load_model, stopwatch)
    started = now()
    tokens = case.batch * longest_sequence(case, rows, tokenizer)
    with patch("scripts.lib.model.checkpoints.load_model", load):
        trainer, _ = builder(Inputs(settings, folder, rows, work, TrainerCallback(), tokens))
    config = trainer.model.config
    facts = {
        "build_trainer_seconds": now() - started,
        "load_model_seconds": stopwatch.total("load"),
        "parameters": load.parameters,
        "attention": config._attn_implementation,
        "layers_x_width": config.num_hidden_layers * config.hidden_size,
    }
    return trainer, recipe, facts


def longest_sequence(case: Case, rows: list[dict[str, Any]], tokenizer: Any) -> int:
    """Return the tokens of a case's longest sequence, of which a pass has room for `case.batch`."""
    turns = [row["prompt"] + (row["completion"] if case.program == "sft" else []) for row in rows]
    encoded = (tokenizer.apply_chat_template(one, add_generation_prompt=True) for one in turns)
    return max(len(one["input_ids"]) for one in encoded) + case.completion


def measured_steps(trainer: Any, first: int, count: int) -> tuple[float, float]:
    """Return the means of passes per step and of padded over real tokens, of logged steps."""
    steps = [entry for entry in trainer.state.log_history if "loss" in entry]
    chosen = steps[first : first + count]
    passes, padding = ([entry[name] for entry in chosen] for name in ("passes", "padding"))
    return statistics.fmean(passes), statistics.fmean(padding)


class Loader:
    """The study's load_model, timed; it notes the number of parameters before LoRA adds any."""

    def __init__(self, load: Callable, stopwatch: Stopwatch) -> None:
        """Wrap `load`."""
        self.load, self.parameters = load, 0
        stopwatch.wrap(self, "load", "load")

    def __call__(self, *args: Any) -> Any:
        """Load the model."""
        model = self.load(*args)
        self.parameters = model.num_parameters()
        return model


class Batches:
    """A trainer's collator that counts the tokens of its batches."""

    def __init__(self, collate: Callable) -> None:
        """Wrap `collate`."""
        self.collate = collate
        self.sizes: list[tuple[int, int]] = []

    def __call__(self, rows: list[dict[str, Any]]) -> Any:
        """Collate rows; keep their tokens and their squared lengths."""
        batch = self.collate(rows)
        own = batch["attention_mask"].sum(dim=1)
        self.sizes.append((int(own.sum()), int((own.double() ** 2).sum())))
        return batch


def step_clock(trainer: Any, at_end: Callable[[int], None]) -> list[float]:
    """Return a list that will hold the time of the start and of every step's end."""
    from transformers import TrainerCallback

    times: list[float] = []

    class Steps(TrainerCallback):
        """Note the times; keep Trainer from saving a last checkpoint."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Start the clock."""
            times.append(now())

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
            """Note a step."""
            times.append(now())
            at_end(state.global_step)
            control.should_save = False
            return control

    trainer.add_callback(Steps())
    return times


def measure_sft(case: Case, folder: Path, work: Path) -> dict[str, Any]:
    """Return the figures of fine-tuning: whole steps first, then one with its parts timed."""
    from scripts.lib.training.run import run_trainer
    from scripts.train_sft import build_trainer

    trainer, recipe, facts = build(case, folder, work, build_trainer)
    trainer.data_collator = batches = Batches(trainer.data_collator)
    batches.sizes.clear()
    stopwatch = Stopwatch()
    stopwatch.on = False
    stopwatch.wrap(trainer, "training_step", "forward and backward")

    def at_end(step: int) -> None:
        stopwatch.on = step == 1 + case.steps

    times = step_clock(trainer, at_end)
    run_trainer(trainer, None)
    durations = [end - start for start, end in zip(times, times[1:], strict=False)]
    timed = durations[1 : 1 + case.steps]
    passes, padding = measured_steps(trainer, 1, case.steps)
    (last,) = stopwatch.laps["forward and backward"]
    (passes_of_last, _) = measured_steps(trainer, 1 + case.steps, 1)
    sizes = batches.sizes[1 : 1 + case.steps]
    rates = training_rates(facts, recipe, sizes, sum(timed))
    return facts | {
        "first_step_seconds": durations[0],
        "step_seconds": timed,
        "passes": passes,
        "padding": padding,
        "pass_seconds": last / passes_of_last,
        "rest_of_step_seconds": durations[-1] - last,
        **rates,
    }


def training_rates(
    facts: dict[str, Any],
    recipe: dict[str, Any],
    sizes: list[tuple[int, int]],
    seconds: float,
) -> dict[str, float]:
    """Return rates of training on batches of (tokens, squared lengths) in all.

    MFU as the study's cost model has it, from tokens without padding; the other one adds the two
    products of causal attention, which cost 2 x layers x width x length^2 FLOPs per pass forward.
    """
    tokens, squares = (sum(column) for column in zip(*sizes, strict=True))
    passes = 3 + (1 if recipe.get("beta") else 0)
    peak = CONFIG["costs"]["devices"]["h100"]["flops"]  # an H200's too
    flops = flops_per_token(recipe) * facts["parameters"] * tokens
    attention = 2 * passes * facts["layers_x_width"] * squares
    return {
        "tokens": tokens,
        "tokens_per_second": tokens / seconds,
        "mfu": flops / seconds / peak,
        "mfu_with_attention": (flops + attention) / seconds / peak,
    }


def measure_grpo(case: Case, folder: Path, work: Path) -> dict[str, Any]:
    """Return the figures of GRPO: a step of short completions to warm up, then whole ones.

    A random model hardly ever stops, so that nearly every completion is as long as it may be.
    """
    from scripts.lib.training.run import run_trainer
    from scripts.train_grpo import build_trainer

    trainer, recipe, facts = build(case, folder, work, build_trainer)
    trainer.generation_config.max_new_tokens = 4
    stopwatch = Stopwatch()
    stopwatch.wrap(trainer, "training_step", "step")
    stopwatch.wrap(trainer, "_prepare_inputs", "rollout")
    stopwatch.wrap(trainer, "_generate", "generation")
    stopwatch.wrap(trainer, "_calculate_rewards", "rewards")
    stopwatch.wrap(trainer, "_get_per_token_logps_and_entropies", "reference", inside="rollout")
    forwards = forward_times(trainer.model, lambda: "generation" in stopwatch.running)
    lengths: list[tuple[int, int, int]] = []
    note_lengths(trainer, lengths)

    def at_end(step: int) -> None:
        if step == 1:
            trainer.generation_config.max_new_tokens = case.completion
            lengths.clear()
            stopwatch.laps.clear()
            forwards.clear()

    times = step_clock(trainer, at_end)
    run_trainer(trainer, None)
    steps = case.steps
    whole = sum(end - start for start, end in zip(times[1:], times[2:], strict=False))
    rollout, generation = stopwatch.total("rollout"), stopwatch.total("generation")
    update = stopwatch.total("step") - rollout
    passes, padding = measured_steps(trainer, 1, steps)
    rest = whole - stopwatch.total("step")
    reference = stopwatch.total("reference")
    completed = sum(generated for _, generated, _ in lengths)
    sizes = [(prompt + made, squares) for prompt, made, squares in lengths]
    rates = training_rates(facts, recipe, sizes, reference + update + rest)
    return facts | {
        "first_step_seconds": times[1] - times[0],
        "step_seconds": whole / steps,
        "parts": {
            "generation": generation / steps,
            "rewards": stopwatch.total("rewards") / steps,
            "reference log-probabilities": reference / steps,
            "other scoring": (rollout - generation - reference - stopwatch.total("rewards"))
            / steps,
            "forward and backward": update / steps,
            "rest": rest / steps,
        },
        "passes": passes,
        "padding": padding,
        "pass_seconds": update / steps / passes,
        "completion_tokens": completed,
        "generated_tokens_per_second": completed / generation,
        "generation_curve": curve(forwards),
        "update": rates,
    }


def note_lengths(trainer: Any, found: list[tuple[int, int, int]]) -> None:
    """Keep tokens of prompts and completions, and squared lengths, of every generation."""
    generate = trainer._generate_single_turn

    @functools.wraps(generate)
    def noted(prompt_ids: Any, *args: Any, **kwargs: Any) -> Any:
        completions, logprobs = generate(prompt_ids, *args, **kwargs)
        pairs = [(len(p), len(c)) for p, c in zip(prompt_ids, completions, strict=True)]
        prompt, made = (sum(column) for column in zip(*pairs, strict=True))
        found.append((prompt, made, sum((p + c) ** 2 for p, c in pairs)))
        return completions, logprobs

    trainer._generate_single_turn = noted


def set_environment() -> None:
    """Set what the study's trainings set."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
