"""DPO whose optimiser step is split into passes of pairs of like length."""

from typing import Any

import torch
from trl import DPOTrainer

from scripts.lib.training.split_step import Batch, SplitStep

# The losses of TRL 1.16 that are no mean over pairs: they compare or average within a pass.
OF_ONE_PASS = ("aot", "aot_unpaired", "sft")


class SplitDPOTrainer(SplitStep, DPOTrainer):
    """TRL's trainer on pairs that are tokens already, with the passes of split_step.py.

    A batch holds all right answers and then all wrong ones. With several processes accelerate
    repeats pairs in the last step of an epoch, so that all have as many.
    """

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        return dataset

    def lengths(self, batch: Batch) -> torch.Tensor:
        """Return the tokens that each pair takes, of shape (pairs,): both are padded to one."""
        right, wrong = batch["attention_mask"].sum(1).chunk(2)
        return 2 * torch.maximum(right, wrong)

    def rows(self, batch: Batch, places: list[int]) -> Batch:
        """Return the pairs at these places, without what is padding in all of them."""
        pairs = len(batch["input_ids"]) // 2
        both = [*places, *(place + pairs for place in places)]
        longest = int(batch["attention_mask"][both].sum(1).max())
        return {name: values[both, :longest] for name, values in batch.items()}

    def share(self, batch: Batch, whole: Batch) -> float:
        """Return a pass's share of the pairs, which the loss is a mean over."""
        return len(batch["input_ids"]) / len(whole["input_ids"])

    def scored_tokens(self, batch: Batch) -> torch.Tensor:
        """Return the number of pairs: what is logged is a mean over them."""
        return torch.tensor(len(batch["input_ids"]) // 2, device=batch["input_ids"].device)
