"""What looks on while a trainer runs: time, whole checkpoints, collapse, preemption."""

import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from scripts.lib.machine.usage import Clock, peak_memory
from scripts.lib.training import collapse
from scripts.lib.training.preemption import Preemption
from scripts.lib.training.processes import largest, main_process, wait_for_all
from scripts.lib.training.resume import mark_complete


class Watch(TrainerCallback):
    """Take the time, vouch for checkpoints, and end a run that has collapsed or must make room."""

    def __init__(self, clock: Clock, preemption: Preemption) -> None:
        """Watch one run."""
        self.clock, self.preemption = clock, preemption
        self.makes_room = False  # it was ended before its last step, to be resumed
        self.slowest, self.last = 0.0, 0.0
        self.exact_every = 1  # optimiser steps; after so many, GRPO generates anew

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start the clock of the steps, and take the intervals from the recipe as it is now.

        Trainer resumes with those of the checkpoint: `save_steps` may have changed since.
        """
        state.compute_steps(args, state.max_steps)
        self.exact_every = getattr(args, "num_iterations", 1)  # GRPO's alone
        self.last = time.monotonic()
        self.preemption.loading = False

    def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Look at the step just logged; Trainer saves after that if it is told to."""
        entry = state.log_history[-1]
        if "loss" not in entry:
            return control
        found = collapse.found(state.log_history) is not None
        # All processes must stop at the same step, or they wait for each other forever.
        collapsed, stop, peak = largest(
            [found, self.must_stop(state.global_step), peak_memory()], args.device
        )
        if main_process():
            self.clock.tick(int(peak))
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

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Vouch for the checkpoint that Trainer has just written, every process its part."""
        wait_for_all()
        if main_process():
            mark_complete(Path(args.output_dir) / f"checkpoint-{state.global_step}")
