"""How long a DAG takes on so many devices, and its critical path."""

import heapq
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def longest_ahead(
    dag: Mapping[Node, Sequence[Node]], seconds: Mapping[Node, float]
) -> dict[Node, float]:
    """Return for each job the longest time from its start to the end of the DAG.

    A job stands after those that it waits for, in the DAG's order.
    """
    ahead = dict(seconds)
    for job in reversed(list(dag)):
        for before in dag[job]:
            ahead[before] = max(ahead[before], seconds[before] + ahead[job])
    return ahead


def critical_path(dag: Mapping[Node, Sequence[Node]], seconds: Mapping[Node, float]) -> list[Node]:
    """Return the chain of jobs that takes longest: no number of devices is faster than it."""
    ahead = longest_ahead(dag, seconds)
    after: dict[Node, list[Node]] = {job: [] for job in dag}
    for job, waits_for in dag.items():
        for before in waits_for:
            after[before].append(job)
    path: list[Node] = []
    starts = [job for job in dag if not dag[job]]
    while starts:
        path.append(max(starts, key=ahead.__getitem__))
        starts = after[path[-1]]
    return path


def wall_time(
    dag: Mapping[Node, Sequence[Node]], seconds: Mapping[Node, float], slots: int
) -> float:
    """Return the time of a DAG whose jobs take one of `slots` each, the longest way ahead first.

    >>> wall_time({"a": [], "b": [], "c": ["a"]}, {"a": 1.0, "b": 2.0, "c": 2.0}, slots=1)
    5.0
    >>> wall_time({"a": [], "b": [], "c": ["a"]}, {"a": 1.0, "b": 2.0, "c": 2.0}, slots=2)
    3.0
    """
    ahead = longest_ahead(dag, seconds)
    order = {job: number for number, job in enumerate(dag)}
    waiting = {job: len(waits_for) for job, waits_for in dag.items()}
    after: dict[Node, list[Node]] = {job: [] for job in dag}
    for job, waits_for in dag.items():
        for before in waits_for:
            after[before].append(job)
    ready = [(-ahead[job], order[job], job) for job in dag if not waiting[job]]
    heapq.heapify(ready)
    running: list[tuple[float, int, Node]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < slots:
            _, number, job = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[job], number, job))
        now, _, done = heapq.heappop(running)
        for job in after[done]:
            waiting[job] -= 1
            if not waiting[job]:
                heapq.heappush(ready, (-ahead[job], order[job], job))
    return now
