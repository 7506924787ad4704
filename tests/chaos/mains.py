"""A Snakemake of a round's own: started, watched, killed with what it started and nothing else."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.workflow import ENVIRONMENT, ROOT, command

LONGEST = 400.0  # seconds without a sign of life


class Main:
    """One Snakemake in a session of its own, whose number is the main process's."""

    def __init__(
        self,
        folder: Path,
        arguments: list[str],
        *,
        within: Callable[[list[str]], list[str]] | None = None,
    ) -> None:
        """Start it; `within` returns the command that runs a command line somewhere else."""
        line = [str(word) for word in command(*arguments, folder=folder)]
        self.folder = folder
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
        self._wait(self.running, "Snakemake")
        return self.process.wait()

    def leaves_nothing(self) -> None:
        """Wait for the jobs that a killed main process has left."""
        self._wait(self.members, "a job")

    def _wait(self, busy: Callable[[], object], what: str) -> None:
        began = time.time()
        while busy():
            if time.time() - max(began, self._last_sign()) > LONGEST:
                self.stop()
                raise RuntimeError(f"{what} hung for {LONGEST:.0f} s: {self.console}")
            time.sleep(0.1)

    def _last_sign(self) -> float:
        """Return when something was last written to the console or a log."""
        logs = [*self.folder.glob("logs/**/*"), *self.folder.glob(".snakemake/log/*")]
        times = [0.0]
        for path in (self.console, *logs):
            with contextlib.suppress(OSError):
                times.append(path.stat().st_mtime)
        return max(times)

    def stop(self) -> None:
        """Kill what is left of the session."""
        for process in self.members():
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait()
