"""The grader's worker process: JSON lines ``[benchmark, gold, completion, mode]`` in, verdicts out.

This process loads sympy once and never judges. It forks a child that does, which the kernel ends
when an item's time is over (SIGALRM without a handler: nothing in the item can catch or outlast
it); a new child costs milliseconds. `Grader` starts it as a plain subprocess, so that it is safe
beside torch and threads.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import traceback
from typing import BinaryIO

from scripts.lib.grading import comparison, extraction  # noqa: F401  loaded once, for every child
from scripts.lib.grading.grader import grade

MEMORY = 3 * 1024**3


def main(timeout: float) -> None:
    """Answer every request line; a child that dies on one is replaced.

    One that was killed from outside, as for want of memory, says nothing of the item: once more.
    """
    for caught in (signal.SIGINT, signal.SIGTERM):  # the caller's to obey; it closes our input
        signal.signal(caught, signal.SIG_IGN)
    child: Child | None = None
    for line in sys.stdin.buffer:
        reply = b""
        for _ in range(2):
            child = child or Child(timeout)
            if reply := child.judge(line):
                break
            ended_by = child.bury()
            child = None
            if ended_by != signal.SIGKILL:
                break
        sys.stdout.buffer.write(reply or b'[false, null, "timeout"]\n')
        sys.stdout.buffer.flush()


class Child:
    """The forked process that judges."""

    def __init__(self, timeout: float):
        request_read, request_write = os.pipe()
        reply_read, reply_write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(request_write)
            os.close(reply_read)
            os.close(0)
            os.close(1)
            try:
                judge_all(os.fdopen(request_read, "rb"), os.fdopen(reply_write, "wb"), timeout)
            except BaseException:  # a defect of ours: seen on stderr, and the item is no silent 0
                traceback.print_exc()
            finally:
                os._exit(0)
        os.close(request_read)
        os.close(reply_write)
        self.requests = os.fdopen(request_write, "wb")
        self.replies = os.fdopen(reply_read, "rb")

    def judge(self, line: bytes) -> bytes:
        """Return the reply line, or nothing if the child did not live to write it."""
        try:
            self.requests.write(line)
            self.requests.flush()
        except BrokenPipeError:
            return b""
        reply = self.replies.readline()
        return reply if reply.endswith(b"\n") else b""

    def bury(self) -> int:
        """Close a dead child's pipes; return the signal that ended it, 0 if none did."""
        self.replies.close()
        with contextlib.suppress(BrokenPipeError):
            self.requests.close()
        return os.WTERMSIG(os.waitpid(self.pid, 0)[1])


def judge_all(requests: BinaryIO, replies: BinaryIO, timeout: float) -> None:
    """Judge every request under the limits; the kernel ends this process at the time limit."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ValueError, OSError):
        pass  # not every system has these limits; the time limit holds everywhere
    for line in requests:
        signal.setitimer(signal.ITIMER_REAL, timeout)
        benchmark, gold, completion, mode = json.loads(line)
        verdict = grade(benchmark, gold, completion, mode)
        reply = json.dumps([verdict.correct, verdict.extracted, verdict.status])
        signal.setitimer(signal.ITIMER_REAL, 0)
        replies.write(reply.encode() + b"\n")
        replies.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]))
