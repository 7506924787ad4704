"""What the report says of another run's archive, as a record: numbers, and short texts."""

from collections.abc import Mapping
from typing import Any

from scripts.lib.records import Record
from scripts.lib.runs.archived import Archived
from scripts.lib.runs.facts import facts_of, other_facts
from scripts.lib.runs.keys import compare_plans, own_reasons
from scripts.lib.runs.lines import MOST, WIDTH
from scripts.lib.runs.numbers import ONE_SIDE, Compared, compare_numbers
from scripts.lib.runs.plan import Plan
from scripts.lib.runs.regrading import RegradedRun
from scripts.lib.runs.side import Side
from scripts.lib.show.inert import clip

NAMED = ("torch", "transformers", "vllm", "trl", "peft", "lighteval")  # what numbers depend on most


def described(theirs: Archived) -> dict[str, Any]:
    """Return what an archive holds, and what its run was made with."""
    made = facts_of(theirs.side)
    versions = {name: clip(made[name], WIDTH) for name in NAMED if name in made}
    return {
        "study": theirs.side.root.name,
        "seeds": sorted({seed for _, seed, _ in theirs.side.evaluations}),
        "evaluations": len(theirs.side.evaluations),
        "table_cells": len(theirs.side.cells),
        "commit": clip(str(theirs.plan["commit"]), WIDTH),
        "engine": clip(made.get("engine", "not recorded"), WIDTH),
        "device": clip(made.get("device", "not recorded"), WIDTH),
        "versions": versions,
        "jobs": len(theirs.plan["jobs"]),
        "current": theirs.current,
    }


def compared(theirs: Archived, ours: Side, plan: Plan, judged: RegradedRun) -> dict[str, Any]:
    """Return how a run stands to ours: keys, what it was made with, verdicts, numbers.

    `plan` is that of the jobs behind our numbers.
    """
    keys = compare_plans(theirs.plan, plan)
    other = {record for records in keys.other.values() for record in records}
    reasons = [
        {
            "reason": clip(of.text, 2 * WIDTH),
            "rules": [clip(rule, WIDTH) for rule in of.rules],
            "jobs": len(of.records),
        }
        for of in own_reasons(keys)
    ]
    facts = other_facts(facts_of(theirs.side), facts_of(ours))
    names = ("name", "theirs", "ours")
    numbers = [_number(of) for of in compare_numbers(theirs.side, ours) if of.verdict != ONE_SIDE]
    return {
        "planned": {"same": len(keys.same), "other": len(other), "not_theirs": len(keys.here)},
        "reasons": reasons[:MOST],
        "reasons_left_out": max(0, len(reasons) - MOST),
        "differ": [
            dict(zip(names, (clip(text, WIDTH) for text in row), strict=True)) for row in facts
        ],
        "judged": {
            name: sum(getattr(of, name) for of in judged.evaluations.values())
            for name in ("completions", "lenient", "strict", "timeouts")
        },
        "not_of_their_completions": [clip(text, 2 * WIDTH) for text in judged.wrong[:MOST]],
        "numbers": numbers,
    }


def _number(of: Compared) -> Record:
    """Return a table cell of both runs."""
    assert of.here is not None
    return {
        "cell": of.cell[0],
        "task": of.cell[1],
        "theirs": _accuracy(of.there),
        "ours": _accuracy(of.here),
        "difference": of.difference,
        "interval": of.interval,
        "verdict": of.verdict,
    }


def _accuracy(record: Mapping[str, Any]) -> Record:
    """Return a table cell's accuracy with its interval and status, as numbers whatever it holds."""
    status = clip(str(record["status"]), WIDTH)
    if record["accuracy"] is None:
        return {"accuracy": None, "interval": None, "status": status}
    low, high = record["interval"]
    interval = [float(low), float(high)]
    return {"accuracy": float(record["accuracy"]), "interval": interval, "status": status}
