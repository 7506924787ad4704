"""A Snakemake of a round's own: started, watched, killed with what it started and nothing else."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.rules.conftest import MINI, RUN
from tests.workflow import ENVIRONMENT, ROOT, command

OPTIONS = [*RUN[: RUN.index("--")], "--rerun-incomplete"]
UNLOCK = ["--cores", "1", *MINI, "--unlock"]
LONGEST = 400.0  # seconds that a start may take


class Main:
    """One Snakemake in a session of its own, whose number is the main process's."""

    def __init__(
        self, folder: Path, targets: list[str], *, within: Callable[[str], list[str]] | None = None
    ) -> None:
        """Start it; `within` returns the command that runs a shell's line somewhere else."""
        line = [str(word) for word in command(*OPTIONS, "--", *targets, folder=folder)]
        self.console = folder.with_name(f"{folder.name}.console")
        self.began = time.monotonic()
        with self.console.open("a") as console:
            self.process = subprocess.Popen(
                within(line) if within else line,
                cwd=ROOT,
                env=ENVIRONMENT,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )

    def members(self) -> list[psutil.Process]:
        """Return every living process of the session."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(OSError, psutil.Error):
                alive = process.status() != psutil.STATUS_ZOMBIE
                if alive and os.getsid(process.pid) == self.process.pid:
                    found.append(process)
        return found

    def workers(self) -> list[psutil.Process]:
        """Return the programs of jobs, and the processes that they started."""
        found = []
        for process in self.members():
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                if any(word.startswith("scripts.") for word in words) and "-c" not in words:
                    found += [process, *process.children(recursive=True)]
        return found

    def running(self) -> bool:
        return self.process.poll() is None

    def runs_until(self, seconds: float) -> bool:
        """Wait until so many seconds after the start; say whether it runs still."""
        while self.running() and time.monotonic() < self.began + seconds:
            time.sleep(0.05)
        return self.running()

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the main process and its jobs, as a terminal does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def ends(self) -> int:
        """Wait for the main process; return its exit code. One that hangs is an error."""
        try:
            return self.process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            self.stop()
            raise RuntimeError(f"Snakemake hung for {LONGEST:.0f} s: {self.console}") from None

    def leaves_nothing(self) -> None:
        """Wait for the jobs that a killed main process has left."""
        end = time.monotonic() + LONGEST
        while self.members():
            if time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"a job hung for {LONGEST:.0f} s: {self.console}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Kill what is left of the session."""
        for process in self.members():
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait()
