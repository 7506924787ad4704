"""Start a job's program on the GPUs that the job asked for: a training has one process on each.

    python -m scripts.launch --gpus 4 --distributed ddp scripts.train_sft --config ...

One process takes this one's place, so that a signal reaches it; several are started by accelerate's
launcher, and this program ends as they do.
"""

import argparse
import os
import sys

from scripts.lib.machine.devices import RESTRICTION, granted_devices, require
from scripts.lib.training.launcher import STRATEGIES, check_strategy, run_processes

IN_SEVERAL_PROCESSES = tuple(f"scripts.train_{name}" for name in ("sft", "grpo", "gkd", "dpo"))
ON_SEVERAL_DEVICES = ("scripts.evaluate", "scripts.sample_traces")  # which share the work out


def processes_of(module: str, devices: int, strategy: str) -> int:
    """Return in how many processes a program runs on so many devices."""
    if module in IN_SEVERAL_PROCESSES:
        check_strategy(strategy, devices)
        return max(devices, 1)
    if devices > 1 and module not in ON_SEVERAL_DEVICES:
        raise SystemExit(
            f"{module} uses one GPU, the job was given {devices}: in the profile's set-resources "
            'write `gpu: 1` for its rule, or with `gres` one GPU ("gpu:h100:1")'
        )
    return 1


def keep_console() -> None:
    """Let the processes report on the console: the launcher gives them descriptors 0 to 2 alone."""
    if descriptor := os.environ.get("PROGRESS_FD"):
        os.dup2(int(descriptor), 0)
        os.environ["PROGRESS_FD"] = "0"


def main() -> None:
    """Take the devices and become the program, or wait for its processes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--gpus", type=int, required=True, help="how many the job asked for; 0: all that it sees"
    )
    parser.add_argument(
        "--distributed",
        choices=STRATEGIES,
        default="ddp",
        help="how the processes of a training share the work (scripts/accelerate)",
    )
    parser.add_argument("module", help="the program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its own arguments")
    args = parser.parse_args()
    devices = granted_devices(args.gpus)
    processes = processes_of(args.module, len(devices), args.distributed)
    if devices:
        os.environ[RESTRICTION] = ",".join(devices)
    require(devices)
    if processes == 1:
        os.execv(sys.executable, [sys.executable, "-m", args.module, *args.arguments])
    keep_console()
    raise SystemExit(run_processes(args.module, args.arguments, processes, args.distributed))


if __name__ == "__main__":
    main()
