"""Conclusions in words: a sentence per pair of cells, for all benchmarks with the same word."""

from collections.abc import Iterable, Mapping
from typing import Any

from scripts.lib.scores.conclusions import DEPENDS


def sentences(
    rows: Iterable[Mapping[str, Any]], labels: Mapping[str, str], benchmarks: Mapping[str, str]
) -> list[str]:
    """Return a sentence for each pair of cells in rows of conclusions.csv, in their order.

    A difference is told by its lowest and highest value over the prompts, in points; one that
    depends on the prompt also by its change between two of them.
    """
    told: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        low, high = (100 * float(row[end]) for end in ("lowest", "highest"))
        text = f"{benchmarks[row['benchmark']]} {low:+.1f} to {high:+.1f}"
        if row["conclusion"] == DEPENDS:
            between = " and ".join(row["change_between"].split(", "))
            text += f" ({between} differ by {100 * float(row['change']):+.1f})"
        told.setdefault((row["cell"], row["other"]), []).append(text)
    return [
        f"{labels[cell]} against {labels[other]}: {', '.join(texts)} points"
        for (cell, other), texts in told.items()
    ]
