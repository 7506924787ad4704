"""Write the verdicts on the paper's own tables into a page: every claim, its test, what it says.

    python -m scripts.list_claims paper/claims.yaml paper/reported.csv docs/claims.md

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
from scripts.lib.paper.printed import printed_numbers, read_reported

LIST = re.compile(r"(?<=<!-- claims -->\n).*(?=<!-- end of claims -->)", re.DOTALL)
HEADS = ["", "Section", "Claim", "Test", "Verdict", "Comparisons", "Remarks"]


def markdown(claims: dict[str, Any], reported: list[dict[str, str]]) -> str:
    """Return a summary, and a table with one row per claim."""
    checked = checked_claims(claims, printed_numbers(reported, claims["problems"]), {})
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
    parser.add_argument("claims", type=Path, help="paper/claims.yaml")
    parser.add_argument("reported", type=Path, help="paper/reported.csv")
    parser.add_argument("page", type=Path, help="the file between whose markers the list goes")
    args = parser.parse_args()
    page = args.page.read_text(encoding="utf-8")
    if not LIST.search(page):
        raise SystemExit(f"{args.page}: no lines <!-- claims --> and <!-- end of claims -->")
    claims, reported = read_claims(args.claims), read_reported(args.reported)
    require_valid_claims(args.claims, claims, reported)
    write_text(args.page, LIST.sub(lambda _: markdown(claims, reported), page))


if __name__ == "__main__":
    main()
