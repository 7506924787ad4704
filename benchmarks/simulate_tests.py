"""Simulate whole studies, and count how often the tests of a family and the intervals are wrong.

    python -m benchmarks.simulate_tests                               prints the tables
    python -m benchmarks.simulate_tests --output docs/statistics.md   puts them between its marks

The families, pairs, seeds and samples are those of config.yaml. A verdict is right with probability
expit(level + problem + seed), problem being normal with a standard deviation of 2 logits and the
same for all cells; seed is normal, drawn for every training and benchmark; an untrained model's
runs have none. `level` is moved where a cell is truly better than its parent. The sign-flip test of
runs is taken by its normal approximation, the other tests are the study's own.
"""

import argparse
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from scipy.special import expit, stdtr

from scripts.lib.dag.score import families_of
from scripts.lib.files import write_text
from scripts.lib.scores.families import benjamini_hochberg, holm
from scripts.lib.scores.intervals import accuracy_interval, same_problems_interval
from scripts.lib.scores.methods import Contrast, compare_methods, contrast, joined
from scripts.lib.study.cells import Study, parent_of
from scripts.lib.study.validation import validated_study

ROOT = Path(__file__).parents[1]
PROBLEMS = {"olympiadbench": 675, "math500": 500, "minerva": 272, "amc23": 40, "gsm8k": 1319}
# ASSUME: about those of a model of 0.5B parameters; they decide how large p (1 - p) is.
ACCURACY = {"olympiadbench": 0.08, "math500": 0.33, "minerva": 0.08, "amc23": 0.10, "gsm8k": 0.45}
DIFFICULTY = 2.0  # logits, standard deviation over problems
BATCH = 40  # studies that are drawn at once
LEVEL = 0.05
MARKS = "<!-- simulated by benchmarks/simulate_tests.py -->", "<!-- end of what is simulated -->"


class Scenario(NamedTuple):
    """What is true in the simulated studies."""

    name: str
    lowest: float  # each cell's seed effect is drawn between these, in logits
    highest: float
    points: float = 0.0  # of accuracy, by which half of the cells are better than their parents
    shared: bool = False  # one effect of a seed for all benchmarks
    own: float = 0.0  # logits: how much each problem is easier or harder for one cell than another


NULLS = [
    Scenario(".05", 0.05, 0.05),
    Scenario(".10", 0.10, 0.10),
    Scenario(".15", 0.15, 0.15),
    Scenario(".25", 0.25, 0.25),
    Scenario(".15, one for all benchmarks", 0.15, 0.15, shared=True),
    Scenario(".15, each cell has problems of its own (.5)", 0.15, 0.15, own=0.5),
    Scenario(".05 to .25, by cell", 0.05, 0.25),
    Scenario(".00 to .40, by cell", 0.00, 0.40),
]
POWERS = [Scenario(f"{points}", 0.15, 0.15, points / 100) for points in (3, 5, 10)]


class Family(NamedTuple):
    """The pairs of a family as indices of cells, by how they are paired."""

    against: str
    groups: list[tuple[str, np.ndarray, np.ndarray]]  # pairing, cells, others


def under_one_prompt(study: Study) -> list[dict[str, Any]]:
    """Return the families under the tables' prompt; those under others have the same pairs."""
    return [f for f in families_of(study) if f["prompts"] == study.main_prompt()]


def families(study: Study, cells: list[str]) -> list[Family]:
    """Return the families of a study; within each, its pairs are ordered by their pairing."""
    found = []
    for family in under_one_prompt(study):
        groups = []
        for pairing in dict.fromkeys(pair[2] for pair in family["pairs"]):
            pairs = [pair for pair in family["pairs"] if pair[2] == pairing]
            ours, theirs = (np.array([cells.index(p[side]) for p in pairs]) for side in (0, 1))
            groups.append((pairing, ours, theirs))
        found.append(Family(family["against"], groups))
    return found


def level_of(accuracy: float) -> float:
    """Return the level in logits at which problems are right with this mean probability."""
    points, weights = np.polynomial.hermite_e.hermegauss(61)
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        share = float(weights @ expit(middle + DIFFICULTY * points)) / math.sqrt(2 * math.pi)
        low, high = (middle, high) if share < accuracy else (low, middle)
    return middle


def draw(
    rng: np.random.Generator,
    levels: np.ndarray,
    own: float,
    problems: int,
    samples: int,
) -> np.ndarray:
    """Return means of verdicts (studies, cells, seeds, problems) from levels in logits.

    `levels` is (studies, cells, seeds); `own` is the spread of a cell's own problems.
    """
    studies, cells, _ = levels.shape
    difficulty = DIFFICULTY * rng.normal(size=(studies, 1, 1, problems))
    difficulty = difficulty + own * rng.normal(size=(studies, cells, 1, problems))
    shares = expit((levels[..., None] + difficulty).astype(np.float32))
    right = np.zeros(shares.shape, dtype=np.float32)
    for _ in range(samples):
        right += rng.random(shares.shape, dtype=np.float32) < shares
    return right.astype(float) / samples


def flip_p_values(differences: np.ndarray) -> np.ndarray:
    """Return sign-flip p-values of differences (..., problems), by the normal approximation."""
    size = np.sqrt(np.sum(differences**2, axis=-1))
    z = np.abs(differences.sum(axis=-1)) / np.where(size > 0, size, 1.0)
    return 2 * stdtr(math.inf, -z)


def two_way_p_values(c: Contrast) -> np.ndarray:
    """Return the p-values of the two-way random effects t test, which drops what it cannot see."""
    seeds, between, within = c.weight * c.seeds, c.between, c.within
    kept = np.stack([seeds > within, between > within], axis=0).astype(float)
    parts = np.stack([kept[0] * seeds, kept[1] * between, (1 - kept.sum(axis=0)) * within])
    freedoms = np.stack([c.seeds_freedom, c.problems - 1, c.within_freedom])
    total = parts.sum(axis=0)
    freedom = total**2 / np.sum(parts**2 / freedoms, axis=0)
    return 2 * stdtr(freedom, -np.abs(c.difference) / np.sqrt(total / c.problems))


def seeds_p_values(c: Contrast) -> np.ndarray:
    """Return the p-values of Student's t on the seeds' differences alone."""
    error = np.sqrt(c.weight * c.seeds / c.problems)
    return 2 * stdtr(c.seeds_freedom, -np.abs(c.difference) / np.where(error > 0, error, 1.0))


def simulate(study: Study, scenario: Scenario, studies: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield each study's p-values: {family: {test: (benchmarks, comparisons)}}, and the truth.

    `better` says which comparisons with a parent are no null: (comparisons,).
    """
    cells, seeds = cells_of(study), len(study.seeds())
    groups = families(study, cells)
    untrained = np.array([parent_of(cell) is None for cell in cells])
    rng = np.random.default_rng(seed)
    for start in range(0, studies, BATCH):
        size = min(BATCH, studies - start)
        effects = rng.uniform(scenario.lowest, scenario.highest, size=(size, len(cells)))
        effects[:, untrained] = 0
        better = rng.random((size, len(cells))) < (0.5 if scenario.points else 0.0)
        better &= ~untrained
        steps = np.zeros((size, len(cells)), dtype=int)
        for index, cell in enumerate(cells):
            if (parent := parent_of(cell)) is not None:
                steps[:, index] = steps[:, cells.index(parent)] + better[:, index]
        shape = (size, len(cells), seeds)
        common = rng.normal(size=shape)
        found: list[list[dict[str, Any]]] = []
        for name in study.benchmarks():
            accuracies = ACCURACY[name] + scenario.points * np.arange(steps.max() + 1)
            grid = np.array([level_of(accuracy) for accuracy in accuracies])
            drawn = common if scenario.shared else rng.normal(size=shape)
            levels = grid[steps][..., None] + drawn * effects[..., None]
            samples = study.config["benchmarks"][name]["num_samples"]
            means = draw(rng, levels, scenario.own, PROBLEMS[name], samples)
            found.append(p_values(means, groups))
        for index in range(size):
            tests = {
                family.against: {
                    test: np.stack([by_study[index][family.against][test] for by_study in found])
                    for test in found[0][index][family.against]
                }
                for family in groups
            }
            order = np.concatenate([ours for _, ours, _ in groups[0].groups])
            yield {"tests": tests, "better": better[index][order]}


def p_values(means: np.ndarray, groups: list[Family]) -> list[dict[str, Any]]:
    """Return every study's p-values on one benchmark: [{family: {test: (comparisons,)}}]."""
    found: list[dict[str, Any]] = [{} for _ in means]
    for family in groups:
        parts = [(means[:, ours], means[:, theirs], p) for p, ours, theirs in family.groups]
        c = joined([contrast(*part) for part in parts])  # type: ignore[arg-type]
        runs = np.concatenate(
            [flip_p_values(a.mean(axis=-2) - b.mean(axis=-2)) for a, b, _ in parts], axis=-1
        )
        others = {"runs": runs, "two-way": two_way_p_values(c), "seeds": seeds_p_values(c)}
        for index, study in enumerate(found):
            one = Contrast(*(field[index] for field in c))
            tests = {name: p[index] for name, p in others.items()}
            study[family.against] = {"method": compare_methods(one).p_value, **tests}
    return found


def cells_of(study: Study) -> list[str]:
    """Return the cells that stand in a family, parents before children."""
    named = {n for family in under_one_prompt(study) for pair in family["pairs"] for n in pair[:2]}
    return sorted((cell for cell in study.cells() if cell in named), key=lambda c: c.count("+"))


def marks(p_values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what Holm and what Benjamini and Hochberg mark of a family, each as its p-values."""
    flat = p_values.ravel().tolist()
    both = (np.array(adjust(flat)) <= LEVEL for adjust in (holm, benjamini_hochberg))
    by_holm, by_bh = (marked.reshape(p_values.shape) for marked in both)
    return by_holm, by_bh


def share(value: float) -> str:
    """Return a share as `.05`, or `1.0`."""
    return "1.0" if value > 0.995 else f"{value:.2f}"[1:]


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def level_row(study: Study, scenario: Scenario, studies: int, seed: int) -> list[str]:
    """Return how often a family of nulls has any mark, by family and by test."""
    against = [family["against"] for family in under_one_prompt(study)]
    counts: dict[tuple[str, str, str], int] = {}
    for found in simulate(study, scenario, studies, seed):
        for family, tests in found["tests"].items():
            for test, p in tests.items():
                for how, marked in zip(("holm", "bh"), marks(p), strict=True):
                    key = family, test, how
                    counts[key] = counts.get(key, 0) + bool(marked.any())
    columns = [(name, "method", "holm") for name in against]
    columns += [("parent", "method", "bh")]
    columns += [("parent", test, "holm") for test in ("seeds", "two-way", "runs")]
    return [scenario.name, *(share(counts[column] / studies) for column in columns)]


def power_row(study: Study, scenario: Scenario, studies: int, seed: int) -> list[str]:
    """Return what is found of true differences from a parent, and the share of false marks."""
    names = study.benchmarks()
    found_holm, found_bh, found_seeds = (np.zeros(len(names)) for _ in range(3))
    differences, false = 0, 0.0
    for found in simulate(study, scenario, studies, seed):
        better = found["better"]
        by_holm, by_bh = marks(found["tests"]["parent"]["method"])
        differences += int(better.sum())
        found_holm += by_holm[:, better].sum(axis=1)
        found_bh += by_bh[:, better].sum(axis=1)
        found_seeds += marks(found["tests"]["parent"]["seeds"])[0][:, better].sum(axis=1)
        false += by_bh[:, ~better].sum() / max(1, by_bh.sum())
    means = [float(np.mean(kind)) / differences for kind in (found_bh, found_holm, found_seeds)]
    each = [share(value / differences) for value in found_bh]
    return [scenario.name, *map(share, means), share(false / studies), *each]


def coverage_row(study: Study, name: str, draws: int, seed: int) -> list[str]:
    """Return how often both 95% intervals of a cell hold the truth, for some effects of a seed.

    The truth is the mean over trainings: over all problems for one interval, and over the problems
    drawn for the other.
    """
    rng = np.random.default_rng(seed)
    samples, level = study.config["benchmarks"][name]["num_samples"], level_of(ACCURACY[name])
    points, weights = np.polynomial.hermite_e.hermegauss(31)
    weights = weights / weights.sum()
    shares = []
    for effect in (0.05, 0.15, 0.25):
        seeds = (level + effect * points)[:, None]
        everywhere = float(weights @ expit(seeds + DIFFICULTY * points) @ weights)
        like_these, these = 0, 0
        for _ in range(draws):
            difficulty = DIFFICULTY * rng.normal(size=PROBLEMS[name])
            here = float(weights @ expit(seeds + difficulty).mean(axis=1))
            trained = level + effect * rng.normal(size=(len(study.seeds()), 1))
            means = rng.binomial(samples, expit(trained + difficulty)) / samples
            low, high, _ = accuracy_interval(means, samples)
            like_these += low <= everywhere <= high
            if same := same_problems_interval(means, samples):
                these += same.low <= here <= same.high
        shares += [share(like_these / draws), share(these / draws)]
    return [study.config["benchmarks"][name]["label"], *shares]


def report(study: Study, studies: int, seed: int) -> str:
    """Return the tables as Markdown."""
    names = [study.config["benchmarks"][name]["label"] for name in study.benchmarks()]
    sizes = {f["against"]: len(f["pairs"]) * len(names) for f in under_one_prompt(study)}
    levels = [level_row(study, s, studies, seed + n) for n, s in enumerate(NULLS)]
    powers = [power_row(study, s, studies, seed + 100 + n) for n, s in enumerate(POWERS)]
    head = ["seed effect"]
    head += [f"method, {against} ({size})" for against, size in sizes.items()]
    head += ["method, parent, BH", "t over seeds", "two-way t", "runs"]
    power_head = ["points", "BH", "Holm", "t over seeds", "FDR of BH"]
    power_head += [f"BH, {name}" for name in names]
    return "\n\n".join(
        [
            f"Share of {studies:,} simulated studies in which a family without any true difference "
            "gets a mark (by Holm, where no other is named); in brackets a family's size, the last "
            "three columns are of the family `parent`:",
            table(head, levels),
            f"Share of true differences from a parent that are found, in {studies:,} studies with "
            "a seed effect of .15 where half of the cells differ; FDR is the share of false marks:",
            table(power_head, powers),
            coverage_report(study, 2 * studies, seed + 200),
        ]
    )


def coverage_report(study: Study, draws: int, seed: int) -> str:
    """Return the table of the intervals' coverage as Markdown."""
    kinds = [f"{kind}, {effect}" for effect in (".05", ".15", ".25") for kind in ("like", "same")]
    rows = [coverage_row(study, name, draws, seed + n) for n, name in enumerate(study.benchmarks())]
    return (
        f"Share of {draws:,} cells whose 95% interval holds the true accuracy, for problems like "
        "these (like) and for these very problems (same), by seed effect:\n\n"
        + table(["benchmark", *kinds], rows)
    )


def main() -> None:
    """Print the tables, or put them into a page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=1000, help="how many for each line")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", type=Path, default=ROOT / "config.yaml")
    parser.add_argument("--output", type=Path, help="a page with the two marks")
    args = parser.parse_args()
    started = time.monotonic()
    study = validated_study(yaml.safe_load(args.config.read_text(encoding="utf-8")), [])
    text = report(study, args.studies, args.seed)
    print(text)
    print(f"\n{time.monotonic() - started:.0f} s")
    if args.output:
        page = args.output.read_text(encoding="utf-8")
        before, _, rest = page.partition(MARKS[0])
        after = rest.partition(MARKS[1])[2]
        write_text(args.output, f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}")


if __name__ == "__main__":
    main()
