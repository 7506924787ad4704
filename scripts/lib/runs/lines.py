"""What a comparison of two runs says, as lines for a terminal."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from scripts.lib.console import align
from scripts.lib.runs.keys import Keys, own_reasons
from scripts.lib.runs.numbers import DIFFERS, IDENTICAL, SAME, Compared
from scripts.lib.runs.regrading import Regraded
from scripts.lib.runs.side import Place
from scripts.lib.runs.spelled import percent, spell, spell_difference
from scripts.lib.show.inert import clip

WIDTH = 76  # characters of a value
MOST = 40  # lines of a list
FEW = 3  # rules that are named


def limited(lines: list[str]) -> list[str]:
    """Return the first lines of a list, and how many more there are."""
    more = len(lines) - MOST
    return lines if more <= 0 else [*lines[:MOST], f"  ... and {more:,} more"]


def key_lines(keys: Keys) -> list[str]:
    """Return how many jobs have the same key, and why the others have not."""
    others = {record for records in keys.other.values() for record in records}
    lines = [
        f"{len(keys.same)} jobs have the same key, {len(others)} another; "
        f"{len(keys.there)} are theirs alone, {len(keys.here)} ours alone"
    ]
    own = own_reasons(keys)
    lines += limited(
        [
            f"  {_rules(of.rules)}, {len(of.records)} jobs, {of.records[0]}: "
            f"{clip(of.text, 2 * WIDTH)}"
            for of in own
        ]
    )
    if follow := len(others - {record for of in own for record in of.records}):
        lines.append(f"  {follow} jobs differ by what they read alone")
    return lines


def _rules(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= FEW else f"{len(names)} rules"


def fact_lines(facts: Iterable[list[str]], pins: Mapping[str, list[str]]) -> list[str]:
    """Return the facts and pins that differ."""
    grid = [[clip(text, WIDTH) for text in row] for row in facts]
    lines = (
        align([["", "theirs", "ours"], [""] * 3, *grid])
        if grid
        else ["engines, devices and versions are the same"]
    )
    for environment, other in pins.items():
        if other:
            lines.append(f"envs/{environment}.yaml pins {len(other)} packages otherwise:")
            lines += limited([f"  {clip(pin, WIDTH)}" for pin in other])
    return lines


def grading_lines(found: Mapping[Place, Regraded], wrong: list[str]) -> list[str]:
    """Return how many verdicts differ, where, and what the accuracy is then."""
    total = Counter[str]()
    for regraded in found.values():
        total.update(
            completions=regraded.completions,
            lenient=regraded.lenient,
            strict=regraded.strict,
            timeouts=regraded.timeouts,
        )
    lines = [
        f"{total['completions']:,} completions judged again: {total['lenient']:,} verdicts differ, "
        f"of the strict ones {total['strict']:,}; {total['timeouts']:,} ran into the time limit"
    ]
    lines += limited(
        [
            f"  {cell}, seed {seed}, {task}: {of.lenient} of {of.completions:,}, strict "
            f"{of.strict}; accuracy {percent(of.recorded)}, by this grader {percent(of.accuracy)}"
            for (cell, seed, task), of in found.items()
            if of.lenient or of.strict
        ]
    )
    if wrong:
        lines.append(f"{len(wrong)} numbers are not those of their completions:")
        lines += limited([f"  {clip(text, 2 * WIDTH)}" for text in wrong])
    return lines


def number_lines(compared: list[Compared]) -> list[str]:
    """Return every table cell of both runs, and how many are the same."""
    counts = Counter(of.verdict for of in compared)
    beside = sum(counts[verdict] for verdict in (IDENTICAL, SAME, DIFFERS))
    head = ["Cell", "Task", "theirs", "ours", "theirs - ours", ""]
    grid = [
        [
            *of.cell,
            spell(of.there),
            spell(of.here),
            spell_difference(of.difference, of.interval),
            of.verdict,
        ]
        for of in compared
    ]
    summary = ", ".join(f"{verdict} {count}" for verdict, count in counts.most_common())
    lines = [f"{len(compared)} table cells: {summary}"] if compared else ["no table cell"]
    if counts[DIFFERS]:
        lines.append(
            f"by chance alone about {0.05 * beside:.0f} of {beside} would differ, if nothing did"
        )
    return [*lines, "", *align([head, [""] * len(head), *grid])] if compared else lines


def paper_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Return what the paper prints of the run's cells, beside LightEval's verdicts on them."""
    if not rows:
        return ["the paper prints none of its cells"]
    head = ["Cell", "Benchmark", "theirs", "paper", "in the interval", "verdict"]
    grid = [
        [
            row["cell"],
            row["benchmark"],
            spell({"accuracy": row["accuracy"], "interval": [row["low"], row["high"]]}),
            percent(row["reported"]),
            "yes" if row["low"] <= row["reported"] <= row["high"] else "no",
            row["verdict"] or row["reason"],
        ]
        for row in rows
        if row["accuracy"] == row["accuracy"]  # no number is none
    ]
    within = sum(line[4] == "yes" for line in grid)
    summary = f"{within} of {len(grid)} printed numbers lie in the interval of theirs, by LightEval"
    return [summary, "", *align([head, [""] * len(head), *grid])]
