"""A study's price: the time of every job by the cost model, corrected by what was measured."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.lib.dag.jobs import Job
from scripts.lib.dag.targets import targets
from scripts.lib.price.costs import ON_DEVICE, Costs
from scripts.lib.price.measured import Seconds, kind_of, measured_seconds, off_by
from scripts.lib.price.walk import Dag, dag_of
from scripts.lib.study.cells import Study


@dataclass(frozen=True)
class Price:
    """A study's jobs with their times in seconds, and how these are printed."""

    study: Study
    dag: Dag
    model: Costs  # of the likely case
    predicted: Seconds  # by the model alone
    low: Seconds
    likely: Seconds
    high: Seconds
    measured: int  # jobs whose time was measured
    slots: int  # devices that work side by side

    @property
    def device(self) -> str:
        """Return the kind of the device: GPU or CPU."""
        return "CPU" if self.study.config["costs"]["device"] == "cpu" else "GPU"

    @property
    def unit(self) -> str:
        """Return what device time is counted in."""
        return f"{self.device}-{'minutes' if self.device == 'CPU' else 'hours'}"

    def count(self, seconds: float) -> str:
        """Return a device time as a number of units."""
        return f"{seconds / (60 if self.device == 'CPU' else 3600):.1f}"

    def on_device(self, jobs: Iterable[Job]) -> list[Job]:
        """Return the jobs that are paid for: with a GPU those that use it, else all of them."""
        return [job for job in jobs if self.device == "CPU" or job.rule in ON_DEVICE]

    def total(self, jobs: Iterable[Job], seconds: Seconds | None = None) -> float:
        """Return the device time of jobs in seconds."""
        return sum((seconds or self.likely)[job] for job in self.on_device(jobs))


def price_of(
    study: Study,
    results: Path,
    tokens_per_pass: Mapping[str, int] = {},
    slots: int | None = None,
) -> Price:
    """Return a study's price: the model's, corrected by the measurements of this and other runs.

    `tokens_per_pass` says how many tokens a pass of a cell's training may have, where not as usual,
    `slots` how many devices work side by side, if not as many as the config says.
    """
    dag = dag_of(study, targets(study)["all"])
    cases = [
        Costs(study, share, results, tokens_per_pass)
        for share in study.config["costs"]["never_stop"]
    ]
    predicted = [{job: case.seconds(job) for job in dag} for case in cases]
    folders = [results / study.name, *map(Path, study.config["costs"]["measured"])]
    measured = measured_seconds(study, dag, folders)
    factors = off_by(study, predicted[1], measured)

    def corrected(seconds: Seconds) -> Seconds:
        return {
            job: measured.get(job, value * factors.get(kind_of(study, job), 1.0))
            for job, value in seconds.items()
        }

    low, likely, high = map(corrected, predicted)
    return Price(
        study,
        dag,
        cases[1],
        predicted[1],
        low,
        likely,
        high,
        len(measured),
        slots or study.config["costs"]["slots"],
    )
