"""One line now and then for the person who watches the run."""

import os
import sys
import time


def report(text: str) -> None:
    """Print a time-stamped line on the console, or on stderr where a script runs by hand.

    The Snakefile keeps the console open as the file descriptor named in PROGRESS_FD, because the
    rest of a job's output goes to its log.
    """
    line = f"[{time.strftime('%H:%M:%S')}] {text}\n"
    descriptor = int(os.environ.get("PROGRESS_FD", sys.stderr.fileno()))
    os.write(descriptor, line.encode())
