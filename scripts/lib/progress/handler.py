"""The console in place of Snakemake's own: its log records come in, the watch's lines go out.

Why a handler of logging, put in by the rules, and no logger plugin of Snakemake: a plugin must be
an installed module with a fixed name, and every profile must name it; then each Snakemake without
it refuses to start. The handler is part of the checkout and works however Snakemake was installed.
"""

import contextlib
import logging
import re
import shutil
import threading
import time
from collections.abc import Collection
from typing import Any

from scripts.lib.progress.watch import HEAD, Watch
from scripts.lib.show.inert import escape

SNAKEMAKES = "DefaultStreamHandler"  # the name of Snakemake's own handler of the console
TICK_SECONDS = 5.0
BEFORE = {"run_info", "resources_info"}  # events that are not shown: tables of jobs and resources
DURING = {"job_started", "progress", "shellcmd"}
SHOWN = ("Terminating", "Will exit", "Complete log", "Unlocked", "Nothing to be done")
OWN_WORDS = (  # said by the watch itself
    "Exiting because a job execution failed",
    "At least one job did not complete successfully",
    "WorkflowError:\nAt least one job did not complete successfully",
)
EXIT_CODE = re.compile(r"non-zero exit status (\d+)")
STATUS = re.compile(r"SLURM status is: '(\w+)'")
RESTART = re.compile(r"Trying to restart job (\d+)\.")


class RunConsole(logging.Handler):
    """Shows a run by its watch, and whatever else Snakemake says that is no routine."""

    def __init__(self, snakemakes: logging.StreamHandler) -> None:
        """Stand in for Snakemake's own handler."""
        super().__init__()
        self.snakemakes, self.stream = snakemakes, snakemakes.stream
        self.watch: Watch | None = None
        self.quiet = False  # nothing of the jobs: they print for themselves
        self._exit_codes: dict[int, str] = {}  # by thread: the record before that of the job
        self._ended = threading.Event()
        self._printing = threading.RLock()  # the clock prints too

    def start(self, watch: Watch, first: str) -> None:
        """Show the jobs by this watch from now on, after a line on all of them."""
        with self._printing:
            self.watch = watch
            self._print([first, HEAD])
        threading.Thread(target=self._tick, daemon=True).start()

    def end(self, command: str) -> None:
        """Show how the run ended; `command` is what was typed."""
        self._ended.set()
        if self.watch is not None:
            with self._printing:
                self._print(self.watch.end(time.time(), command))
                self.watch = None

    def emit(self, record: logging.LogRecord) -> None:
        """Show what a record means."""
        with self._printing:
            try:
                lines = self._lines(record)
            except Exception:  # a run never ends for want of its console
                self.handleError(record)
                lines = None
            if lines is None:
                with reader_may_leave():
                    self.snakemakes.handle(record)
            else:
                self._print(lines)

    def close(self) -> None:
        """Stop with the run."""
        self._ended.set()
        super().close()

    def _lines(self, record: logging.LogRecord) -> list[str] | None:
        """Return a record's lines; None if Snakemake shall show it itself."""
        event, text, now = getattr(record, "event", None), record.getMessage(), time.time()
        kind = str(event) if event is not None else ""
        if kind in BEFORE or text.startswith(("Using shell", *OWN_WORDS)):
            return []
        if self.quiet:  # the job has said on the console why it failed
            of_job = kind == "job_error" or (kind == "error" and EXIT_CODE.search(text))
            return [] if of_job or record.levelno < logging.WARNING else None
        if self.watch is None:
            return None
        if kind == "error" and (found := EXIT_CODE.search(text)):
            self._exit_codes[threading.get_ident()] = found[1]
            return []
        if kind in DURING:
            return []
        if kind in ("job_info", "job_finished", "job_error"):
            return self._of_job(kind, record.__dict__, now)
        if found := RESTART.match(text):
            return self.watch.again(int(found[1]), now)
        routine = record.levelno < logging.WARNING and not text.startswith(SHOWN)
        return [] if routine else None

    def _of_job(self, kind: str, told: dict[str, Any], now: float) -> list[str]:
        assert self.watch is not None
        number = int(told["job_id"] if kind == "job_finished" else told["jobid"])
        if number not in self.watch.jobs:  # a target such as `all`
            return []
        if kind == "job_info":
            return self.watch.started(number, now)
        if kind == "job_finished":
            return self.watch.finished(number, now)
        code = self._exit_codes.pop(threading.get_ident(), "")
        return self.watch.failed(number, now, how_it_ended(str(told["rule_msg"] or ""), code))

    def _tick(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            with self._printing:
                if self.watch is not None and not self._ended.is_set():
                    self._print(self.watch.tick(time.time()))

    def _print(self, lines: Collection[str]) -> None:
        with reader_may_leave():
            # Names and errors come from data: nothing of them acts on the terminal.
            for line in (part for text in lines for part in text.split("\n")):
                self.stream.write(f"{escape(line)}\n")
            self.stream.flush()


def reader_may_leave() -> contextlib.suppress:
    """Return what lets a run go on that nobody reads any more, as in `... | head`.

    An error here would stop the callback of a job's end, and Snakemake would wait for it for ever.
    """
    return contextlib.suppress(BrokenPipeError)


def how_it_ended(message: str, code: str) -> str:
    """Return what a job's log cannot say: that it was killed, and by whom.

    `message` is the executor's, `code` the exit code of the job's command as text.

    >>> how_it_ended("SLURM-job '7' failed, SLURM status is: 'TIMEOUT'.", "")
    'SLURM ended it: TIMEOUT'
    >>> how_it_ended("", "137")
    'killed (exit code 137: often for want of memory)'
    >>> how_it_ended("", "1")
    ''
    """
    if (status := STATUS.search(message)) and status[1] != "FAILED":
        return f"SLURM ended it: {status[1]}"
    if "submission failed" in message:
        return message
    if code == "137":
        return "killed (exit code 137: often for want of memory)"
    return f"exit code {code}" if code not in ("", "1") else ""


def take_console(logger: logging.Logger) -> RunConsole | None:
    """Put the console in the place of Snakemake's own; None if a plugin has that already."""
    for handler in list(logger.handlers):
        if handler.name == SNAKEMAKES and isinstance(handler, logging.StreamHandler):
            console = RunConsole(handler)
            logger.removeHandler(handler)
            logger.addHandler(console)
            return console
    return None


def width_of(stream: Any) -> int | None:
    """Return the width of a terminal; None of a file or a pipe, whose lines stay whole."""
    if not (hasattr(stream, "isatty") and stream.isatty()):
        return None
    return shutil.get_terminal_size((80, 24)).columns
