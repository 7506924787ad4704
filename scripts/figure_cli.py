"""The flags that every figure's script has, and the two files and the record that it leaves."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from scripts.cli import Run, job_arguments, planned_run
from scripts.lib.figures.style import save_figure


def write_figure(description: str | None, rule: str, draw: Callable[[Run], Figure]) -> None:
    """Read the flags, draw the figure of the planned job, and write it as PDF and PNG."""
    parser = job_arguments(description)
    parser.add_argument("--pdf", type=Path, required=True, help="the PDF file to write")
    parser.add_argument("--png", type=Path, required=True, help="the PNG file to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, rule)
    figure = draw(run)
    for path in (args.pdf, args.png):
        save_figure(figure, path)
    run.write_record(args.output, args.pdf, args.png)
