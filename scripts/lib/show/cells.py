"""All cells of a study as lines for a terminal: accuracies, and the problems that most miss."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.lib.console import align
from scripts.lib.files import read_json
from scripts.lib.show.inert import GOLD_WIDTH, clip, escape
from scripts.lib.show.lines import with_last
from scripts.lib.show.problems import Problem
from scripts.lib.study.cells import Study

NOTHING = "-"  # not scored yet, or without a number


def cell_lines(folder: Path, study: Study) -> list[str]:
    """Return a line per cell: its status and accuracies in percent; then why cells collapsed."""
    benchmarks = study.benchmarks()
    grid, reasons = [], []
    for cell in study.cells():
        paths = {name: folder / "cells" / cell / f"{name}.json" for name in benchmarks}
        records = {name: read_json(path) for name, path in paths.items() if path.is_file()}
        statuses = {record["status"] for record in records.values()}
        status = "collapsed" if "collapsed" in statuses else "ok" if statuses else "not yet"
        grid.append([cell, status, *(_percent(records.get(name)) for name in benchmarks)])
        reasons += [
            f"{cell} seed {run['seed']}: {escape(run['reason'])}"
            for run in _collapsed_runs(records)
        ]
    prompt = study.main_prompt()
    told = reasons or ["No cell that is scored has collapsed."]
    head = f"accuracy in percent under the prompt {prompt}; python -m scripts.show CELL BENCHMARK"
    return [head, "", *align([["cell", "status", *benchmarks], *grid]), "", *told]


def _percent(record: Mapping[str, Any] | None) -> str:
    number = record["accuracy"] if record else None
    return NOTHING if number is None else f"{100 * number:.1f}"


def _collapsed_runs(records: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the runs of a cell that collapsed, each once although every benchmark names it."""
    runs = (run for record in records.values() for run in record["runs"])
    return list({run["seed"]: run for run in runs if run["status"] == "collapsed"}.values())


def hardest_lines(found: Mapping[str, Sequence[Problem]], width: int) -> list[str]:
    """Return a line per problem, the seldomest right over all cells first, and who is right."""
    by_problem: dict[str, dict[str, Problem]] = {}
    for cell, problems in found.items():
        for problem in problems:
            by_problem.setdefault(problem.id, {})[cell] = problem
    ordered = sorted(by_problem.items(), key=lambda entry: _share(entry[1]))
    grid = []
    for name, cells in ordered:
        right_of = (
            sum(of.right for of in cells.values()),
            sum(len(of.rows) for of in cells.values()),
        )
        gold = next(iter(cells.values())).gold
        grid.append([escape(name), "{}/{}".format(*right_of), clip(gold, GOLD_WIDTH)])
    right = [[cell for cell, of in cells.items() if of.right] for _, cells in ordered]
    head = ["problem", "right", "gold", "cells that have it right"]
    return with_last(head, grid, [", ".join(names) or NOTHING for names in right], width)


def _share(cells: Mapping[str, Problem]) -> float:
    return sum(of.share for of in cells.values()) / len(cells)
