"""When a training must make room: SIGTERM, or the end of the job's own time.

It finishes the running optimiser step, saves a checkpoint and leaves with the exit code
RESUME_ME; the next start goes on from there to the same bytes.
"""

import os
import signal
import time
from types import FrameType

from scripts.lib.console import report
from scripts.lib.training.processes import main_process

RESUME_ME = os.EX_TEMPFAIL  # 75: not a failure of the training, start it again
MARGIN_SECONDS = 60.0  # the least that must be left of a job's time for a further step
SLOW_DISK = 100.0e6  # bytes per second, at which a checkpoint must still be saved in time


class Preemption:
    """A context in which SIGTERM and the end of the job's time are noticed, not suffered.

    transformers' enable_jit_checkpoint does not serve: it saves amid an accumulation, its processes
    do not agree on a step, and it knows no time limit.
    """

    def __init__(self, name: str, runtime: float, started: float) -> None:
        """Watch the run called `name` in progress lines; `runtime` is in minutes, 0 is no limit.

        Time counts from `started` (time.monotonic()), or SLURM says when it ends the job.
        """
        self.name = name
        self.asked = False
        self.loading = True  # there is nothing to save yet
        self.saving = 0.0  # seconds that a checkpoint may take
        ends = [started + 60 * runtime] if runtime else []
        if slurm := os.environ.get("SLURM_JOB_END_TIME"):  # seconds since 1970
            ends.append(time.monotonic() + float(slurm) - time.time())
        self.end = min(ends, default=None)

    def __enter__(self) -> "Preemption":
        self.before = signal.signal(signal.SIGTERM, self.ask)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # A program that leaves is not to be killed on its last steps.
        leaves = isinstance(error, SystemExit) and error.code == RESUME_ME
        signal.signal(signal.SIGTERM, signal.SIG_IGN if leaves else self.before)

    def ask(self, signum: int, frame: FrameType | None) -> None:
        """Note a SIGTERM; a second one changes nothing, so that it cannot tear what is saved."""
        first, self.asked = not self.asked, True
        if first and self.loading:
            leave(self.name, self.reason, "where it was")

    def time_is_up(self, steps: int, seconds: float) -> bool:
        """Say whether the job's time is too short for so many steps and for saving.

        A step has taken `seconds` at most.
        """
        if self.end is None:
            return False
        margin = max(MARGIN_SECONDS, (steps + 1) * seconds) + self.saving
        return self.end - time.monotonic() < margin

    @property
    def reason(self) -> str:
        """Return why the training stops."""
        return "stopped by SIGTERM" if self.asked else "the job's time is nearly over"


def leave(name: str, reason: str, where: str) -> None:
    """Say, once for all processes, where the next start goes on, and leave."""
    if main_process():
        report(f"{name}: {reason}; resumes from {where}")
    raise SystemExit(RESUME_ME)
