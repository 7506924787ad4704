"""Write the verdicts on the paper's own tables into a page: every claim, its test, what it says.

    python -m scripts.list_claims paper docs/claims.md

No rule of the DAG; `make docs` runs it, and a test compares the two.
"""

import argparse
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scripts.check_claims import checked_claims
from scripts.lib.files import write_text
from scripts.lib.paper.checks import require_valid_claims
from scripts.lib.paper.claim_tables import (
    PRINTED,
    Checked,
    counts_text,
    described,
    remarks,
    summary,
)
from scripts.lib.paper.claims import read_claims
from scripts.lib.paper.printed import Printed, printed_numbers, read_reported, read_sizes

LIST = re.compile(r"(?<=<!-- claims -->\n).*(?=<!-- end of claims -->)", re.DOTALL)
HEADS = ["", "Section", "Claim", "Test", "Verdict", "Comparisons", "Remarks"]


def markdown(claims: dict[str, Any], printed: Printed) -> str:
    """Return a summary, and a table with one row per claim."""
    checked = checked_claims(claims, printed, {})
    lines = ["| " + " | ".join(HEADS) + " |", "|" + " --- |" * len(HEADS)]
    lines += ["| " + " | ".join(_cells(entry)) + " |" for entry in checked]
    return f"\n{summary(checked)}\n\n" + "\n".join(lines) + "\n\n"


def _cells(checked: Checked) -> Iterable[str]:
    claim, verdicts = checked
    verdict = verdicts[PRINTED]
    test = f"`{' '.join(claim['test'].split())}`" if claim["test"] else ""
    counts = counts_text(verdict.counts)
    told = " ".join(remarks(claim, verdicts))
    return claim["id"], claim["section"], described(claim), test, verdict.word, counts, told


def main() -> None:
    """Put the list into a page that holds the two markers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paper", type=Path, help="folder of claims.yaml and the paper's numbers")
    parser.add_argument("page", type=Path, help="the file between whose markers the list goes")
    args = parser.parse_args()
    page = args.page.read_text(encoding="utf-8")
    if not LIST.search(page):
        raise SystemExit(f"{args.page}: no lines <!-- claims --> and <!-- end of claims -->")
    claims, reported = args.paper / "claims.yaml", read_reported(args.paper / "reported.csv")
    found, sizes = read_claims(claims), read_sizes(args.paper / "benchmarks.csv")
    require_valid_claims(claims, found, reported, sizes)
    printed = printed_numbers(reported, sizes)
    write_text(args.page, LIST.sub(lambda _: markdown(found, printed), page))


if __name__ == "__main__":
    main()
