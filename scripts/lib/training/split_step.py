"""A TRL trainer whose optimiser step is one pass for Trainer, and many for the device.

Trainer takes the whole batch of a process at once, and TRL pads it to its longest sequence. Here it
is split into passes of like length before the model sees it. The loss and the gradient stay what
TRL's are: each pass counts as much as its sequences, or its tokens, do in the whole.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import Trainer

from scripts.lib.training.passes import split_by_tokens, split_further
from scripts.lib.training.processes import largest

Batch = dict[str, Any]


class SplitStep(Trainer, ABC):
    """What TRL's trainers have in common here; goes before them among the bases.

    A subclass says how long its sequences are, what a pass of some of them looks like, what share
    of the loss it has, and how many tokens its means are over.
    """

    def __init__(self, *args: Any, tokens_per_pass: int, **kwargs: Any) -> None:
        """Take the tokens that a pass may have, padding included, beside TRL's own arguments."""
        super().__init__(*args, **kwargs)
        if getattr(self, "aux_loss_enabled", False):  # a mean over the tokens of a pass
            raise SystemExit(
                "the model has a mixture of experts, whose auxiliary loss is not supported: set "
                "`router_aux_loss_coef: 0.0` in the recipe"
            )
        self.tokens_per_pass = tokens_per_pass

    @abstractmethod
    def lengths(self, batch: Batch) -> torch.Tensor:
        """Return each sequence's tokens, of shape (sequences,)."""

    @abstractmethod
    def rows(self, batch: Batch, places: list[int]) -> Batch:
        """Return the batch's sequences at these places."""

    @abstractmethod
    def share(self, batch: Batch, whole: Batch) -> float:
        """Return what TRL's loss of a pass is multiplied with, so that the sum is the whole's."""

    @abstractmethod
    def scored_tokens(self, batch: Batch) -> torch.Tensor:
        """Return how many tokens of a batch are targets, which TRL's means are over."""

    def passes(self, lengths: torch.Tensor) -> list[list[int]]:
        """Return the places of the sequences of each pass; as many passes in every process.

        DDP and DeepSpeed wait for each other in each pass.
        """
        found = split_by_tokens(lengths.tolist(), self.tokens_per_pass)
        (most,) = largest([len(found)], lengths.device)
        return split_further(found, int(most))

    def compute_loss(
        self,
        model: Any,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> torch.Tensor:
        """Return the loss of a whole batch; all passes but the last have had their backward pass.

        Trainer makes the last one's, and with it the step.
        """
        lengths = self.lengths(inputs)
        parts = [self.rows(inputs, places) for places in self.passes(lengths)]
        padded = sum(len(self.lengths(part)) * int(self.lengths(part).max()) for part in parts)
        metrics = self._metrics["train"]
        before = {name: len(values) for name, values in metrics.items()}
        total = torch.zeros((), device=lengths.device)
        for number, part in enumerate(parts, start=1):
            with self._synchronised(model, number == len(parts)):
                loss = super().compute_loss(model, part, num_items_in_batch=num_items_in_batch)
                loss = loss * self.share(part, inputs)
                if number < len(parts):
                    self.accelerator.backward(loss)
                    total += loss.detach()
        tokens = torch.stack([self.scored_tokens(part).double() for part in parts])
        weigh_means(metrics, before, self.accelerator.reduce(tokens, reduction="sum").tolist())
        metrics["passes"].append(len(parts))
        metrics["padding"].append(padded / int(lengths.sum()))
        return loss + total

    @contextmanager
    def _synchronised(self, model: Any, synchronised: bool) -> Iterator[None]:
        """Let processes add up their gradients, and DeepSpeed step, in the last pass alone."""
        state = self.accelerator.gradient_state
        if synchronised:
            yield
            return
        state._set_sync_gradients(False)
        try:
            with self.accelerator.no_sync(model):
                yield
        finally:
            state._set_sync_gradients(True)


def weigh_means(
    metrics: dict[str, list[float]], before: dict[str, int], tokens: list[float]
) -> None:
    """Replace what each pass appended to a metric by the whole batch's value.

    TRL averages over passes, which weighs the tokens of a small one more than those of a large one.
    `before` holds how many values each metric had; `tokens` how many each pass has.
    """
    for name, values in metrics.items():
        of_passes = values[before.get(name, 0) :]
        if len(of_passes) != len(tokens):
            continue  # one value of the step, such as a count of tokens so far
        if name.endswith("_min"):
            whole = min(of_passes)
        elif name.endswith("_max"):
            whole = max(of_passes)
        else:
            weighed = zip(of_passes, tokens, strict=True)
            whole = sum(value * share for value, share in weighed) / (sum(tokens) or 1.0)
        values[before.get(name, 0) :] = [whole]
