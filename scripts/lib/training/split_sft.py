"""SFT whose optimiser step is split into passes of sequences of like length."""

import time
from typing import Any

import torch
from trl import SFTTrainer

from scripts.lib.training.split_step import Batch, SplitStep

IGNORED = -100  # the label of what is no target


class SplitSFTTrainer(SplitStep, SFTTrainer):
    """TRL's trainer, with the passes of split_step.py."""

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Log how long a step takes in seconds, as GRPOTrainer does."""
        started = time.perf_counter()
        loss = super().training_step(*args, **kwargs)
        self._metrics["train"]["step_time"].append(time.perf_counter() - started)
        return loss

    def compute_loss(
        self,
        model: Any,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> torch.Tensor:
        """Return the loss of a whole batch, in which no example counts twice.

        In the last step of an epoch accelerate gives each process as many examples as in the others
        and repeats the first ones for that. Trainer counts their tokens too, so they are counted
        anew.
        """
        inputs["labels"][self._own(len(inputs["labels"])) :] = IGNORED
        tokens = self.accelerator.reduce(self.scored_tokens(inputs), reduction="sum")
        return super().compute_loss(model, inputs, num_items_in_batch=tokens)

    def _own(self, rows: int) -> int:
        """Return how many of a process's rows no process had in this epoch; they come first."""
        state = self.accelerator.gradient_state
        if not state.end_of_dataloader or state.remainder <= 0:
            return rows
        return max(0, min(rows, state.remainder - self.accelerator.process_index * rows))

    def lengths(self, batch: Batch) -> torch.Tensor:
        """Return the tokens of each example, of shape (sequences,)."""
        return batch["attention_mask"].sum(1)

    def rows(self, batch: Batch, places: list[int]) -> Batch:
        """Return the examples at these places, without what is padding in all of them."""
        longest = int(self.lengths(batch)[places].max())
        return {name: values[places, :longest] for name, values in batch.items()}

    def share(self, batch: Batch, whole: Batch) -> float:
        """Return 1: TRL divides a pass's sum by the tokens of the whole step."""
        return 1.0

    def scored_tokens(self, batch: Batch) -> torch.Tensor:
        """Return the tokens that are targets."""
        return (batch["labels"][:, 1:] != IGNORED).sum()
