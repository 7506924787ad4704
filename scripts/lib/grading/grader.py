"""The one grader: (benchmark, gold, completion) -> (correct, extracted, status).

`grade` judges one completion in this process, without a time limit. `Grader` judges many in a
persistent worker process that is ended at the limit and replaced: use it for anything that a model
has written.

Status is "ok" (compared), "no_answer" (nothing to extract), "unparsable" (an answer that cannot be
read by value: wrong) or "timeout" (the limit of time or memory: wrong, and counted apart).
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MODES = ("lenient", "strict")
LONGEST_EXTRACT = 1000
GRACE = 20.0  # seconds beyond the limit, for a worker that answers
STARTING = 600.0  # seconds to load sympy, on a busy machine or a slow disk

Item = tuple[str, str, str]


@dataclass(frozen=True)
class Verdict:
    """What the grader says about one completion."""

    correct: bool
    extracted: str | None
    status: str


def grade(benchmark: str, gold: str, completion: str, mode: str = "lenient") -> Verdict:
    """Judge one completion in this process; `gold` is the final answer, never a data set's row.

    `benchmark` says which rules hold: their names, or that of a known set (`rules_named`).
    """
    check_mode(mode)
    # sympy takes a second to load: only where judging happens, not with `Grader`
    from scripts.lib.grading import extraction, prose, scalars

    def agree(first: str, second: str) -> bool:
        try:
            return _equivalent(benchmark, first, second)
        except scalars.UNREADABLE:
            return False

    extracted = None
    try:
        extracted = extraction.extract(completion, mode, agree)
        if extracted is None:
            return Verdict(False, None, "no_answer")
        expected = prose.reduce_prose(gold)
        correct, status = _equivalent(benchmark, expected, extracted), "ok"
    except MemoryError:
        correct, status = False, "timeout"
    except scalars.UNREADABLE:
        correct, status = False, "unparsable"
    return Verdict(correct, extracted and extracted[:LONGEST_EXTRACT], status)


@functools.lru_cache(maxsize=64)
def _equivalent(benchmark: str, first: str, second: str) -> bool:
    """Compare once what both modes find in a completion."""
    from scripts.lib.grading import comparison

    return comparison.equivalent(benchmark, first, second)


def check_mode(mode: str) -> None:
    """Refuse a mode that is none."""
    if mode not in MODES:
        raise ValueError(f"mode {mode!r}: must be one of {', '.join(MODES)}")


class Grader:
    """Judge completions in a killable worker process; works from any thread and after a fork."""

    def __init__(self, timeout: float = 5.0):
        self._timeout = timeout
        self._start()

    def _start(self) -> None:
        self._process = os.getpid()
        self._worker = _Worker(self._timeout)

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def grade_many(self, items: Sequence[Item], mode: str = "lenient") -> list[Verdict]:
        """Return one verdict per item, in order."""
        check_mode(mode)
        if os.getpid() != self._process:
            self._start()  # forked: the parent's pipes are not ours
        return self._worker.grade(items, mode)

    def grade_both(self, item: Item) -> tuple[Verdict, Verdict]:
        """Return the lenient and the strict verdict on one item."""
        (lenient,), (strict,) = (self.grade_many([item], mode) for mode in MODES)
        return lenient, strict

    def close(self) -> None:
        """End the worker process."""
        if os.getpid() == self._process:
            self._worker.close()


class _Worker:
    """One judging process, started at first use; see worker.py for its side."""

    def __init__(self, timeout: float):
        self.timeout = timeout
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.answered = False  # has this process ever?

    def grade(self, items: Sequence[Item], mode: str) -> list[Verdict]:
        with self.lock:
            return [self._judge(item, mode) for item in items]

    def _judge(self, item: Item, mode: str) -> Verdict:
        request = json.dumps([*item, mode]).encode() + b"\n"
        for attempt in (1, 2):
            process = self._running()
            try:
                to_worker, from_worker = _pipes(process)
                to_worker.write(request)
                to_worker.flush()
                reply = self._reply(from_worker)
            except BrokenPipeError:
                reply = b""
            if reply.endswith(b"\n"):
                self.answered = True
                return Verdict(*json.loads(reply))
            self.close()  # the worker itself is gone: once may be an accident from outside
            if attempt == 2:
                break
        raise RuntimeError("the grading worker died twice on one item; see its messages above")

    def _reply(self, pipe: IO[bytes]) -> bytes:
        reply, limit = b"", self.timeout + (GRACE if self.answered else STARTING)
        while not reply.endswith(b"\n"):
            ready, _, _ = select.select([pipe], [], [], limit)
            piece = os.read(pipe.fileno(), 65536) if ready else b""
            if not piece:
                return b""
            reply += piece
        return reply

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.process.poll() is not None:
            root = str(Path(__file__).resolve().parents[3])
            path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scripts.lib.grading.worker", str(self.timeout)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            )
            self.answered = False
            atexit.register(self.close)
        return self.process

    def close(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in _pipes(process):
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """Return the pipe to a worker and the one from it."""
    assert process.stdin is not None and process.stdout is not None
    return process.stdin, process.stdout
