"""Audit the paper's printed numbers: as CSV, Markdown, HTML and LaTeX.

Nothing of the study's own results is read: the inputs are the files of paper/, which stand in the
job's settings. The CSV has one row per printed number; its columns are COLUMNS in
scripts/lib/paper/audit.py. The LaTeX file holds the paper's tables with marks and needs booktabs.
"""

from scripts.cli import add_forms, job_arguments, planned_run
from scripts.lib.files import write_text
from scripts.lib.frames import write_frame
from scripts.lib.paper.audit import COLUMNS, audit
from scripts.lib.paper.audit_page import TITLE, audit_page
from scripts.lib.paper.audit_tables import latex_tables
from scripts.lib.paper.files import AUDIT_TEMPLATE
from scripts.lib.scores.forms import html_page


def main() -> None:
    """Read the flags and write the four files."""
    parser = job_arguments(__doc__)
    add_forms(parser, "csv", "legend", "markdown", "html", "tex")
    args = parser.parse_args()
    run = planned_run(args, "audit_paper")
    files = run.settings["files"]
    found = audit(files)
    page = audit_page(files[AUDIT_TEMPLATE], found)
    write_frame(args.csv, found.numbers, COLUMNS)
    write_text(args.markdown, page)
    write_text(args.html, html_page(TITLE, page))
    write_text(args.tex, latex_tables(found))
    run.write_record(args.output, args.csv, args.legend, args.markdown, args.html, args.tex)


if __name__ == "__main__":
    main()
