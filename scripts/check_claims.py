"""Test the paper's claims on its own tables and on the study's numbers: claims.csv and a page.

The claims and their tests are data (paper/claims.yaml). Under each prompt of the study, and with
each cell under its own, a test on measured numbers is decided by marked differences alone.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from scripts.cli import add_forms, job_arguments, planned_run
from scripts.lib.files import write_text
from scripts.lib.frames import write_frame
from scripts.lib.paper.claim_tables import (
    COLUMNS,
    PRINTED,
    Checked,
    claim_rows,
    latex_table,
    markdown_page,
)
from scripts.lib.paper.expressions import parse
from scripts.lib.paper.measured import Measured, comparisons_under
from scripts.lib.paper.printed import Printed, printed_numbers
from scripts.lib.paper.verdicts import NOT_TESTABLE, Verdict, measured_verdict, printed_verdict
from scripts.lib.scores.forms import html_page
from scripts.lib.scores.marks import Row, read_comparisons
from scripts.lib.scores.table_cells import read_cells_by_prompt

Cells = Mapping[tuple[str, str], dict[str, Any]]  # {(cell, benchmark): record}
OWN = "own"


def numbers_by_prompt(
    settings: dict[str, Any],
    benchmarks: tuple[str, ...],
    cells: Mapping[str, Cells],
    comparisons: list[Row],
) -> dict[str, Measured]:
    """Return the study's numbers under each prompt, the main one first, and under `own`.

    `benchmarks` are those of the paper, `cells` is {prompt: records}.
    """
    own = {
        (cell, name): record
        for cell, prompt in settings["own"].items()
        for (of, name), record in cells.get(prompt, {}).items()
        if of == cell
    }
    records = {prompt: cells.get(prompt, {}) for prompt in settings["prompts"]}
    if len(records) > 1:
        records[OWN] = own
    return {
        prompt: Measured(
            found,
            comparisons_under(comparisons, prompt),
            settings["roles"],
            benchmarks,
        )
        for prompt, found in records.items()
    }


def checked_claims(
    found: dict[str, Any], printed: Printed, measured: Mapping[str, Measured]
) -> list[Checked]:
    """Return every claim of the claims file with its verdicts."""
    checked = []
    for claim in found["claims"]:
        if claim["test"] is None:
            verdict = Verdict(NOT_TESTABLE, claim["not_testable"])
            verdicts = dict.fromkeys([PRINTED, *measured], verdict)
        else:
            test = parse(claim["test"])
            verdicts = {PRINTED: printed_verdict(test, printed, found["groups"])}
            for prompt, numbers in measured.items():
                verdicts[prompt] = measured_verdict(test, numbers, found["groups"])
        checked.append(Checked(claim, verdicts))
    return checked


def main() -> None:
    """Read the flags and write the files."""
    parser = job_arguments(__doc__)
    add_forms(parser, "csv", "legend", "markdown", "html", "tex")
    args = parser.parse_args()
    run = planned_run(args, "check_claims")
    comparisons = [row for path in run.paths("comparisons") for row in read_comparisons(path)]
    cells = read_cells_by_prompt(run.paths("cells"))
    claims = run.settings["claims"]
    printed = printed_numbers(run.settings["reported"], run.settings["sizes"])
    measured = numbers_by_prompt(run.settings, printed.benchmarks, cells, comparisons)
    checked = checked_claims(claims, printed, measured)
    write_frame(args.csv, pd.DataFrame(claim_rows(checked)), COLUMNS)
    text = markdown_page(checked, run.settings["note"])
    write_text(args.markdown, text)
    write_text(args.html, html_page("Claims", text, wrap=True))
    write_text(args.tex, latex_table(checked, run.settings["note"]))
    run.write_record(args.output, args.csv, args.legend, args.markdown, args.html, args.tex)


if __name__ == "__main__":
    main()
