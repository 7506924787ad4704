"""Make the report: a folder of pages from the study's tables down to every verdict.

It is opened from disk, without a server and without a network: `index.html`, the styles and scripts
of report/, and data as scripts. Its size is limited (`report.max_megabytes`); completions' texts
beyond that are left out, and the page says how they were chosen. The folder appears whole.
"""

import shutil
from pathlib import Path

import numpy as np

from scripts.cli import Run, job_arguments, planned_run
from scripts.lib.console import report, spell_bytes
from scripts.lib.dag.code import ROOT
from scripts.lib.files import folder_made_whole, size_of
from scripts.lib.report.completions import Evaluation, Part, chunks, text_sizes, verdicts
from scripts.lib.report.data import write_cells, write_problems, write_study
from scripts.lib.report.first_page import context, render
from scripts.lib.report.inputs import Report
from scripts.lib.report.sampling import Places, limit_of, sentence, summed
from scripts.lib.report.writing import put
from scripts.list_assumptions import assumptions

PAGES = ROOT / "report"
VERDICT = 16  # bytes of a completion's verdict in a data file, at most
BESIDE = 2_000  # bytes of a data file beside its rows


def write_completions(made: Report, folder: Path, room: float) -> str:
    """Write every verdict, and the texts for which there is room; return what a reader is told.

    `room` is how many bytes verdicts and texts may take together.
    """
    evaluations = list(made.evaluations())
    ids = {name: [of["id"] for of in problems] for name, problems in made.problems.items()}
    places = Places.of(made.settings["prompts"], made.settings["seeds"], ids)

    def of_part(evaluation: Evaluation, part: Part) -> np.ndarray:
        return places.of_completions(
            evaluation.prompt, evaluation.benchmark, part.seed, part.samples
        )

    parts = [(evaluation, part) for evaluation in evaluations for part in evaluation.parts]
    sizes = summed((of_part(*both), text_sizes(both[1].path)) for both in parts)
    every = sum(len(evaluation.problems) * part.samples for evaluation, part in parts)
    rows_take = every * VERDICT + len(evaluations) * BESIDE
    limit = limit_of(sizes, room - rows_take)
    texts = 0
    for evaluation in evaluations:
        kept = [of_part(evaluation, part) < limit for part in evaluation.parts]
        texts += int(sum(of_seed.sum() for of_seed in kept))
        where = f"{evaluation.cell}/{evaluation.prompt}/{evaluation.benchmark}"
        put(folder, f"data/verdicts/{where}", verdicts(evaluation, kept))
        for number, chunk in chunks(evaluation, kept, made.chunk_of(evaluation.benchmark)):
            put(folder, f"data/completions/{where}/{number}", chunk)
    first_round = sum(map(len, ids.values()))
    share = min(limit, first_round) / first_round if first_round else 1.0
    return sentence(texts, every, share, made.settings["max_megabytes"])


def make(run: Run, folder: Path, pages: Path = PAGES) -> None:
    """Write the report of a planned job into an empty folder."""
    shutil.copytree(pages / "assets", folder / "assets")
    shutil.copytree(pages / "vendor", folder / "assets" / "vendor")
    made = Report(run)
    write_study(made, folder)
    write_problems(made, folder)
    write_cells(made, folder)
    page = context(made, folder, assumptions((ROOT / "config.yaml").read_text(encoding="utf-8")))
    fixed = size_of(folder) + len(render(page, pages / "templates").encode()) + BESIDE
    room = made.settings["max_megabytes"] * 1e6 - fixed
    page["sampling"] = write_completions(made, folder, room)
    page["size_bytes"] = size_of(folder)
    text = render(page, pages / "templates")
    (folder / "index.html").write_text(text, encoding="utf-8")


def main() -> None:
    """Read the flags and make the report."""
    parser = job_arguments(__doc__)
    parser.add_argument("--index", type=Path, required=True, help="the page to write, index.html")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "make_report")
    with folder_made_whole(args.index.parent) as folder:
        make(run, folder)
        size = size_of(folder)
    run.write_record(args.output, args.index, bytes=size)
    report(f"make_report: {args.index}, {spell_bytes(size)}")


if __name__ == "__main__":
    main()
