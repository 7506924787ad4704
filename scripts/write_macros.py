"""Write the LaTeX macros with the facts of this study, for paper/main.tex."""

from pathlib import Path

from scripts.cli import Run, job_arguments, planned_run
from scripts.lib.files import write_text
from scripts.lib.frames import read_frame
from scripts.lib.paper.macros import (
    audit_macros,
    claim_macros,
    conclusion_macros,
    inputs_of,
    raw_macro,
    recipe_table,
    reproduction_macros,
    study_macros,
)


def macros(run: Run) -> list[str]:
    """Return all macros of the planned job."""
    settings = run.settings
    scores, conclusions, claims, audit = (
        read_frame(run.paths(name)[0]) for name in ("scores", "conclusions", "claims", "audit")
    )
    reproduction = next(map(read_frame, run.paths("reproduction")), None)
    labels, benchmarks = settings["labels"], settings["benchmarks"]
    return [
        *study_macros(settings, scores),
        raw_macro("RecipeTable", recipe_table(settings["recipes"])),
        *conclusion_macros(conclusions, labels, benchmarks),
        *reproduction_macros(reproduction),
        *claim_macros(claims),
        *audit_macros(audit),
        raw_macro("StudyTables", inputs_of(settings["tables"], "input")),
        raw_macro("StudyClaims", inputs_of(["claims"], "input")),
        raw_macro("StudyAudit", inputs_of(["audit"], "input")),
        raw_macro("StudyFigures", inputs_of(settings["figures"], "StudyFigure")),
    ]


def main() -> None:
    """Read the flags and write the macros."""
    parser = job_arguments(__doc__)
    parser.add_argument("--macros", type=Path, required=True, help="the LaTeX file to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "write_macros")
    write_text(args.macros, "\n".join(macros(run)) + "\n")
    run.write_record(args.output, args.macros)


if __name__ == "__main__":
    main()
