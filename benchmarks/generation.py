"""Generation alone, by transformers, and what the host's one core needs for small things."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.cases import CONFIG, Case, recipe_of
from benchmarks.stopwatch import now

BIN = 256  # tokens that a point of a generation's curve stands for


def forward_times(model: Any, wanted: Callable[[], bool]) -> list[float]:
    """Return a list that will hold when each forward pass of a generation started."""
    times: list[float] = []

    def note(*_: Any) -> None:
        if wanted():
            times.append(time.perf_counter())

    model.register_forward_pre_hook(note)
    return times


def curve(times: list[float]) -> list[list[float]]:
    """Return [tokens so far, mean seconds per step] for every BIN tokens, without the prefill.

    Each step of generate ends with a look at whether all have stopped, which waits for the device.
    """
    steps = [end - start for start, end in zip(times[1:], times[2:], strict=False)]
    return [
        [start + len(part) / 2, statistics.fmean(part)]
        for start in range(0, len(steps), BIN)
        if (part := steps[start : start + BIN])
    ]


def measure_generation(case: Case, folder: Path, work: Path) -> dict[str, Any]:
    """Return the figures of generate alone, weights and autocast as in a GRPO rollout."""
    import torch
    from accelerate import Accelerator
    from transformers import GenerationConfig

    from scripts.lib.model.checkpoints import load_model, load_tokenizer

    recipe = recipe_of(case, CONFIG["recipes"])
    tokenizer = load_tokenizer(folder)
    model = load_model(folder, recipe["model_init_kwargs"], tokenizer)
    cpu = not torch.cuda.is_available()
    accelerator = Accelerator(mixed_precision="bf16", cpu=cpu)
    model = accelerator.prepare_model(model).eval()
    torch.manual_seed(0)
    shape = (case.batch, case.length)
    ids = torch.randint(0, 256, shape, device=accelerator.device)
    mask = torch.ones_like(ids)
    mask[0, 0] = 0  # prompts of a rollout differ in length
    settings = GenerationConfig(
        do_sample=True,
        temperature=recipe["temperature"],
        top_k=0,
        max_new_tokens=case.completion,
        pad_token_id=tokenizer.pad_token_id,
    )
    forwards = forward_times(model, lambda: True)
    started = now()
    with torch.no_grad():
        model.generate(input_ids=ids, attention_mask=mask, generation_config=settings)
    seconds = now() - started
    steps = [end - start for start, end in zip(forwards[1:], forwards[2:], strict=False)]
    return {
        "prompt_tokens": case.length,
        "sequences": case.batch,
        "seconds": seconds,
        "decode_step_seconds": statistics.median(steps),
        "decode_tokens_per_second": case.batch / statistics.median(steps),
    }


def measure_host(case: Case, folder: Path, work: Path) -> dict[str, Any]:
    """Return what one core needs for small things, which bound the time of small batches."""
    import torch

    def each(count: int, function: Callable[[], Any]) -> float:
        started = now()
        for _ in range(count):
            function()
        return (now() - started) / count

    def count() -> None:
        total = 0
        for number in range(1_000_000):
            total += number

    on_cpu = torch.ones(16)
    figures = {
        "python_addition_nanoseconds": each(3, count) / 1_000_000 * 1e9,
        "cpu_operation_microseconds": each(10_000, lambda: on_cpu.add_(1)) * 1e6,
    }
    if torch.cuda.is_available():
        there = torch.ones(16, device="cuda")
        each(100, lambda: there.add_(1))
        figures["launch_microseconds"] = each(3000, lambda: there.add_(1)) * 1e6
        figures["read_back_microseconds"] = each(300, lambda: there[0].item()) * 1e6
    return figures
