"""A round: part of the mini study, disturbed, started again as a user would, and compared."""

import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.mains import Main
from tests.chaos.starts import STARTS, Start
from tests.rules.conftest import MINI, RUN
from tests.rules.slurm_cluster import Cluster
from tests.workflow import planned, snakemake

STARTS_AGAIN = 4


@dataclass(frozen=True)
class Machine:
    """Where jobs run: the options that Snakemake is given, and a cluster if it is one's."""

    options: tuple[str | Path, ...] = (*RUN[: RUN.index("--")], "--rerun-incomplete")
    cluster: Cluster | None = None


@dataclass
class Round:
    """What is drawn from a seed and a number, and what came of it."""

    study: Path  # an undisturbed mini study
    base: Path  # for all that this round writes
    seed: int
    number: int
    disturbance: str
    machine: Machine = field(default_factory=Machine)
    start_name: str = ""
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    starts: int = 0  # of Snakemake, those that were disturbed included
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.random = random.Random(f"{self.seed}/{self.number}")
        self.start_name = self.random.choice(sorted(STARTS))
        self.folder = self.base / "study"
        self.folders = [self.folder]
        self.mains: list[Main] = []

    @property
    def start(self) -> Start:
        return STARTS[self.start_name]

    def note(self, text: str) -> None:
        self.notes.append(text)

    def fail(self, text: str) -> None:
        self.failures.append(text)

    def clone(self) -> Path:
        """Return a second folder with the same beginning."""
        other = self.base / "clone"
        self.start.lay(self.study, other)
        self.folders.append(other)
        return other

    def arguments(self) -> list[str]:
        """Return what is typed behind `snakemake`."""
        return [*map(str, self.machine.options), "--", *self.start.arguments()]

    @property
    def cluster(self) -> Cluster:
        """Return the cluster that the jobs run on."""
        assert self.machine.cluster is not None
        return self.machine.cluster

    def main(self, folder: Path, **options) -> Main:
        """Start a Snakemake."""
        self.starts += 1
        self.mains.append(Main(folder, self.arguments(), **options))
        return self.mains[-1]

    def disturbed(self) -> Main:
        """Start a Snakemake and return it at a moment that is drawn, while its jobs run."""
        main = self.main(self.folder)
        logs = self.folder / "logs"
        while main.running() and not list(logs.rglob("*.log")):
            time.sleep(0.05)
        moment = (
            time.monotonic()
            - main.began
            + self.random.uniform(0, 0.6 * self.start.seconds(self.study))
        )
        if main.runs_until(moment):
            self.note(f"after {moment:.1f} s")
        else:
            self.note("too late: it had ended")
        return main

    def play(self, disturb: Callable[["Round"], None]) -> None:
        """Lay the start, disturb it, start again until it is made, compare."""
        began = time.monotonic()
        self.start.lay(self.study, self.folder)
        try:
            disturb(self)
            codes = ", ".join(str(main.process.returncode) for main in self.mains)
            self.note(f"ended with {codes}")
            for folder in self.folders:
                self.finish(folder)
        except RuntimeError as error:
            self.fail(str(error))
        finally:
            for main in self.mains:
                main.stop()
            if self.machine.cluster:
                self.machine.cluster.cancel(self.folder)
        for console in self.base.glob("*.console"):
            if "Traceback" in console.read_text():
                self.note(f"a traceback in {console.name}")
        self.seconds = time.monotonic() - began

    def finish(self, folder: Path) -> None:
        """Start again, as often as it takes; compare with the undisturbed study."""
        for _ in range(STARTS_AGAIN):
            unlock = snakemake("--cores", "1", *MINI, "--unlock", folder=folder)
            again = snakemake(*self.arguments(), folder=folder)
            self.starts += 1
            for run in (unlock, again):
                with folder.with_name(f"{folder.name}.console").open("a") as console:
                    console.write(run.stdout + run.stderr)
            if again.returncode == 0:
                break
            self.note(f"start {self.starts} ended with {again.returncode}")
            for main in self.mains:
                main.leaves_nothing()
        else:
            self.fail(f"not made after {STARTS_AGAIN} more starts")
            return
        for main in self.mains:
            main.leaves_nothing()
        self.failures += self.start.differences(self.study, folder)
        if jobs := planned(*self.arguments(), folder=folder):
            self.fail(f"a further start would run {jobs}")

    def __str__(self) -> str:
        """Say in one line what was drawn and what came of it."""
        told = f"{self.disturbance}, {self.start_name}"
        end = "; ".join([*self.notes, *(f"FAILED: {text}" for text in self.failures[:5])])
        return (
            f"round {self.number:2}  {'failed' if self.failures else 'ok'}  {told}: {end}"
            f" ({self.starts} starts, {self.seconds:.0f} s)"
        )


def draw(seed: int, rounds: int, disturbances: list[str]) -> list[str]:
    """Return the disturbance of each round: all of them in a drawn order, then all again."""
    order, generator = [], random.Random(seed)
    while len(order) < rounds:
        order += generator.sample(disturbances, len(disturbances))
    return order[:rounds]


def play_rounds(
    study: Path,
    base: Path,
    seed: int,
    numbers: list[int],
    disturbances: dict[str, Callable[[Round], None]],
    machine: Machine | None = None,
) -> list[Round]:
    """Play rounds by number (from 1), print a line on each; a failed one keeps its files."""
    played = []
    names = draw(seed, max(numbers), list(disturbances))
    for number in numbers:
        folder = base / f"round-{number}"
        folder.mkdir(parents=True)
        round_ = Round(study, folder, seed, number, names[number - 1], machine or Machine())
        round_.play(disturbances[round_.disturbance])
        print(round_, flush=True)
        played.append(round_)
        if not round_.failures:
            for place in [path for path in folder.iterdir() if path.is_dir()]:
                shutil.rmtree(place)  # what the consoles showed stays
    return played
