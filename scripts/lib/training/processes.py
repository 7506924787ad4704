"""A training of one process or of several: who writes, how they share the work, what all agree on.

launcher.py beside this starts the processes and sets what is read from the environment here.
"""

import os
from typing import Any

STRATEGY = "SRLM_DISTRIBUTED"  # set by the launcher: ddp or zero2


def processes() -> int:
    """Return how many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def main_process() -> bool:
    """Say whether this process is the one that writes files."""
    return os.environ.get("RANK", "0") == "0"


def planned_strategy() -> str:
    """Return how the processes were started to share the work: none, ddp or zero2."""
    return os.environ.get(STRATEGY, "none")


def strategy(accelerator: Any) -> str:
    """Return how a trainer's processes share the work: none, ddp or zero2."""
    if accelerator.distributed_type == "DEEPSPEED":
        return f"zero{accelerator.state.deepspeed_plugin.zero_stage}"
    return "ddp" if accelerator.num_processes > 1 else "none"


def check_trainer(trainer: Any, global_batch_size: int) -> str:
    """Return a built trainer's strategy; exit with an error unless it trains as planned.

    Libraries fall back in silence: to DDP where DeepSpeed cannot be had, to another batch or to
    float32 where an environment variable says so.
    """
    accelerator, args = trainer.accelerator, trainer.args
    number_format = "bf16" if args.bf16 else "fp16" if args.fp16 else "no"
    of_device = args.per_device_train_batch_size * args.gradient_accumulation_steps
    planned = {
        "distributed": planned_strategy(),
        "processes": processes(),
        "mixed precision": number_format,
        "sequences per step": global_batch_size,
    }
    actual = {
        "distributed": strategy(accelerator),
        "processes": accelerator.num_processes,
        "mixed precision": accelerator.mixed_precision,
        "sequences per step": of_device * accelerator.num_processes,
    }
    for name, value in planned.items():
        if actual[name] != value:
            raise SystemExit(
                f"the training was started with {name} {value}, but would run with "
                f"{actual[name]}: start it through Snakemake or scripts.launch, without "
                "ACCELERATE_ variables of your own"
            )
    return actual["distributed"]


def keep_float32_weights(trainer: Any) -> None:
    """Let DeepSpeed compute in bf16 as DDP does: by autocast, from float32 weights.

    accelerate would have it cast the weights themselves, and add up gradients in bf16; so they are
    bf16 on the way between processes alone.
    """
    if strategy(trainer.accelerator) == "zero2" and trainer.args.bf16:
        config = trainer.accelerator.state.deepspeed_plugin.deepspeed_config
        config["bf16"] = {"enabled": False}
        config["torch_autocast"] = {"enabled": True, "dtype": "bfloat16"}


def largest(values: list[float], device: Any) -> list[float]:
    """Return the largest of each value over all processes; every process must ask."""
    if processes() == 1:
        return values
    import torch
    from torch.distributed import ReduceOp, all_reduce

    tensor = torch.tensor(values, dtype=torch.float64, device=device)
    all_reduce(tensor, op=ReduceOp.MAX)
    return tensor.tolist()


def wait_for_all() -> None:
    """Wait until every process is here."""
    if processes() > 1:
        from torch.distributed import barrier

        barrier()
