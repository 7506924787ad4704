"""Check the archive of another run, and set its numbers beside ours and the paper's.

    python -m scripts.compare_runs their-run.tar

Its checksums, its keys against those that this checkout plans, what it was made with, its
completions judged again by this checkout's grader, its numbers beside those of results/STUDY, if
that is there, and beside the paper's. The archive is one that scripts.pack wrote; nothing in it is
trusted, and nothing of it is kept. No rule of the DAG.
"""

import argparse
from pathlib import Path
from typing import Any

from scripts.compare_reported import reproduction, runs_of
from scripts.lib.console import print_lines
from scripts.lib.dag.code import ROOT
from scripts.lib.dag.score import built_cells, printed_cells
from scripts.lib.disk import say_in_words
from scripts.lib.paper.files import read_paper_file
from scripts.lib.paper.reported import read_benchmarks, reported_numbers
from scripts.lib.provenance import git_commit, versions
from scripts.lib.runs.archived import Archived, read_archived, study_of, told_in_one_line
from scripts.lib.runs.bag import unpacked
from scripts.lib.runs.facts import ENVIRONMENTS, facts_of, other_facts, other_pins
from scripts.lib.runs.keys import compare_plans, differences
from scripts.lib.runs.lines import (
    fact_lines,
    grading_lines,
    key_lines,
    limited,
    number_lines,
    paper_lines,
)
from scripts.lib.runs.numbers import compare_numbers
from scripts.lib.runs.plan import plan_of
from scripts.lib.runs.regrading import regrade_run
from scripts.lib.runs.side import Side, read_side
from scripts.lib.scores.verdicts import Evaluation, read_evaluations
from scripts.lib.show.inert import clip, escape
from scripts.lib.study.cells import Study
from scripts.lib.study.config import load_study

OWN_NAMES = ("study", "note", "mirror")  # of a config: they decide no result


def head(archive: Path, theirs: Archived) -> list[str]:
    """Return what the archive holds."""
    side, plan = theirs.side, theirs.plan
    made = facts_of(side)
    return [
        f"{archive}: study {side.root.name}, {len(side.evaluations)} evaluations, "
        f"{len(side.cells)} table cells; every checksum is right",
        f"engine {made.get('engine', 'not recorded')}, device {made.get('device', 'not recorded')}",
        f"packed at commit {plan['commit']}, this checkout is {git_commit()}",
        f"{theirs.current} of its {len(plan['jobs'])} jobs have left the record that was planned "
        "where it was packed",
    ]


def keys(theirs: Archived, ours: Study | None, study: Study | None, why: str) -> list[str]:
    """Return how its keys stand to what is planned here, with our config or with its own."""
    chosen = ours or study
    if chosen is None:
        return [f"not compared: {why}"]
    beside = "with our config" if ours else "with its own config, as we have no results of it"
    return [f"beside what this checkout plans {beside}:"] + key_lines(
        compare_plans(theirs.plan, plan_of(chosen))
    )


def facts(theirs: Archived, ours: Side | None) -> list[str]:
    """Return what the runs were made with, where that differs."""
    here = facts_of(ours) if ours else versions()
    environments = ROOT / "envs"
    pins = {
        name: other_pins(theirs.environments[name], (environments / f"{name}.yaml").read_text())
        for name in ENVIRONMENTS
        if name in theirs.environments
    }
    lines = fact_lines(other_facts(facts_of(theirs.side), here), pins)
    if ours is None:
        return [*lines, "(ours: what is installed here)"]
    configs = [
        {name: value for name, value in side.config.items() if name not in OWN_NAMES}
        for side in (theirs.side, ours)
    ]
    if other := differences(*configs):
        lines.append(f"the configs differ in {len(other)} values, theirs first:")
        lines += limited([f"  {clip(text, 150)}" for text in other])
    return lines


def paper(theirs: Side, study: Study | None, why: str) -> list[str]:
    """Return its numbers by LightEval's verdicts beside those that the paper prints."""
    if study is None:
        return [f"not compared: {why}"]
    cells = printed_cells(study)
    places = [p for p in theirs.evaluations if p[0] in cells.values() and "/" not in p[2]]
    evaluations = read_evaluations(theirs.scores(place) for place in sorted(places))
    of_cells: dict[tuple[str, str], list[Evaluation]] = {}
    for (cell, _, task), evaluation in evaluations.items():
        of_cells.setdefault((cell, task), []).append(evaluation)
    runs = {place: runs_of(of, "+" in place[0]) for place, of in of_cells.items()}
    printed = reported_numbers(
        read_paper_file("reported.csv"), read_benchmarks(read_paper_file("benchmarks.csv"))
    )
    frame = reproduction(printed, runs, cells, built_cells(study, cells.values()))
    rows: list[dict[str, Any]] = frame.drop_duplicates(["cell", "benchmark", "reported"]).to_dict(
        "records"
    )
    note = study.config.get("note")
    return ([f"note of the study: {note}"] if note else []) + paper_lines(rows)


def sections(archive: Path, payload: Path, args: argparse.Namespace) -> dict[str, list[str]]:
    """Return what there is to say about an unpacked archive, by heading."""
    theirs = read_archived(payload)
    folder = args.ours or Path("results") / theirs.side.root.name
    has_ours = (folder / "config.json").is_file()
    if args.ours and not has_ours:
        raise SystemExit(f"--ours {folder}: no config.json of a study there")
    ours = None
    if has_ours:
        with told_in_one_line(folder):
            ours = read_side(folder)
    study, why = None, ""
    try:
        study = study_of(theirs.side.config)
    except SystemExit as error:
        why = f"this checkout does not take its config: {clip(str(error), 300)}"
    most = None if args.completions == 0 else args.completions
    beside = f"Numbers beside {folder}" if ours else f"Numbers ({folder} is not here)"
    return {
        "": head(archive, theirs),
        "Keys": keys(theirs, load_study(folder / "config.json") if ours else None, study, why),
        "What differed": facts(theirs, ours),
        "Grading": grading_lines(*regrade_run(theirs.side, most, args.timeout)),
        beside: number_lines(compare_numbers(theirs.side, ours)),
        "Numbers beside the paper's": paper(theirs.side, study, why),
    }


def main() -> None:
    """Compare the archive that the flags name."""
    say_in_words()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path, help="as scripts.pack wrote it")
    parser.add_argument(
        "--ours", type=Path, help="our results of it; default: results/STUDY, if it is there"
    )
    parser.add_argument(
        "--completions",
        type=int,
        default=0,
        metavar="N",
        help="judge so many of each evaluation again, evenly spaced; 0, the default: all",
    )
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds a completion may take")
    parser.add_argument(
        "--max-gigabytes",
        type=float,
        default=20.0,
        help="refuse a larger archive; unpacked for the comparison it takes as much "
        "(default: %(default)s)",
    )
    args = parser.parse_args()
    if args.completions < 0 or args.timeout <= 0 or args.max_gigabytes <= 0:
        parser.error("--completions must be 0 or more, --timeout and --max-gigabytes more than 0")
    largest = int(args.max_gigabytes * 1e9)
    with unpacked(args.archive, largest) as payload, told_in_one_line(args.archive):
        found = sections(args.archive, payload, args)
    lines = [line for name, of in found.items() for line in ([f"\n{name}:"] if name else []) + of]
    print_lines([escape(part) for line in lines for part in line.split("\n")])


if __name__ == "__main__":
    main()
