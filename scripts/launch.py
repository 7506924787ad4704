"""Start a job's program on the GPUs that the job asked for: a training has one process on each.

    python -m scripts.launch --gpus 1 scripts.train_sft --config ...

Without a GPU the program is started as it is. It takes this process's place, so that a signal
reaches it.
"""

import argparse
import os
import sys

from scripts.lib.devices import RESTRICTION, granted_devices, require

IN_SEVERAL_PROCESSES = ("scripts.train_sft", "scripts.train_grpo")


def command_line(module: str, arguments: list[str], devices: int) -> list[str]:
    """Return the command that starts a program on so many devices."""
    if devices <= 1:
        return [sys.executable, "-m", module, *arguments]
    if module not in IN_SEVERAL_PROCESSES:
        raise SystemExit(
            f"{module} uses one GPU, the job was given {devices}: in the profile's set-resources "
            'write `gpu: 1` for its rule, or with `gres` one GPU ("gpu:h100:1")'
        )
    several = ["torch.distributed.run", "--standalone", f"--nproc-per-node={devices}"]
    return [sys.executable, "-m", *several, "-m", module, *arguments]


def main() -> None:
    """Take the devices and become the program."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--gpus", type=int, required=True, help="how many the job asked for; 0: all that it sees"
    )
    parser.add_argument("module", help="the program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its own arguments")
    args = parser.parse_args()
    devices = granted_devices(args.gpus)
    command = command_line(args.module, args.arguments, len(devices))
    if devices:
        os.environ[RESTRICTION] = ",".join(devices)
    require(devices)
    if len(devices) > 1:
        # The processes do not inherit the console; they report on stderr.
        os.environ.pop("PROGRESS_FD", None)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
