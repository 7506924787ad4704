"""A number's chain as lines for a terminal, and as data."""

from collections.abc import Callable, Sequence
from typing import Any

from scripts.lib.trace.links import Link

Again = Callable[[str], str]  # the command that makes a file of the study

HEADS = {
    "number": "The number",
    "evaluations": "Its evaluations",
    "collapse": "Evaluations in which a collapse is looked for",
    "models": "Models",
    "data": "Data",
}


def as_data(links: Sequence[Link], again: Again) -> list[dict[str, Any]]:
    """Return one object per job of the chain."""
    return [
        {"part": link.part, "rule": link.job.rule, **link.job.wildcards, **facts_of(link, again)}
        for link in links
    ]


def facts_of(link: Link, again: Again) -> dict[str, Any]:
    """Return what is said of a job: where it is, what it is made from, by which code, and how."""
    record, job = link.record, link.job
    facts = {
        "record": job.outputs["record"],
        "state": link.state,
        "key": record.get("key"),
        "planned key": None if record.get("key") == job.key else job.key,
        "made from": list(dict.fromkeys(file.path for file in job.input_files())),
        "source": link.source,
        "commit": record.get("git_commit"),
        "code": record.get("code_fingerprint"),
        "engines": record.get("engines"),
        "finished": record.get("finished"),
        "device": record.get("device"),
        "versions": record.get("versions"),
        "again": again(job.outputs.get("cell", job.outputs["record"])),
    }
    return {name: fact for name, fact in facts.items() if fact}


def chain_lines(links: Sequence[Link], again: Again) -> list[str]:
    """Return the chain in parts, from the number down to where its data enters the study.

    The versions of the first run are said once, and again only where another run has others.
    """
    named = (link.record["versions"] for link in links if link.record.get("versions"))
    versions: dict[str, str] = next(named, {})
    lines = head_lines(links)
    if versions:
        lines.append(f"versions: {_texts(versions)[0]}; of every job that names no others")
    for part, head in HEADS.items():
        of_part = [link for link in links if link.part == part]
        lines += ["", f"{head}:"] if of_part else []
        for link in of_part:
            if part == "collapse":
                lines.append(f"  {link.job.outputs['record']}: {link.state}")
            else:
                lines += ["", *link_lines(link, again, versions)]
    return lines


def head_lines(links: Sequence[Link]) -> list[str]:
    """Return the number with its interval, and how much of its chain is current."""
    number = links[0]
    wildcards = number.job.wildcards
    lines = [f"{wildcards['cell']} on {wildcards['task']}: {spell_number(number.record)}"]
    stale = [link for link in links if link.state != "current"]
    lines.append(f"{len(links)} jobs in its chain, {len(links) - len(stale)} of them current")
    return lines + [f"  {link.job.outputs['record']}: {link.state}" for link in stale]


def spell_number(cell: dict[str, Any]) -> str:
    """Return a table cell's accuracy in percent with its interval.

    >>> spell_number({"accuracy": 0.54, "interval": [0.5, 0.58], "status": "ok"})
    '54.0% [50.0, 58.0]'
    >>> spell_number({"accuracy": None, "status": "collapsed"}), spell_number({})
    ('no number, collapsed', 'not made')
    """
    if not cell:
        return "not made"
    if cell["accuracy"] is None:
        return f"no number, {cell['status']}"
    low, high = cell["interval"]
    mark = "" if cell["status"] == "ok" else f", {cell['status']}"
    return f"{100 * cell['accuracy']:.1f}% [{100 * low:.1f}, {100 * high:.1f}]{mark}"


def link_lines(link: Link, again: Again, versions: dict[str, str]) -> list[str]:
    """Return a job's rule and names, and a line per fact; without versions that are these."""
    names = (f"{name} {value}" for name, value in link.job.wildcards.items())
    lines = [f"{link.job.rule}, {', '.join(names)}"]
    for name, fact in facts_of(link, again).items():
        if name == "versions" and fact == versions:
            continue
        heads = [name, *[""] * len(_texts(fact))]
        lines += [f"  {head:<11}  {text}" for head, text in zip(heads, _texts(fact), strict=False)]
    return lines


def _texts(fact: Any) -> list[str]:
    """Return a fact as lines: a path each, or names with what belongs to them on one."""
    if isinstance(fact, dict):
        return [", ".join(f"{name} {value}" for name, value in fact.items())]
    return [str(item) for item in fact] if isinstance(fact, list) else [str(fact)]
