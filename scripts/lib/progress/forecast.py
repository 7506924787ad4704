"""How much of a run's work is done, and how long the rest will take.

Work is counted in predicted seconds of jobs (`plan`'s cost model), not in jobs: a training weighs
more than a table. What this run has measured so far corrects the prediction of what is left.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

from scripts.lib.price.schedule import wall_time

# So much of all work must be measured before it counts as much as the cost model itself does.
TRUST = 0.1


@dataclass(frozen=True)
class Running:
    """A job at work: for how many seconds, and which share of its own steps is done, if known."""

    seconds: float
    share: float | None = None


@dataclass(frozen=True)
class Forecast:
    """The jobs of a run by number: what each waits for, its predicted seconds, its kind.

    In `dag` a job stands after those that it waits for. Jobs of one kind are off by one factor.
    `slots` jobs work side by side.
    """

    dag: Mapping[int, Sequence[int]]
    predicted: Mapping[int, float]
    kinds: Mapping[int, Hashable]
    slots: int

    def expected(self, done: Mapping[int, float]) -> dict[int, float]:
        """Return the seconds of each job as `done`, {job: measured seconds}, corrects them."""
        sums: dict[Hashable, list[float]] = defaultdict(lambda: [0.0, 0.0])
        prior = TRUST * sum(self.predicted.values())
        everything = [prior, prior]
        for job, seconds in done.items():
            for pair in (sums[self.kinds[job]], everything):
                pair[0] += seconds
                pair[1] += self.predicted[job]
        factors = {kind: found / planned for kind, (found, planned) in sums.items() if planned}
        usual = everything[0] / everything[1] if everything[1] else 1.0
        return {
            job: done.get(job, seconds * factors.get(self.kinds[job], usual))
            for job, seconds in self.predicted.items()
        }

    def share_and_seconds_left(
        self,
        done: Mapping[int, float],
        running: Mapping[int, Running],
        failed: Collection[int] = (),
    ) -> tuple[float, float]:
        """Return the share of the work that is done, from 0 to 1, and the seconds that are left.

        What waits for a job that `failed` will not run, and is no work.
        """
        expected, lost = self.expected(done), self.after(failed)
        left = {
            job: remaining(seconds, running.get(job))
            for job, seconds in expected.items()
            if job not in done and job not in lost
        }
        dag = {job: [before for before in self.dag[job] if before in left] for job in left}
        finished = sum(done.values()) + sum(running[job].seconds for job in running if job in left)
        total = finished + sum(left.values())
        return finished / total if total else 1.0, wall_time(dag, left, self.slots)

    def after(self, jobs: Collection[int]) -> set[int]:
        """Return these jobs and all that wait for one of them."""
        found = set(jobs)
        for job, waits_for in self.dag.items():  # a job stands after those that it waits for
            if found.intersection(waits_for):
                found.add(job)
        return found


def remaining(expected: float, running: Running | None) -> float:
    """Return the seconds that a job still takes, by its own steps where it counts them.

    >>> remaining(100, None), remaining(100, Running(30)), remaining(100, Running(30, share=0.6))
    (100, 70, 20.0)
    """
    if running is None:
        return expected
    if running.share:
        return running.seconds * (1 - running.share) / running.share
    # What takes longer than expected is taken to be near its end.
    return max(expected - running.seconds, 0.1 * running.seconds)
