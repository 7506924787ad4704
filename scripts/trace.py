"""Show a number's chain, from a table cell down to the raw data, and how to make it again.

    python -m scripts.trace results/demo/cells/toy-base+rl/gsm8k.json

One entry per job behind the number: its evaluations, its model and every model before that, their
data sets and where these come from. Each says whether it is current, its key, the commit and the
code of its record, and the command that makes it again. No rule of the DAG: it reads the records
and the planned jobs, and writes nothing.
"""

import argparse
import json
from pathlib import Path

from scripts.lib.console import print_lines
from scripts.lib.dag.score import score_cell
from scripts.lib.trace.lines import as_data, chain_lines
from scripts.lib.trace.links import Link, chain
from scripts.lib.trace.places import command, table_cell


def profile_of(links: list[Link], device: str) -> str:
    """Return the profile that a chain was made with, by its records and the study's device."""
    if any(link.record.get("slurm_job_id") for link in links):
        return "slurm"
    return "demo" if device == "cpu" else "workstation"


def main() -> None:
    """Print the chain of the table cell that the path names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cell", type=Path, help="results/STUDY/cells/CELL/BENCHMARK.json")
    parser.add_argument("--profile", help="of the commands; default: as the records say")
    parser.add_argument("--json", action="store_true", help="a list of objects, one per job")
    args = parser.parse_args()
    place = table_cell(args.cell)
    study, folder = place.study, place.folder
    links = chain(study, score_cell(study, cell=place.cell, task=place.task), folder)
    profile = args.profile or profile_of(links, study.config["costs"]["device"])

    def again(target: str) -> str:
        return command(study, folder, profile, target)

    if args.json:
        print_lines([json.dumps(as_data(links, again), indent=2)])
    else:
        print_lines(chain_lines(links, again))


if __name__ == "__main__":
    main()
