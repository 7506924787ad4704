"""What two runs were made with: engines, devices, versions of libraries, pinned packages."""

from collections.abc import Iterable

from scripts.lib.dag.environment import pins_in
from scripts.lib.records import Record
from scripts.lib.runs.side import Side

FACTS = (
    "engine",
    "device",
    "devices",
    "distributed",
    "platform",
    "processor",
    "cpu_capability",
    "git_commit",
)
ENVIRONMENTS = ("study", "data", "paper")


def facts_of(side: Side) -> dict[str, str]:
    """Return what the trainings and evaluations of a run recorded, several values with commas."""
    records = [*side.trainings.values(), *side.runs.values()]
    found = {name: _values(records, name) for name in FACTS}
    versions = [record["versions"] for record in records if record.get("versions")]
    for package in sorted({name for of_run in versions for name in of_run}):
        found[package] = _values(versions, package)
    return {name: values for name, values in found.items() if values}


def _values(records: Iterable[Record], name: str) -> str:
    found = {str(record[name]) for record in records if record.get(name) is not None}
    return ", ".join(sorted(found))


def other_facts(there: dict[str, str], here: dict[str, str]) -> list[list[str]]:
    """Return name, value there and value here of what differs."""
    names = dict.fromkeys([*there, *here])
    return [
        [name, there.get(name, "-"), here.get(name, "-")]
        for name in names
        if there.get(name) != here.get(name)
    ]


def other_pins(there: str, here: str) -> list[str]:
    """Return `package version, here version` of what two environment files pin otherwise."""
    first, second = pins_in(there), pins_in(here)
    return [
        f"{name} {first.get(name, 'not pinned')}, here {second.get(name, 'not pinned')}"
        for name in sorted({*first, *second})
        if first.get(name) != second.get(name)
    ]
