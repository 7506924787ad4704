"""Workers that judge completions while the device generates others: the grader's and LightEval's.

Each worker is a thread with a process of either kind. A completion that was judged is not judged
again: what is asked for later is there already, or is waited for.
"""

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from scripts.lib.evaluation.lighteval_judge import KeptJudge, Pair
from scripts.lib.grading.grader import Grader, Item, Verdict

Found = TypeVar("Found")
Both = tuple[Verdict, Verdict]  # lenient, strict


class Judges:
    """The grader's two verdicts on each completion, and LightEval's."""

    def __init__(self, workers: int, timeout: float) -> None:
        """Make the workers, before any thread or device; `timeout` is the grader's, in seconds."""
        self._all = [(Grader(timeout), KeptJudge()) for _ in range(workers)]
        self._idle: queue.SimpleQueue[tuple[Grader, KeptJudge]] = queue.SimpleQueue()
        for one in self._all:
            self._idle.put(one)
        self._threads = ThreadPoolExecutor(workers)
        self._graded: dict[Item, Future[Both]] = {}
        self._matched: dict[Pair, Future[bool | None]] = {}

    def close(self) -> None:
        """End the workers; what has not begun is not judged."""
        self._threads.shutdown(cancel_futures=True)
        for grader, judge in self._all:
            grader.close()
            judge.close()

    def grade(self, items: Sequence[Item]) -> list[Both]:
        """Return the grader's verdicts, in order."""
        return [future.result() for future in [self.graded(item) for item in items]]

    def match(self, pairs: Sequence[Pair]) -> list[bool | None]:
        """Return LightEval's verdicts, in order; None where it came to none."""
        return [future.result() for future in [self.matched(pair) for pair in pairs]]

    def graded(self, item: Item) -> Future[Both]:
        """Have a completion judged by the grader, if it was not."""
        if item not in self._graded:
            self._graded[item] = self._submit(lambda grader, _: grader.grade_both(item))
        return self._graded[item]

    def matched(self, pair: Pair) -> Future[bool | None]:
        """Have a completion judged by LightEval, if it was not."""
        if pair not in self._matched:
            self._matched[pair] = self._submit(lambda _, judge: judge.verdict(pair))
        return self._matched[pair]

    def _submit(self, work: Callable[[Grader, KeptJudge], Found]) -> Future[Found]:
        def run() -> Found:
            one = self._idle.get()
            try:
                return work(*one)
            finally:
                self._idle.put(one)

        return self._threads.submit(run)
