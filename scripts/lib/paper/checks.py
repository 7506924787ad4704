"""What can be wrong in paper/claims.yaml, said before the first job."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.lib.console import nearest
from scripts.lib.paper.claims import Claim
from scripts.lib.paper.expressions import parse
from scripts.lib.paper.printed import Printed, printed_numbers
from scripts.lib.paper.tree import names_of

NEEDED = {"id", "section", "claim", "test"}
KNOWN = NEEDED | {"referent", "not_testable", "note"}


def require_valid_claims(
    path: Path,
    found: dict[str, Any],
    reported: Sequence[Mapping[str, str]],
    sizes: Mapping[str, int],
) -> None:
    """Exit with a list of all mistakes in the claims: the claim's id, the position in its test.

    A test may name the cells, benchmarks and tables that the paper prints; `sizes` are those of its
    benchmarks, in problems.
    """
    printed = printed_numbers(reported, sizes)
    texts = [f"{path}: {text}" for text in mistakes(found, printed)]
    if texts:
        raise SystemExit("\n".join(["The paper's claims have mistakes:", *texts]))


def mistakes(found: dict[str, Any], printed: Printed) -> Iterator[str]:
    """Yield every mistake in the claims."""
    cells = printed.cells
    for name in printed.benchmarks:
        if name not in printed.problems:
            yield f"{name}: paper/benchmarks.csv must give its number of problems"
    for group, members in found["groups"].items():
        for cell in members if isinstance(members, list) else [members]:
            if cell not in cells:
                yield f"groups: {group}: unknown cell {cell!r}{nearest(str(cell), cells)}"
    ids: set[str] = set()
    for number, claim in enumerate(found["claims"], 1):
        if not isinstance(claim, dict) or not isinstance(claim.get("id"), str):
            yield f"claim number {number}: must have an `id`"
            continue
        if claim["id"] in ids:
            yield f"{claim['id']}: a claim before it has this id"
        ids.add(claim["id"])
        for text in _claim_mistakes(claim, (*cells, *found["groups"]), printed):
            yield f"{claim['id']}: {text}"


def _claim_mistakes(claim: Claim, cells: tuple[str, ...], printed: Printed) -> Iterator[str]:
    for key in sorted(NEEDED - claim.keys()):
        yield f"{key} is missing"
    for key in sorted(claim.keys() - KNOWN):
        yield f"unknown key {key!r}{nearest(key, KNOWN)}"
    for key in sorted(claim.keys() & KNOWN - {"test"}):
        if not isinstance(claim[key], str):
            yield f"{key}: must be text; put it in quotation marks"
    if "test" not in claim:
        return
    if claim["test"] is None:
        if "not_testable" not in claim:
            yield "test: null needs the reason as `not_testable`"
    elif "not_testable" in claim:
        yield "has a test and the reason why it has none; delete one of the two"
    else:
        yield from _test_mistakes(str(claim["test"]), cells, printed)


def _test_mistakes(text: str, cells: tuple[str, ...], printed: Printed) -> Iterator[str]:
    try:
        tree = parse(text)
    except ValueError as error:
        yield f"test: {error}"
        return
    named_cells, named_benchmarks = names_of(tree)
    for name in named_cells:
        cell, at, table = name.partition("@")
        if cell not in cells:
            yield f"test: {_place(text, name)}: unknown cell {cell!r}{nearest(cell, cells)}"
        if at and table not in printed.tables:
            near = nearest(table, printed.tables)
            yield f"test: {_place(text, name)}: unknown table {table!r}{near}"
    for name in named_benchmarks:
        if name not in printed.benchmarks:
            near = nearest(name, printed.benchmarks)
            yield f"test: {_place(text, name)}: unknown benchmark {name!r}{near}"


def _place(text: str, name: str) -> str:
    """Return where a name stands in a test for the first time."""
    found = re.search(rf"(?<![\w.+@-]){re.escape(name)}(?![\w.+@-])", text)
    return f"position {found.start() + 1}" if found else "its names"
