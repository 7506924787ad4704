"""What a job's log tells those who watch: how far the job is, and why it failed."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

TAIL_BYTES = 65_536  # of a log; the logs of trainings grow to megabytes
REPORT = re.compile(r"^\[\d\d:\d\d:\d\d\] (.*)$", re.MULTILINE)  # as scripts/lib/console.py writes
COUNTED = re.compile(r"\bstep (\d+)/(\d+)\b")
VALUES = re.compile(r"^(\w[\w/]*=\S+ ?)+$")  # the values of a training's step
WARNING = re.compile(r"warning\b", re.IGNORECASE)
TRACEBACK = "Traceback (most recent call last):"


@dataclass(frozen=True)
class Reported:
    """The last line that a job reported, and the share of its steps that is done, if it says so."""

    text: str
    share: float | None


def tail(path: Path) -> str:
    """Return the end of a log; nothing if there is no log."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def last_report(log: str) -> Reported | None:
    """Return what a job last reported in its log, if it did.

    >>> last_report("[13:00:00] train_sft m+sft: step 12/48, loss 0.1\\nloss=0.1 step=13\\n")
    Reported(text='train_sft m+sft: step 12/48, loss 0.1', share=0.25)
    """
    found = REPORT.findall(log)
    if not found:
        return None
    counted = COUNTED.search(found[-1])
    done, of = map(int, counted.groups()) if counted else (0, 0)
    return Reported(found[-1], done / of if of else None)


def reason_of(log: str) -> str:
    """Return in one line why a job failed: the exception of a traceback, else the last line.

    Reports, values of steps and warnings are no reasons. Empty if the log says nothing.

    >>> reason_of("loss=1 step=1\\nresults/demo/x.csv: no such file; run its rule first\\n")
    'results/demo/x.csv: no such file; run its rule first'
    >>> reason_of("Traceback (most recent call last):\\n  File x\\nValueError: no\\n  a note\\n")
    'ValueError: no'
    """
    head, traceback, after = log.rpartition(TRACEBACK)
    if traceback:
        for line in after.splitlines():
            if line.strip() and not line[0].isspace():
                return line.strip()
    lines = [line.strip() for line in (after if not traceback else head).splitlines()]
    told = [
        line
        for line in lines
        if line and not (REPORT.match(line) or VALUES.match(line) or WARNING.search(line))
    ]
    return told[-1] if told else ""
