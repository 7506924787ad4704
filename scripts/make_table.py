"""Make one table of the study as LaTeX for one and for two columns, Markdown, HTML and CSV.

An entry is the accuracy in percent with its 95% interval, below it what the paper prints. A cell
with a collapsed training is marked with a double dagger, the best of a column is bold. A star marks
a cell that differs from its own root, by the family `root` of comparisons.csv.
"""

from scripts.cli import add_forms, job_arguments, planned_run
from scripts.lib.files import write_text
from scripts.lib.frames import read_frame, write_frame
from scripts.lib.scores.forms import html_page
from scripts.lib.scores.marks import root_marks
from scripts.lib.scores.table_cells import read_cells
from scripts.lib.tables.frame import COLUMNS, table_frame, with_best_rows
from scripts.lib.tables.latex import one_column, two_columns
from scripts.lib.tables.markdown import markdown_table
from scripts.lib.tables.notes import long_notes, short_notes


def main() -> None:
    """Read the flags and write the files."""
    parser = job_arguments(__doc__)
    parser.add_argument("--table", required=True, help="name of the table in the config")
    add_forms(parser, "tex", "wide", "markdown", "html", "csv", "legend")
    args = parser.parse_args()
    run = planned_run(args, "make_table", table=args.table)
    cells = read_cells(run.paths("cells"))
    table = with_best_rows(run.settings, cells)
    marks = root_marks(run.paths("comparisons"), run.settings["prompt"])
    printed = next(map(read_frame, run.paths("reproduction")), None)
    frame = table_frame(args.table, table, cells, marks, printed)
    short, long = (notes(table, frame, cells, marks) for notes in (short_notes, long_notes))
    write_text(args.tex, one_column(args.table, table, frame, short))
    write_text(args.wide, two_columns(args.table, table, frame, short))
    markdown = markdown_table(table, frame, long)
    write_text(args.markdown, markdown)
    write_text(args.html, html_page(args.table, markdown))
    write_frame(args.csv, frame, COLUMNS)
    forms = (args.tex, args.wide, args.markdown, args.html, args.csv, args.legend)
    run.write_record(args.output, *forms)


if __name__ == "__main__":
    main()
