"""The console of a run: what Snakemake tells of its jobs becomes a few lines.

One line per job that ends, one where a long one starts, now and then how far the long ones are.
Nothing here prints or knows Snakemake: times come in, lines come out.
"""

import textwrap
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.lib.price.spelling import spell
from scripts.lib.progress.forecast import Forecast, Running
from scripts.lib.progress.logs import Reported, last_report, reason_of, tail

LONG_SECONDS = 60  # what is expected to take longer is announced when it starts
REPORTS_AT_ONCE = 2  # of running jobs
HEAD = "Time     Done     Left Job"
INDENT = " " * 23


@dataclass(frozen=True)
class RunJob:
    """A job of a run: how it is called, its log, and whether it is submitted to a cluster.

    `steps`: what it reports are its steps, which are of no interest once it is done.
    """

    name: str
    log: Path | None = None
    submitted: bool = False
    steps: bool = False


@dataclass
class Failure:
    """A job that failed: after how many seconds, why in one line, and its log."""

    job: RunJob
    seconds: float
    why: str


@dataclass
class Watch:
    """What is known of a run's jobs, by their numbers. `now` is always the time in seconds.

    Without a `forecast` jobs are counted, and no time is said.
    """

    jobs: Mapping[int, RunJob]
    forecast: Forecast | None
    began: float
    width: int | None = None  # of the terminal; None: lines are not wrapped
    running: dict[int, float] = field(default_factory=dict)  # since when
    queued: dict[int, float] = field(default_factory=dict)  # submitted, and when
    done: dict[int, float] = field(default_factory=dict)  # in how many seconds
    failures: dict[int, Failure] = field(default_factory=dict)
    shown: dict[int, tuple[float, str]] = field(default_factory=dict)  # the last report, and when
    reported: float = 0.0  # when reports were last shown

    # ---------------------------------------------------------------------------------- events

    def started(self, number: int, now: float) -> list[str]:
        """Return the line of a long job that starts; of a submitted one none yet."""
        self.failures.pop(number, None)
        if self.jobs[number].submitted:
            self.queued[number] = now
            return []
        self.running[number] = now
        return self._line(now, "start", self.jobs[number].name) if self._long(number) else []

    def finished(self, number: int, now: float) -> list[str]:
        """Return the lines of a job that is done."""
        job, log = self.jobs[number], self._log(number)
        since = self.running.pop(number, self.queued.pop(number, now))
        self.done[number] = now - since
        lines = self._line(now, "done", f"{job.name}, {spell(self.done[number])}")
        found = last_report(log)
        if found and (not job.steps or "collapsed" in found.text):
            lines += self._indented(found.text)  # a warning, or where a file is
        return lines

    def failed(self, number: int, now: float, said: str = "") -> list[str]:
        """Return the lines of a job that failed; `said` is what the cluster or the shell told."""
        job, log = self.jobs[number], self._log(number)
        since = self.running.pop(number, self.queued.pop(number, now))
        reported = last_report(log)
        told = reason_of(log) or (reported.text if reported else "")
        why = "; ".join(filter(None, [said, told])) or "its log does not say why"
        failure = self.failures[number] = Failure(job, now - since, why)
        return self._line(now, "FAIL", f"{job.name}, {spell(now - since)}") + self._of(failure)

    def again(self, number: int, now: float) -> list[str]:
        """Return the line of a failed job that is tried again."""
        self.failures.pop(number, None)
        return self._line(now, "again", self.jobs[number].name)

    def tick(self, now: float) -> list[str]:
        """Return what is new of running jobs, at most a few lines, and the seldomer the longer."""
        lines = []
        for number, since in list(self.queued.items()):
            if self._log_is_since(number, since):
                del self.queued[number]
                self.running[number] = now
                if self._long(number):
                    lines += self._line(now, "start", self.jobs[number].name)
        if now - max(self.reported, self.began) < max(60.0, (now - self.began) / 8):
            return lines
        self.reported = now
        news = {
            number: found.text
            for number in self.running
            if (found := self._report(number)) and found.text != self.shown.get(number, (0, ""))[1]
        }
        for number in sorted(news, key=lambda n: self.shown.get(n, (0.0, ""))[0]):
            if len(lines) >= REPORTS_AT_ONCE:
                break
            self.shown[number] = now, news[number]
            name = self.jobs[number].name
            told = news[number] if news[number].startswith(name) else f"{name}: {news[number]}"
            lines += self._line(now, "at", told)
        if self.queued:
            waiting = f"{len(self.queued)} wait in the queue"
            lines += self._line(now, "", f"{len(self.running)} jobs run, {waiting}")
        return lines

    def end(self, now: float, command: str) -> list[str]:
        """Return the last lines of a run: how long it took or, of failures, what to do about them.

        `command` is what was typed.
        """
        took = spell(now - self.began)
        if not self.failures:
            return [f"{counted(len(self.done), 'job')} done in {took}."]
        lost = self.forecast.after(self.failures) - set(self.failures) if self.forecast else set()
        lines = [
            "",
            f"{counted(len(self.failures), 'job')} failed, {len(self.done)} done in {took}.",
        ]
        if lost:
            lines += [f"{counted(len(lost), 'job')} did not run, for want of their files."]
        for failure in self.failures.values():
            lines += ["", failure.job.name, *self._of(failure, "  ")]
        return [
            *lines,
            "",
            "docs/troubleshooting.md lists messages and cures. Then type again:",
            f"  {command}",
            "What is done is not done again.",
        ]

    # --------------------------------------------------------------------------------- the rest

    def _line(self, now: float, state: str, text: str) -> list[str]:
        clock = time.strftime("%H:%M:%S", time.localtime(now))
        if self.forecast is None:
            done, left = f"{len(self.done)}/{len(self.jobs)}", ""
        else:
            share, seconds = self.forecast.share_and_seconds_left(
                self.done, self._at_work(now), self.failures
            )
            # 100% is for the end, when nothing is left.
            done = f"{min(int(100 * share), 99 if seconds else 100)}%"
            left = spell(seconds)
        return self._folded(f"{clock} {done:>4} {left:>8} {state:<5} {text}", INDENT + " " * 6)

    def _of(self, failure: Failure, indent: str = INDENT) -> list[str]:
        log = [str(failure.job.log)] if failure.job.log else []
        return [
            line
            for name, texts in (("why", [failure.why]), ("log", log))
            for text in texts
            for line in self._folded(f"{indent}{name}   {text}", f"{indent}      ")
        ]

    def _indented(self, text: str) -> list[str]:
        return self._folded(f"{INDENT}      {text}", f"{INDENT}      ")

    def _folded(self, line: str, indent: str) -> list[str]:
        return fold(line, self.width, indent)

    def _at_work(self, now: float) -> dict[int, Running]:
        work = {}
        for number, since in self.running.items():
            found = self._report(number)
            work[number] = Running(now - since, found.share if found else None)
        return work

    def _report(self, number: int) -> Reported | None:
        return last_report(self._log(number))

    def _log(self, number: int) -> str:
        """Return the end of a job's log, unless it is of an earlier run."""
        log, since = self.jobs[number].log, self.running.get(number, self.queued.get(number, 0.0))
        return tail(log) if log and self._log_is_since(number, since) else ""

    def _log_is_since(self, number: int, since: float) -> bool:
        log = self.jobs[number].log
        # File systems keep times less exactly than clocks.
        return log is not None and log.exists() and log.stat().st_mtime > since - 2

    def _long(self, number: int) -> bool:
        if self.forecast is None:
            return False
        return self.forecast.expected(self.done)[number] >= LONG_SECONDS


def fold(line: str, width: int | None, indent: str = "") -> list[str]:
    """Return a line as several of at most `width` characters; words stay whole.

    >>> fold("one two three", 8, "  ")
    ['one two', '  three']
    """
    if width is None or len(line) <= width:
        return [line]
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "job"), counted(2, "job")
    ('1 job', '2 jobs')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"
