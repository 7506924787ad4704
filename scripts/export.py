r"""Write a study's evaluations for other tools.

    python -m scripts.export results/demo --format inspect --output logs/inspect
    python -m scripts.export results/demo --format every-eval-ever --organization NAME --output eee
    python -m scripts.export results/demo --format inspect --output logs/inspect \
        --cell toy-base+rl --benchmark gsm8k

`inspect` writes a log of Inspect per cell, seed, prompt and benchmark, OUTPUT/CELL/seed-N/
BENCHMARK.eval, for `inspect view --log-dir OUTPUT`. `every-eval-ever` writes OUTPUT/data/ in the
layout of that collection. No rule of the DAG. Two exports of one folder are the same bytes.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.lib.console import report
from scripts.lib.disk import say_in_words
from scripts.lib.evaluation.finished import Place, known, places, study_in
from scripts.lib.export.evaluated import Evaluated, read_evaluated
from scripts.lib.study.cells import Study, task_of

Write = Callable[[Evaluated], str | None]  # returns why nothing was written


def chosen(
    folder: Path,
    study: Study,
    cells: Sequence[str],
    benchmarks: Sequence[str],
    prompts: Sequence[str],
    seeds: Sequence[int],
) -> list[Place]:
    """Return the evaluations to export, finished or not; an empty selection is everything.

    Exits with an error if the study has no such name.
    """
    every_prompt = {prompt for cell in study.cells() for prompt in study.prompts_of(cell)}
    asked = {known("prompt", prompt, every_prompt) for prompt in prompts} or every_prompt
    return [
        place
        for cell in dict.fromkeys(map(study.cell_of_row, cells or study.cells()))
        for benchmark in dict.fromkeys(benchmarks or study.benchmarks())
        for prompt in study.prompts_of(known("cell", cell, study.cells()))
        if prompt in asked
        for seed in dict.fromkeys(seeds or study.seeds())
        for place in places(folder, study, cell, benchmark, prompt, seed)
    ]


def inspect_writer(output: Path) -> Write:
    """Return what writes an evaluation as a log of Inspect."""
    from scripts.lib.export.inspect_log import to_log, write_log  # takes seconds to load

    def write(evaluated: Evaluated) -> None:
        place = evaluated.place
        task = task_of(place.prompt, place.benchmark, evaluated.study.main_prompt())
        write_log(to_log(evaluated), output / place.cell / f"seed-{place.seed}" / f"{task}.eval")

    return write


def every_eval_ever_writer(output: Path, organisation: str) -> Write:
    """Return what writes an evaluation as records of Every Eval Ever."""
    from scripts.lib.export.every_eval_ever import to_records, write_records

    def write(evaluated: Evaluated) -> str | None:
        if not evaluated.rows:
            return "collapsed"
        write_records(to_records(evaluated, organisation), output)
        return None

    return write


def export(study: Study, wanted: Sequence[Place], write: Write) -> list[str]:
    """Write the evaluations that are finished; return lines that say what was and was not."""
    there = [place for place in wanted if place.run.is_file()]
    left_out: dict[str, int] = {}
    for number, place in enumerate(there, start=1):
        if reason := write(read_evaluated(study, place)):
            left_out[reason] = left_out.get(reason, 0) + 1
        if number % 50 == 0:
            report(f"export: {number} of {len(there)} evaluations")
    if missing := len(wanted) - len(there):
        left_out["not evaluated yet"] = missing
    written = len(there) - sum(n for reason, n in left_out.items() if reason != "not evaluated yet")
    return [
        f"evaluations written: {written}",
        *(f"left out, {reason}: {count}" for reason, count in left_out.items()),
    ]


def main() -> None:
    """Export what the flags name."""
    say_in_words()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path, help="the study's folder, for example results/demo")
    parser.add_argument("--format", choices=("inspect", "every-eval-ever"), required=True)
    parser.add_argument("--output", type=Path, required=True, help="a folder; made if not there")
    parser.add_argument("--cell", action="append", default=[], help="this cell; may be repeated")
    parser.add_argument("--benchmark", action="append", default=[], help="default: all")
    parser.add_argument("--prompt", action="append", default=[], help="default: all")
    parser.add_argument("--seed", action="append", type=int, default=[], help="default: all")
    parser.add_argument("--organization", help="who ran the study, for every-eval-ever")
    args = parser.parse_args()
    if args.format == "every-eval-ever" and not args.organization:
        parser.error("--format every-eval-ever needs --organization: its records say who ran it")
    study = study_in(args.study)
    wanted = chosen(args.study, study, args.cell, args.benchmark, args.prompt, args.seed)
    if not any(place.run.is_file() for place in wanted):
        raise SystemExit(f"{args.study}: nothing of this is evaluated yet")
    if args.format == "inspect":
        write = inspect_writer(args.output)
    else:
        write = every_eval_ever_writer(args.output, args.organization)
    lines = export(study, wanted, write)
    print("\n".join([*lines, f"in {args.output}"]))


if __name__ == "__main__":
    main()
