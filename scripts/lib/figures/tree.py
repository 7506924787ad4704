"""The layout of a tree of cells: in which row each stands."""

from collections.abc import Iterable

from scripts.lib.study.cells import model_of, stages_of

BETWEEN = 0.5  # rows, between the trees of two untrained models


def tree_rows(cells: Iterable[str]) -> dict[str, float]:
    """Return the row of every cell and prefix, counted from 0: leaves in order, the rest between.

    A prefix stands in the middle of what is trained from it.

    >>> tree_rows(["m+a", "m+a+b", "m+c"])
    {'m+a+b': 0.0, 'm+a': 0.0, 'm+c': 1.0, 'm': 0.5}
    """
    children: dict[str, list[str]] = {}
    for cell in cells:
        names = [model_of(cell)]
        for stage in stages_of(cell):
            names.append(f"{names[-1]}+{stage}")
        for parent, child in zip(names, names[1:], strict=False):
            if child not in children.setdefault(parent, []):
                children[parent].append(child)
    rows: dict[str, float] = {}
    leaves = 0.0

    def place(name: str) -> None:
        nonlocal leaves
        for child in children.get(name, []):
            place(child)
        if below := [rows[child] for child in children.get(name, [])]:
            rows[name] = (below[0] + below[-1]) / 2
        else:
            rows[name] = leaves
            leaves += 1.0

    for root in dict.fromkeys(map(model_of, children)):
        place(root)
        leaves += BETWEEN
    return rows
