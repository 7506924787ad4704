"""A training in several processes: accelerate's launcher, and what becomes of it.

The launcher is torchrun underneath, and loses what a caller of a program relies on: the exit code,
the message of a mistake, and the processes themselves when a second signal comes while they save.
"""

import contextlib
import logging
import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from scripts.lib.training.preemption import RESUME_ME
from scripts.lib.training.processes import STRATEGY
from scripts.lib.training.program import stop

SETTINGS = Path(__file__).resolve().parents[2] / "accelerate"
STRATEGIES = ("ddp", "zero2")


def check_strategy(strategy: str, processes: int) -> None:
    """Exit with an error if a strategy does not work with so many processes."""
    if strategy != "zero2":
        return
    if processes < 2:
        raise SystemExit(
            f"`distributed: zero2` shares out the optimizer, but the job has {processes} GPU(s): "
            "in the profile's set-resources raise `gpu`, or write `distributed: ddp`"
        )
    require_deepspeed()


def require_deepspeed() -> None:
    """Exit with the cure if the profile asks for DeepSpeed and it is not installed."""
    if find_spec("deepspeed") is None:
        raise SystemExit(
            "`distributed: zero2` needs DeepSpeed, which is not installed: `make setup STACK=gpu`, "
            "or write `distributed: ddp` in the profile's set-resources"
        )


def run_processes(module: str, arguments: list[str], processes: int, strategy: str) -> int | str:
    """Run a program in so many processes; return the exit code, or what they ended with to say."""
    signal.signal(signal.SIGTERM, stop)
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    logging.disable()  # torchrun's; the processes have logs of their own
    parser = launch_command_parser()
    settings = ["--config_file", str(SETTINGS / f"{strategy}.yaml")]
    number = ["--num_processes", str(processes), "--main_process_port", "0"]
    os.environ[STRATEGY] = strategy
    args = parser.parse_args([*settings, *number, "--module", module, *arguments])
    args.signals_to_handle = "SIGINT,SIGHUP,SIGQUIT"  # SIGTERM is ours
    signal.signal(signal.SIGTERM, pass_on)
    try:
        launch_command(args)
    except ChildFailedError as error:
        return ending(error)
    except SignalException as error:
        return 128 + error.sigval
    return 0


def pass_on(signum: int, frame: FrameType | None) -> None:
    """Pass a SIGTERM on, and go on waiting: the processes save a checkpoint and end by themselves.

    torchrun would leave at a second one and abandon them. Where none is left, the work is done.
    """

    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            child.send_signal(signum)


def ending(error: Any) -> int | str:
    """Return how a program shall end some of whose processes failed, by torchrun's error."""
    failures = error.failures.values()
    said = [failure.message for failure in failures if Path(failure.error_file).is_file()]
    if said:
        return "\n".join(dict.fromkeys(said))
    rank, first = error.get_first_failure()
    if first.exitcode == -signal.SIGTERM:  # it came before the process could take note
        return RESUME_ME
    code = first.exitcode if first.exitcode > 0 else 128 - first.exitcode
    if code != RESUME_ME:
        how = signal.Signals(-first.exitcode).name if first.exitcode < 0 else f"code {code}"
        print(f"process {rank} of the training ended with {how}", file=sys.stderr)
    return code
