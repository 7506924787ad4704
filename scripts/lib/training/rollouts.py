"""GRPO's rollouts: by transformers, or by a vLLM that lives on the training's own device.

What the algorithm sees is the same with both. A colocated vLLM gets the trained weights before
every generation and sleeps while they are updated; how far its probabilities are from the trainer's
is logged, and corrected for only where the recipe says so. vLLM computes with 16 bits, as the
trainer does under bf16; a float32 training, a toy's, differs more.
"""

from typing import Any

import torch
from trl import GRPOTrainer

from scripts.lib.training.epochs import EpochSampler
from scripts.lib.training.rollout_sample import is_sampled, sampled
from scripts.lib.training.split_step import Batch, SplitStep

DIFFERENCE = "sampling/sampling_logp_difference/mean"  # TRL's name for it
LARGEST_DIFFERENCE = 0.05  # nats per token; vLLM's 16 bits make 0.01 and less
# What the losses of TRL 1.16 are means over; the others divide a sum by the whole batch's tokens.
MEANS_OVER_SEQUENCES = ("grpo", "dr_grpo", "luspo", "sapo")
MEAN_OVER_TOKENS = "bnpo"


class RolloutTrainer(SplitStep, GRPOTrainer):
    """TRL's trainer in the passes of split_step.py, each epoch with an order of its own.

    It also logs vLLM's difference when it does not correct for it. TRL 1.16 computes that only with
    its importance-sampling correction, for which it runs the model once more. Here the policy's own
    log-probabilities of the update serve, which it has anyway.

    It logs a few rollouts too. The log is part of every checkpoint, so that a resumed training has
    the same ones as an undisturbed one.
    """

    def _get_train_sampler(self, dataset: Any = None) -> EpochSampler:
        repeated = super()._get_train_sampler(dataset)
        return EpochSampler(repeated, lambda: int(self.state.epoch or 0))

    def lengths(self, batch: Batch) -> torch.Tensor:
        """Return the tokens of each prompt with its completion, of shape (sequences,)."""
        return batch["prompt_mask"].sum(1) + batch["completion_mask"].sum(1)

    def rows(self, batch: Batch, places: list[int]) -> Batch:
        """Return the rollouts at these places; the batch's own numbers stay as they are."""
        count = len(batch["prompt_ids"])
        return {
            name: value[places] if value.dim() and len(value) == count else value
            for name, value in batch.items()
        }

    def share(self, batch: Batch, whole: Batch) -> float:
        """Return what share of the whole's mean a pass has, by what its loss is a mean over."""
        if self.loss_type in MEANS_OVER_SEQUENCES:
            return len(batch["prompt_ids"]) / len(whole["prompt_ids"])
        if self.loss_type == MEAN_OVER_TOKENS:
            return float(self.scored_tokens(batch) / self.scored_tokens(whole).clamp(min=1))
        return 1.0

    def scored_tokens(self, batch: Batch) -> torch.Tensor:
        """Return the tokens of the completions."""
        return batch["completion_mask"].sum()

    def log(self, logs: dict[str, Any], start_time: float | None = None) -> None:
        """Log a step, now and then with some of its rollouts."""
        if "loss" in logs and is_sampled(self.state.global_step, self.state.max_steps):
            logs["rollouts"] = sampled(self._logs, self.state.global_step)
        super().log(logs, start_time)

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        **options: Any,
    ) -> Any:
        """Return what TRL does, of shape (sequences, logits_to_keep); 0 at padding.

        A `batch_size` says that it is no pass of the loss, but a whole batch whose old or reference
        policy is asked for: it is split here.
        """
        if batch_size is None:
            logps, entropies = self._scores(
                model, input_ids, attention_mask, logits_to_keep, **options
            )
            self._last_logps = logps.detach()
            return logps, entropies, None
        passes = self.passes(attention_mask.sum(1))
        parts = [
            self._scores(model, input_ids[places], attention_mask[places], logits_to_keep)[0]
            for places in passes
        ]
        back = torch.tensor([place for places in passes for place in places]).argsort()
        return torch.cat(parts)[back.to(input_ids.device)], None, None

    def _scores(
        self, model: Any, ids: torch.Tensor, mask: torch.Tensor, completion: int, **options: Any
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return log-probabilities, and entropies if asked for, of the last `completion` tokens."""
        aligned_ids, aligned_mask, at = without_left_padding(ids, mask, completion)
        keep = aligned_ids.size(1) - int(mask[:, :-completion].sum(1).min())
        logps, entropies, _ = super()._get_per_token_logps_and_entropies(
            model, aligned_ids, aligned_mask, max(1, keep), **options
        )
        at = (at - (aligned_ids.size(1) - logps.size(1))).clamp(0, logps.size(1) - 1)
        scored = mask[:, -completion:]
        logps = logps.gather(1, at) * scored
        return logps, None if entropies is None else entropies.gather(1, at) * scored

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
        loss = super()._compute_loss(model, inputs)
        sampled = inputs.get("sampling_per_token_logps")
        if sampled is not None and not self.vllm_importance_sampling_correction:
            difference = (self._last_logps - sampled).abs()
            mean = difference[inputs["completion_mask"].bool()].mean()
            self._metrics["train"][DIFFERENCE].append(self.accelerator.gather(mean).mean().item())
        if differences := self._metrics["train"].get(DIFFERENCE):
            check_difference(differences[-1])
        return loss


def without_left_padding(
    ids: torch.Tensor, mask: torch.Tensor, completion: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Move sequences to the left and cut what is padding in all of them.

    TRL pads prompts on the left and completions on the right, each to the longest; without the gaps
    a pass is as wide as its longest sequence. Returns ids and mask of that width, and where each
    of the last `completion` tokens went, of shape (sequences, completion).
    """
    width = ids.size(1)
    shift = mask.argmax(1, keepdim=True)
    longest = int(mask.sum(1).max())
    source = (torch.arange(width, device=ids.device) + shift)[:, :longest].clamp(max=width - 1)
    at = torch.arange(width - completion, width, device=ids.device) - shift
    return ids.gather(1, source), mask.gather(1, source), at


def check_difference(mean: float) -> None:
    """Exit with the cure if vLLM samples from another policy than the one that is trained."""
    if not mean <= LARGEST_DIFFERENCE:
        raise SystemExit(
            f"vLLM's log-probabilities differ from the trainer's by {mean:.3f} in the mean, more "
            f"than {LARGEST_DIFFERENCE}: its weights were not synchronised, and the completions "
            "are not the trained policy's. Compare the versions of vllm and trl with the lock "
            "(`make setup STACK=gpu`), or set `engine: transformers` for train_grpo in the profile"
        )
