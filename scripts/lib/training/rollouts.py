"""GRPO's rollouts: by transformers, or by a vLLM that lives on the training's own device.

What the algorithm sees is the same with both. A colocated vLLM gets the trained weights before
every generation and sleeps while they are updated; how far its probabilities are from the trainer's
is logged, and corrected for only where the recipe says so. vLLM computes with 16 bits, as the
trainer does under bf16; a float32 training, a toy's, differs more.
"""

from typing import Any

from trl import GRPOTrainer

from scripts.lib.training.rollout_sample import is_sampled, sampled

DIFFERENCE = "sampling/sampling_logp_difference/mean"  # TRL's name for it
LARGEST_DIFFERENCE = 0.05  # nats per token; vLLM's 16 bits make 0.01 and less


class RolloutTrainer(GRPOTrainer):
    """TRL's trainer, which also logs vLLM's difference when it does not correct for it.

    TRL 1.16 computes that only with its importance-sampling correction, for which it runs the model
    once more. Here the policy's own log-probabilities of the update serve, which it has anyway.

    It logs a few rollouts too. The log is part of every checkpoint, so that a resumed training has
    the same ones as an undisturbed one.
    """

    def log(self, logs: dict[str, Any], start_time: float | None = None) -> None:
        """Log a step, now and then with some of its rollouts."""
        if "loss" in logs and is_sampled(self.state.global_step, self.state.max_steps):
            logs["rollouts"] = sampled(self._logs, self.state.global_step)
        super().log(logs, start_time)

    def _get_per_token_logps_and_entropies(self, *args: Any, **kwargs: Any) -> Any:
        result = super()._get_per_token_logps_and_entropies(*args, **kwargs)
        self._last_logps = result[0].detach()
        return result

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


def check_difference(mean: float) -> None:
    """Exit with the cure if vLLM samples from another policy than the one that is trained."""
    if not mean <= LARGEST_DIFFERENCE:
        raise SystemExit(
            f"vLLM's log-probabilities differ from the trainer's by {mean:.3f} in the mean, more "
            f"than {LARGEST_DIFFERENCE}: its weights were not synchronised, and the completions "
            "are not the trained policy's. Compare the versions of vllm and trl with the lock "
            "(`make setup STACK=gpu`), or set `engine: transformers` for train_grpo in the profile"
        )
