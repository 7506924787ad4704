"""What a training tells the people who watch it; nothing of a result depends on it."""

from typing import Any

from transformers import TrainerCallback

from scripts.lib.console import report
from scripts.lib.training import collapse
from scripts.lib.training.processes import main_process

LINES = 8  # on the console, about, in a run


class Progress(TrainerCallback):
    """Print every step's values to the log, and now and then a line on the console."""

    def __init__(self, name: str) -> None:
        """Tell of the run called `name`."""
        self.name = name

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Say how long the run will be and where it starts."""
        if main_process():
            start = f"from step {state.global_step}" if state.global_step else "from its parent"
            report(f"{self.name}: {state.max_steps} steps, {start}")

    def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Tell of the step just logged."""
        entry = state.log_history[-1]
        if "loss" not in entry or not main_process():
            return
        values = collapse.short(entry)
        print(" ".join(f"{name}={value:.4g}" for name, value in values.items()), flush=True)
        every = max(1, -(-state.max_steps // LINES))
        if state.global_step % every == 0 or state.global_step == state.max_steps:
            measure = "reward" if "reward" in entry else "loss"
            report(
                f"{self.name}: step {state.global_step}/{state.max_steps}, "
                f"{measure} {entry[measure]:.2f}"
            )
