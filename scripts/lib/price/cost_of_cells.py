"""What a study's cells took, from the rows of costs.csv: by stage, by chain of stages, in all.

Times are hours of devices: GPU-hours, or CPU-hours where no job used a GPU. What a job did not
measure is missing, and so is every sum that it is a part of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scripts.lib.price.measured import TRAININGS
from scripts.lib.study.cells import parent_of, stages_of

MEANS = ("wall_hours", "hours", "tokens_trained", "tokens_generated", "joules")


@dataclass(frozen=True)
class Spent:
    """A study's jobs: `rows` as in costs.csv, with `hours` of the device and `wall_hours`."""

    rows: pd.DataFrame
    device: str  # GPU or CPU: what `hours` are hours of

    @property
    def trainings(self) -> pd.DataFrame:
        """Return the rows of the trainings."""
        return self.rows[self.rows["rule"].isin(TRAININGS)]

    def stages(self) -> pd.DataFrame:
        """Return what each cell's last stage took, by cell: per seed, but for memory the most."""
        return _per_seed(self.trainings)

    def evaluations(self) -> pd.DataFrame:
        """Return what each cell's evaluation took, by cell, likewise."""
        return _per_seed(self.rows[self.rows["rule"] == "evaluate"])

    def hours_of(self, *rules: str) -> float:
        """Return the hours of all jobs of some rules; NaN if one was not measured."""
        hours = self.rows.loc[self.rows["rule"].isin(rules), "hours"]
        return float(hours.astype(float).sum(skipna=False))

    def joules(self) -> float:
        """Return the energy of all jobs; NaN if one was not measured."""
        return float(self.rows["joules"].astype(float).sum(skipna=False))

    def saved_hours(self, cells: Sequence[str]) -> float:
        """Return what it saved that cells share the trainings of their common prefixes.

        It is the hours that the cells would have taken had each trained all of its stages itself,
        minus those that were spent.
        """
        alone = sum(
            chain_hours(rows.set_index("cell")["hours"].to_dict(), cell)
            for _, rows in self.trainings.groupby("seed")
            for cell in cells
        )
        # Two sums of the same times differ in their last bits: that is nothing.
        return round(alone - self.hours_of(*TRAININGS), 9)


def spent(frame: pd.DataFrame) -> Spent:
    """Return the jobs of costs.csv in hours of the device that the study used."""
    device = "GPU" if (frame["gpus"] > 0).any() else "CPU"
    hours = {"hours": frame[f"{device.lower()}_hours"], "wall_hours": frame["wall_seconds"] / 3600}
    return Spent(frame.assign(**hours), device)


def _per_seed(rows: pd.DataFrame) -> pd.DataFrame:
    by_cell = rows.groupby("cell", sort=False)
    means = by_cell[list(MEANS)].agg(lambda values: values.mean(skipna=False))
    most = by_cell["peak_memory_bytes"].agg(lambda values: values.max(skipna=False))
    return means.join(most)


def chain_hours(hours: Mapping[str, float], cell: str) -> float:
    """Return the hours of all stages of a cell, from {cell: hours of its last stage}.

    0 for an untrained model; NaN if a stage was not measured.

    >>> chain_hours({"m+a": 1.0, "m+a+b": 2.0}, "m+a+b")
    3.0
    """
    if not stages_of(cell):
        return 0.0
    return hours.get(cell, float("nan")) + chain_hours(hours, parent_of(cell) or "")


def mean_accuracy(
    cells: Mapping[tuple[str, str], dict], cell: str, benchmarks: Sequence[str]
) -> float:
    """Return a cell's accuracy, the mean over benchmarks; NaN where one is missing.

    `cells` is {(cell, benchmark): record}, as score_cell writes them.
    """
    found = [cells.get((cell, name), {}).get("accuracy") for name in benchmarks]
    return float(np.mean(np.array(found, dtype=float)))  # None becomes NaN


def cells_frame(settings: Mapping, costs: Spent, cells: Mapping) -> pd.DataFrame:
    """Return one row per cell of the sections in `settings`: its costs, its accuracy and its gain.

    The gain is that over the model that the last stage started from.
    """
    stages, evaluations = costs.stages(), costs.evaluations()
    hours = stages["hours"].to_dict()
    names = [benchmark["name"] for benchmark in settings["benchmarks"]]
    rows: dict[str, dict] = {}
    for section in settings["sections"]:
        for line in section["rows"]:
            cell, parent = line["cell"], parent_of(line["cell"])
            accuracy = mean_accuracy(cells, cell, names)
            gain = accuracy - mean_accuracy(cells, parent, names) if parent else float("nan")
            rows.setdefault(cell, {
                "section": section["section"],
                "cell": cell,
                "label": line["label"],
                "stages": line["stages"],
                "device": costs.device,
                **(stages.loc[cell].to_dict() if cell in stages.index else {}),
                "chain_hours": chain_hours(hours, cell),
                "evaluation_hours": evaluations["wall_hours"].get(cell),
                "accuracy": accuracy,
                "gain": gain,
                "gain_per_hour": gain / (hours.get(cell) or float("nan")),
            })  # fmt: skip
    columns = [
        "section",
        "cell",
        "label",
        "stages",
        "device",
        *MEANS,
        "peak_memory_bytes",
        "chain_hours",
    ]
    columns += ["evaluation_hours", "accuracy", "gain", "gain_per_hour"]
    return pd.DataFrame(rows.values(), columns=columns)


def pareto_front(points: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that no other beats: in order of `chain_hours`, each with more `accuracy`.

    Rows without one of the two are left out.
    """
    known = points.dropna(subset=["chain_hours", "accuracy"])
    ordered = known.sort_values(["chain_hours", "accuracy"], ascending=[True, False])
    best = ordered["accuracy"].astype(float).cummax().shift(fill_value=float("-inf"))
    return ordered[ordered["accuracy"] > best]
