"""The problems of a benchmark as a cell solved them: which to list, and how two cells differ."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from statistics import fmean
from typing import NamedTuple

from scripts.lib.evaluation.finished import Row

COLUMNS = (
    "problem",
    "sample",
    "gold",
    "extracted",
    "correct",
    "status",
    "lighteval_correct",
    "tokens",
    "finish_reason",
)

# What can be said of a completion; where LightEval came to no verdict, the two differ.
KINDS: dict[str, Callable[[Row], bool]] = {
    "right": lambda row: row["correct"],
    "wrong": lambda row: not row["correct"],
    "cut off": lambda row: row["finish_reason"] == "length",
    "unreadable": lambda row: row["status"] != "ok",
    "verdicts differ": lambda row: row["correct"] is not row["lighteval_correct"],
}


class Problem(NamedTuple):
    """One problem and all completions of it, over seeds and samples."""

    id: str
    gold: str
    rows: list[Row]

    @property
    def right(self) -> int:
        """Return how many completions are right."""
        return sum(row["correct"] for row in self.rows)

    @property
    def share(self) -> float:
        """Return the share of right completions."""
        return self.right / len(self.rows)

    @property
    def lighteval(self) -> int:
        """Return how many completions LightEval judges right."""
        return sum(row["lighteval_correct"] is True for row in self.rows)

    @property
    def tokens(self) -> float:
        """Return the mean length of a completion in tokens."""
        return fmean(row["tokens"] for row in self.rows)

    @property
    def statuses(self) -> Counter[str]:
        """Return how many completions the grader left with each status, and how many are cut."""
        found = Counter(row["status"] for row in self.rows)
        cut = sum(map(KINDS["cut off"], self.rows))
        return found + Counter({"cut off": cut})

    @property
    def answers(self) -> Counter[str]:
        """Return how often each answer was found in the completions."""
        return Counter(row["extracted"] for row in self.rows if row["extracted"] is not None)


def group(rows: Sequence[Row]) -> list[Problem]:
    """Return the problems of completions, in the order of the benchmark."""
    by_problem: dict[str, list[Row]] = {}
    for row in rows:
        by_problem.setdefault(row["problem"], []).append(row)
    return [Problem(name, found[0]["gold"], found) for name, found in by_problem.items()]


def with_kinds(problems: Sequence[Problem], kinds: Collection[str]) -> list[Problem]:
    """Return the problems with at least one completion that is of all these kinds."""
    return [
        problem
        for problem in problems
        if any(all(KINDS[kind](row) for kind in kinds) for row in problem.rows)
    ]


ORDERS: dict[str, Callable[[Problem], float]] = {
    "benchmark": lambda problem: 0,
    "right": lambda problem: problem.share,
    "tokens": lambda problem: -problem.tokens,
}


def in_order(problems: Sequence[Problem], order: str) -> list[Problem]:
    """Return the problems in the benchmark's order, or the hardest or the longest first."""
    return sorted(problems, key=ORDERS[order])


class Pair(NamedTuple):
    """One problem under two cells."""

    ours: Problem
    theirs: Problem

    @property
    def gain(self) -> float:
        """Return by how much ours is right more often, as a share."""
        return self.ours.share - self.theirs.share


def pair(ours: Sequence[Problem], theirs: Sequence[Problem]) -> list[Pair]:
    """Return the problems that both cells have."""
    others = {problem.id: problem for problem in theirs}
    return [Pair(problem, others[problem.id]) for problem in ours if problem.id in others]


def won(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the problems that are right more often in ours, the largest gain first."""
    return sorted((p for p in pairs if p.gain > 0), key=lambda p: -p.gain)


def lost(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the problems that are right less often in ours, the largest loss first."""
    return sorted((p for p in pairs if p.gain < 0), key=lambda p: p.gain)
