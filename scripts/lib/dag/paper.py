"""The paper's own numbers and claims (rules/paper.smk)."""

from typing import Any

from scripts.lib.dag.code import ROOT
from scripts.lib.dag.jobs import File, Inputs, Settings, entry
from scripts.lib.dag.rows import marks
from scripts.lib.dag.score import cells_under_prompts, printed_cells
from scripts.lib.paper.claims import read_claims
from scripts.lib.paper.files import AUDIT_FILES, read_paper_file
from scripts.lib.paper.printed import read_reported, read_sizes
from scripts.lib.study.cells import Study

CLAIMS, REPORTED, SIZES = (
    ROOT / "paper" / name for name in ("claims.yaml", "reported.csv", "benchmarks.csv")
)


@entry(
    "audit_paper",
    {
        "csv": "paper/audit.csv",
        "legend": "paper/audit.columns.csv",
        "markdown": "paper/audit.md",
        "html": "paper/audit.html",
        "tex": "paper/audit.tex",
        "record": "paper/audit.record.json",
    },
)
def audit_paper(study: Study) -> tuple[Settings, Inputs]:
    """Return the files of paper/ as text: the audit reads nothing of the study's."""
    return {"files": {name: read_paper_file(name) for name in AUDIT_FILES}}, {}


def paper_files() -> tuple[dict[str, Any], list[dict[str, str]], dict[str, int]]:
    """Return the paper's claims, the rows of its tables, and the sizes of its benchmarks."""
    return read_claims(CLAIMS), read_reported(REPORTED), read_sizes(SIZES)


@entry(
    "check_claims",
    {
        "csv": "paper/claims.csv",
        "legend": "paper/claims.columns.csv",
        "markdown": "paper/claims.md",
        "html": "paper/claims.html",
        "tex": "paper/claims.tex",
        "record": "paper/claims.record.json",
    },
)
def check_claims(study: Study) -> tuple[Settings, Inputs]:
    """Return the paper's claims and tables as they stand, and the study's cells of those rows."""
    claims, reported, sizes = paper_files()
    printed = printed_cells(study).values()
    cells = [cell for cell in study.cells() if cell in printed]
    own = {cell: study.own_prompt(cell) for cell in cells}
    settings = {
        "claims": claims,
        "reported": reported,
        "sizes": sizes,
        "roles": study.config["roles"],
        "prompts": list(
            dict.fromkeys([study.main_prompt(), *(p for c in cells for p in study.prompts_of(c))])
        ),
        "own": {cell: prompt for cell, prompt in own.items() if prompt},
        "note": study.config.get("note"),
    }
    inputs: dict[str, File | list[File]] = {
        "cells": cells_under_prompts(study, cells),
        **marks(study, cells),
    }
    return settings, inputs
