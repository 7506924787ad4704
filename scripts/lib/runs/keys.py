"""Two plans of a study side by side: which jobs have the same key, which have not, and why."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from scripts.lib.runs.plan import Plan

# What the key of a rule's jobs holds beside settings and inputs (dag/jobs.py).
RULE_FACTS = {
    "code": "its code",
    "command": "its command",
    "environment": "its pinned packages",
    "python": "Python's version",
    "files": "files that it reads",
}
INPUTS = "inputs alone"


class Keys(NamedTuple):
    """Records by what their jobs' keys are on the two sides; `other` by rule and reason."""

    same: list[str]
    other: dict[tuple[str, str], list[str]]
    there: list[str]  # on the other side alone
    here: list[str]  # on this side alone


def compare_plans(there: Plan, here: Plan) -> Keys:
    """Return how the jobs of another plan stand to those of this one."""
    both = [record for record in there["jobs"] if record in here["jobs"]]
    same = [r for r in both if there["jobs"][r]["key"] == here["jobs"][r]["key"]]
    other: dict[tuple[str, str], list[str]] = {}
    for record in both:
        if there["jobs"][record]["key"] != here["jobs"][record]["key"]:
            for reason in reasons(there, here, record):
                other.setdefault((there["jobs"][record]["rule"], reason), []).append(record)
    return Keys(
        same,
        other,
        [record for record in there["jobs"] if record not in here["jobs"]],
        [record for record in here["jobs"] if record not in there["jobs"]],
    )


class Reason(NamedTuple):
    """Why jobs have another key: the rules that it holds for, and the records of their jobs."""

    text: str
    rules: list[str]
    records: list[str]


def own_reasons(keys: Keys) -> list[Reason]:
    """Return why jobs have another key, but for those that differ by what they read alone."""
    found: dict[str, Reason] = {}
    for (rule, text), records in keys.other.items():
        if text != INPUTS:
            of = found.setdefault(text, Reason(text, [], []))
            of.rules.append(rule)
            of.records.extend(records)
    return list(found.values())


def reasons(there: Plan, here: Plan, record: str) -> list[str]:
    """Return why a job has another key: of its own, or by what it reads."""
    ours, theirs = here["jobs"][record], there["jobs"][record]
    if ours["rule"] != theirs["rule"]:
        return [f"it is made by {theirs['rule']}, here by {ours['rule']}"]
    shared = (there["rules"][theirs["rule"]], here["rules"][ours["rule"]])
    found = [
        text for name, text in RULE_FACTS.items() if shared[0].get(name) != shared[1].get(name)
    ]
    found += differences(*(of.get("shell", {}) for of in shared))
    found += differences(theirs["settings"], ours["settings"])
    if set(theirs["inputs"]) != set(ours["inputs"]):
        found.append("it reads other files")
    return found or [INPUTS]


def differences(there: Any, here: Any) -> list[str]:
    """Return a line per value that differs in two nested mappings, by its dotted name.

    >>> differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1.0, "c": 3}, "d": None})
    ['a.c: 2, here 3', 'd: nothing, here None']
    """
    first, second = flat(there), flat(here)
    return [
        f"{name}: {first.get(name, 'nothing')!s}, here {second.get(name, 'nothing')!s}"
        for name in dict.fromkeys([*first, *second])
        if name not in first or name not in second or first[name] != second[name]
    ]


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """Return the values of nested mappings by their dotted names; a list is one value."""
    if not isinstance(value, Mapping) or not value:
        return {name: value} if name else {}
    found: dict[str, Any] = {}
    for key, item in value.items():
        found |= flat(item, f"{name}.{key}" if name else str(key))
    return found
