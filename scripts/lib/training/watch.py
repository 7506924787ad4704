"""What looks on while a trainer runs: progress, time, whole checkpoints, collapse, preemption."""

import sys
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from scripts.lib.console import report
from scripts.lib.training import collapse
from scripts.lib.training.preemption import Preemption
from scripts.lib.training.processes import largest, main_process, wait_for_all
from scripts.lib.training.recipes import exact_every
from scripts.lib.training.resume import Clock, mark_complete


def peak_memory() -> int:
    """Return the most memory this process has used: on the GPU if there is one, else resident."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


class Watch(TrainerCallback):
    """Report progress about eight times a run; end one that has collapsed or must make room."""

    def __init__(
        self, name: str, clock: Clock, zero_reward_steps: int | None, preemption: Preemption
    ) -> None:
        """Watch the run called `name` in progress lines."""
        self.name, self.clock, self.zero_reward_steps = name, clock, zero_reward_steps
        self.preemption = preemption
        self.makes_room = False  # it was ended before its last step, to be resumed
        self.slowest, self.last = 0.0, 0.0
        self.exact_every = 1

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Say how long the run will be and where it starts."""
        if main_process():
            start = f"from step {state.global_step}" if state.global_step else "from its parent"
            report(f"{self.name}: {state.max_steps} steps, {start}")
        rounds = getattr(args, "steps_per_generation", None) or 1  # GRPO's alone
        iterations = getattr(args, "num_iterations", 1)
        self.exact_every = exact_every(args.gradient_accumulation_steps, rounds, iterations)
        self.last = time.monotonic()
        self.preemption.loading = False

    def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Look at the step just logged; Trainer saves after that if it is told to."""
        entry = state.log_history[-1]
        if "loss" not in entry:
            return control
        collapsed = collapse.found(state.log_history, self.zero_reward_steps) is not None
        # All processes must stop at the same step, or they wait for each other forever.
        collapsed, stop, peak = largest(
            [collapsed, self.must_stop(state.global_step), peak_memory()], args.device
        )
        if main_process():
            self.clock.tick(int(peak))
            self.show(entry, state, collapsed)
        if collapsed:
            control.should_training_stop = True
        elif stop and state.global_step < state.max_steps:
            self.makes_room = control.should_save = control.should_training_stop = True
        return control

    def must_stop(self, step: int) -> bool:
        """Say whether this process would save and leave after this step."""
        now = time.monotonic()
        self.slowest, self.last = max(self.slowest, now - self.last), now
        if step % self.exact_every:
            return False
        return self.preemption.asked or self.preemption.time_is_up(self.exact_every, self.slowest)

    def show(self, entry: dict[str, Any], state: Any, collapsed: float) -> None:
        """Print the step's values to the log, and now and then a line on the console."""
        values = collapse.short(entry)
        print(" ".join(f"{name}={value:.4g}" for name, value in values.items()), flush=True)
        every = max(1, -(-state.max_steps // 8))
        last = state.global_step == state.max_steps
        if not collapsed and (state.global_step % every == 0 or last):
            measure = "reward" if "reward" in entry else "loss"
            report(
                f"{self.name}: step {state.global_step}/{state.max_steps}, "
                f"{measure} {entry[measure]:.2f}"
            )

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Vouch for the checkpoint that Trainer has just written, every process its part."""
        wait_for_all()
        if main_process():
            mark_complete(Path(args.output_dir) / f"checkpoint-{state.global_step}")
