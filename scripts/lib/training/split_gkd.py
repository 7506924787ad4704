"""On-policy distillation whose optimiser step is split into passes of answers of like length."""

from typing import Any

import torch
from trl import DistillationTrainer

from scripts.lib.training.epochs import EpochSampler
from scripts.lib.training.split_step import Batch, SplitStep


class SplitGKDTrainer(SplitStep, DistillationTrainer):
    """TRL's trainer, with the passes of split_step.py and an order of its own for each epoch."""

    def _get_train_sampler(self, dataset: Any = None) -> EpochSampler:
        repeated = super()._get_train_sampler(dataset)
        return EpochSampler(repeated, lambda: int(self.state.epoch or 0))

    def lengths(self, batch: Batch) -> torch.Tensor:
        """Return the tokens of each prompt with its answer, of shape (sequences,)."""
        return batch["prompt_mask"].sum(1) + batch["completion_mask"].sum(1)

    def rows(self, batch: Batch, places: list[int]) -> Batch:
        """Return the answers at these places, without what is padding in all of them.

        Prompts are padded on the left, answers on the right; the batch's own numbers stay.
        """
        prompt = int(batch["prompt_mask"][places].sum(1).max())
        answer = int(batch["completion_mask"][places].sum(1).max())
        cut = {"prompt": slice(-prompt, None), "completion": slice(answer)}
        return {
            name: values[places, cut[name.partition("_")[0]]] if values.dim() else values
            for name, values in batch.items()
        }

    def share(self, batch: Batch, whole: Batch) -> float:
        """Return 1: TRL divides a pass's sum by the tokens of the whole step."""
        return 1.0

    def scored_tokens(self, batch: Batch) -> torch.Tensor:
        """Return the tokens of the answers."""
        return batch["completion_mask"].sum()
