"""LightEval's own extractive match for one completion, under a limit that nothing outlasts.

LightEval limits its parsing by SIGALRM, which a long computation in C outlives; so it runs in a
process of its own, which is killed at a hard limit. Its verdict then counts as wrong, and the
record says how often.
"""

import atexit
import contextlib
import functools
import logging
import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection

from lighteval.metrics.dynamic_metrics import (
    ExprExtractionConfig,
    LatexExtractionConfig,
    MultilingualExtractiveMatchMetric,
)
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc

# LightEval's own limits are 5 seconds for each of its steps; this one is for their sum.
HARD_LIMIT_SECONDS = 20.0

# It would log every completion that it finds no answer in; they are all in the details.
logging.getLogger("lighteval.metrics.dynamic_metrics").setLevel(logging.ERROR)
# A forked process has LightEval imported already; importing it takes seconds.
FORK = multiprocessing.get_context("fork")

Pair = tuple[str, str]  # gold, completion


@functools.cache
def extractive_match() -> MultilingualExtractiveMatchMetric:
    """Return the match that LightEval's mathematics tasks use: a box wins over other results."""
    return MultilingualExtractiveMatchMetric(
        gold_extraction_target=(LatexExtractionConfig(),),
        pred_extraction_target=(
            ExprExtractionConfig(),
            LatexExtractionConfig(boxed_match_priority=0),
        ),
        precision=5,
    )


def _matches(gold: str, text: str) -> bool:
    """Return LightEval's verdict; a gold is wrapped as LaTeX, bare it may parse to a part."""
    doc = Doc(query="", choices=[f"${gold}$"], gold_index=0)
    return extractive_match().compute(doc, ModelResponse(text=[text])) == 1.0


@functools.cache
def _warm_up() -> None:
    """Compile LightEval's expressions once here, and not anew in every forked process."""
    _matches("1", r"\boxed{1}")


class Judge:
    """LightEval's verdicts, in a process that is replaced where it hangs or dies."""

    def __init__(self, limit: float = HARD_LIMIT_SECONDS) -> None:
        """Judge each completion for at most `limit` seconds."""
        _warm_up()
        self.limit = limit
        self.ours: Connection | None = None

    def verdict(self, pair: Pair) -> bool | None:
        """Return LightEval's verdict on a completion; None where it came to none.

        A process that was killed from outside says nothing of the completion: it is judged again.
        """
        for _ in range(2):
            if self.ours is None:
                self._start()
            assert self.ours is not None
            killed = False
            try:
                self.ours.send(pair)
                if self.ours.poll(self.limit):
                    return self.ours.recv()
            except (EOFError, OSError):
                self.process.join(1.0)
                killed = self.process.exitcode == -signal.SIGKILL
            self.close()
            if not killed:
                break
        return None

    def close(self) -> None:
        """End the process."""
        if self.ours is not None:
            self.process.kill()
            self.process.join()
            self.ours.close()
            self.ours = None

    def _start(self) -> None:
        self.ours, theirs = FORK.Pipe()
        self.process = FORK.Process(target=_answer, args=(theirs, self.ours, _verdict))
        self.process.start()
        theirs.close()


class KeptJudge:
    """A judge whose process is forked from one that was forked early.

    A process with threads, or with a GPU, cannot be forked safely: make this one before both.
    """

    def __init__(self, limit: float = HARD_LIMIT_SECONDS) -> None:
        """Fork the process that keeps the judge."""
        _warm_up()
        self.ours, theirs = FORK.Pipe()
        self.process = FORK.Process(target=_keep, args=(theirs, self.ours, limit))
        self.process.start()
        theirs.close()
        atexit.register(self.close)  # before multiprocessing waits for the process

    def verdict(self, pair: Pair) -> bool | None:
        """Return LightEval's verdict on a completion; None where it came to none."""
        self.ours.send(pair)
        return self.ours.recv()

    def close(self) -> None:
        """Let the process end: a closed connection alone may be open in a judge forked later."""
        with contextlib.suppress(OSError):
            self.ours.send(None)
        self.ours.close()
        self.process.join()
        atexit.unregister(self.close)


def judge(pairs: list[Pair], limit: float = HARD_LIMIT_SECONDS) -> list[bool | None]:
    """Return LightEval's verdict on each (gold, completion); None where it came to none."""
    one = Judge(limit)
    try:
        return [one.verdict(pair) for pair in pairs]
    finally:
        one.close()


def _verdict(pair: Pair) -> bool | None:
    """Return LightEval's verdict; None where it raises."""
    try:
        return _matches(*pair)
    except Exception:
        return None


def _keep(requests: Connection, asking: Connection, limit: float) -> None:
    one = Judge(limit)
    try:
        _answer(requests, asking, one.verdict)
    finally:
        one.close()


def _answer(
    requests: Connection, asking: Connection, verdict: Callable[[Pair], bool | None]
) -> None:
    """Answer until nobody asks; signals to the whole job are for who asks."""
    asking.close()  # inherited; with it open, the end of the asking process would go unnoticed
    for caught in (signal.SIGINT, signal.SIGTERM):
        signal.signal(caught, signal.SIG_IGN)
    while True:
        try:
            if (pair := requests.recv()) is None:
                return
            requests.send(verdict(pair))
        except (EOFError, OSError):
            return
