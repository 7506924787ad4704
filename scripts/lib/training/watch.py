"""What looks on while a trainer runs: progress, wall time, whole checkpoints, collapse."""

import sys
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from scripts.lib.progress import report
from scripts.lib.training import collapse
from scripts.lib.training.recipes import main_process
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
    """Report progress about eight times a run, and end a training that has collapsed."""

    def __init__(self, name: str, clock: Clock, zero_reward_steps: int | None) -> None:
        """Watch the run called `name` in progress lines."""
        self.name, self.clock, self.zero_reward_steps = name, clock, zero_reward_steps

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Say how long the run will be and where it starts."""
        if main_process():
            start = f"from step {state.global_step}" if state.global_step else "from its parent"
            report(f"{self.name}: {state.max_steps} steps, {start}")

    def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Look at the step just logged."""
        entry = state.log_history[-1]
        if "loss" not in entry or not main_process():
            return control
        self.clock.tick(peak_memory())
        values = collapse.short(entry)
        print(" ".join(f"{name}={value:.4g}" for name, value in values.items()), flush=True)
        if collapse.found(state.log_history, self.zero_reward_steps):
            control.should_training_stop = True
            return control
        every = max(1, -(-state.max_steps // 8))
        if state.global_step % every == 0 or state.global_step == state.max_steps:
            measure = "reward" if "reward" in entry else "loss"
            report(
                f"{self.name}: step {state.global_step}/{state.max_steps}, "
                f"{measure} {entry[measure]:.2f}"
            )
        return control

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Vouch for the checkpoint that Trainer has just written."""
        if main_process():
            mark_complete(Path(args.output_dir) / f"checkpoint-{state.global_step}")
