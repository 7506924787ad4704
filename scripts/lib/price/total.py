"""A study's price: the time of every job by the cost model, corrected by what was measured."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.lib.dag.jobs import Job
from scripts.lib.dag.targets import targets
from scripts.lib.price.costs import ON_DEVICE, Costs
from scripts.lib.price.measured import (
    SMOKE,
    Seconds,
    kind_of,
    measured_seconds,
    off_by,
    smoke_speeds,
)
from scripts.lib.price.walk import Dag, dag_of
from scripts.lib.smoke.plan import smoke_model
from scripts.lib.study.cells import Study


@dataclass(frozen=True)
class Price:
    """A study's jobs with their times in seconds, and how these are printed."""

    study: Study
    dag: Dag
    models: tuple[Costs, Costs, Costs]  # of the low, the likely and the high case
    predicted: Seconds  # by the model alone, in the likely case
    low: Seconds
    likely: Seconds
    high: Seconds
    measured: int  # jobs whose time was measured
    tried: bool  # whether the smoke test's speeds are in it
    slots: int  # devices that work side by side

    @property
    def model(self) -> Costs:
        """Return the model of the likely case."""
        return self.models[1]

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

    def parts(self) -> list[tuple[str, float, float, float]]:
        """Return what device time is spent on: a name, and the seconds, likely, low and high.

        The parts are the model's; each job's are corrected as its whole time is.
        """
        order: dict[str, list[float]] = {}
        for job in self.on_device(self.dag):
            for case, seconds in enumerate((self.low, self.likely, self.high)):
                found = self.models[case].parts(job)
                factor = seconds[job] / (sum(found.values()) or 1.0)
                for part, value in found.items():
                    order.setdefault(part, [0.0, 0.0, 0.0])[case] += value * factor
        rows = [(part, likely, low, high) for part, (low, likely, high) in order.items()]
        return sorted(rows, key=lambda row: -row[1])

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
    low, likely, high = study.config["costs"]["never_stop"]
    cases = (
        Costs(study, low, results, tokens_per_pass),
        Costs(study, likely, results, tokens_per_pass),
        Costs(study, high, results, tokens_per_pass),
    )
    predicted = [{job: case.seconds(job) for job in dag} for case in cases]
    folders = [results / study.name, *map(Path, study.config["costs"]["measured"])]
    measured = measured_seconds(study, dag, folders)
    factors = off_by(study, predicted[1], measured)
    device = study.config["costs"]["device"]
    tried = smoke_speeds(results / study.name / SMOKE, device, smoke_model(study))

    def corrected(seconds: Seconds) -> Seconds:
        return {
            job: measured.get(
                job, value * factors.get(kind_of(study, job), tried.get(job.rule, 1.0))
            )
            for job, value in seconds.items()
        }

    cheap, usual, dear = map(corrected, predicted)
    return Price(
        study,
        dag,
        cases,
        predicted[1],
        cheap,
        usual,
        dear,
        len(measured),
        bool(tried),
        slots or study.config["costs"]["slots"],
    )
