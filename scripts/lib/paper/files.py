"""The repository's files about the paper itself: what it prints, and its benchmarks' sizes.

Without pandas, which would slow down every start of Snakemake.
"""

from pathlib import Path

PAPER = Path(__file__).parents[3] / "paper"
AUDIT_TEMPLATE = "audit.template.md"
AUDIT_FILES = ("reported.csv", "benchmarks.csv", "public.csv", AUDIT_TEMPLATE)


def read_paper_file(name: str) -> str:
    """Return the text of a file in paper/; exit with an error if it is missing."""
    path = PAPER / name
    if not path.is_file():
        raise SystemExit(f"paper/{name} is missing; restore it: git checkout -- paper/{name}")
    return path.read_text(encoding="utf-8")
