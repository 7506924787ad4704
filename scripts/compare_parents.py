"""Compare every trained cell with its parent, its root, direct RL and full training, by benchmark.

Each of these questions (`against`) under each prompt, and with each side under its own (`prompts`),
is a family of its own, whose p-values are adjusted for its own tests alone. Seeds that left no
model are left out; where seeds are paired, of both sides.
"""

from pathlib import Path

import pandas as pd

from scripts.cli import job_arguments, planned_run
from scripts.lib.frames import write_frame
from scripts.lib.scores.comparisons import COLUMNS, as_text, compare_family
from scripts.lib.scores.pairs import Evaluations, compare_runs, pairs_of
from scripts.lib.scores.verdicts import read_evaluations


def comparison_rows(
    families: list[dict], benchmarks: list[str], evaluations: Evaluations
) -> list[dict]:
    """Return the rows of all families, in the order of their pairs and of the benchmarks."""
    rows = []
    for family in families:
        compared = [compare_runs(*pair) for pair in pairs_of(family, benchmarks, evaluations)]
        rows += [as_text(row) for row in compare_family(compared)]
    return rows


def main() -> None:
    """Read the flags and write the comparisons."""
    parser = job_arguments(__doc__)
    parser.add_argument("--comparisons", type=Path, required=True, help="the CSV file to write")
    parser.add_argument("--legend", type=Path, required=True, help="its columns, beside it")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "compare_parents")
    evaluations = Evaluations(
        read_evaluations(run.paths("scores")), run.study.seeds(), run.settings["main_prompt"]
    )
    rows = comparison_rows(run.settings["families"], run.settings["benchmarks"], evaluations)
    write_frame(args.comparisons, pd.DataFrame(rows), COLUMNS)
    run.write_record(args.output, args.comparisons, args.legend)


if __name__ == "__main__":
    main()
