r"""Show what a cell's model wrote on a benchmark, and what was decided about it.

    python -m scripts.show                                         the cells and their accuracies
    python -m scripts.show all gsm8k                               the problems that most cells miss
    python -m scripts.show toy-base+rl gsm8k                       one line per problem
    python -m scripts.show toy-base+rl gsm8k --wrong --sort right  the hardest first
    python -m scripts.show toy-base+rl gsm8k --against toy-base    problems won and lost
    python -m scripts.show toy-base+rl gsm8k --problem 17          its completions and verdicts
    python -m scripts.show toy-base+rl gsm8k --against toy-base+rl --against-prompt training

A problem is listed if at least one of its completions is all that the flags say. No rule of the
DAG: it reads what the run left, and writes nothing. Characters that could act on the terminal are
spelt out, as <U+001B>.
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from scripts.lib.console import nearest, print_lines
from scripts.lib.evaluation.finished import (
    Place,
    collapse_of,
    finished,
    known,
    places,
    problem_ids,
    read_rows,
    study_in,
)
from scripts.lib.show import completions, problems
from scripts.lib.show.cells import cell_lines, hardest_lines
from scripts.lib.show.completions import problem_page
from scripts.lib.show.inert import escape
from scripts.lib.show.lines import counts, limited, pair_lines, problem_lines, share, title
from scripts.lib.show.problems import (
    KINDS,
    ORDERS,
    Problem,
    group,
    in_order,
    lost,
    pair,
    with_kinds,
    won,
)
from scripts.lib.study.cells import Study

ALL = "all"
LINES = 50  # problems per list
COMPLETIONS = 8  # completions of a problem per cell


class Side(NamedTuple):
    """A cell under a prompt: its name on the screen, its evaluations, finished and planned."""

    name: str
    there: list[Place]
    wanted: list[Place]


def heading(side: Side) -> list[str]:
    """Return what is shown, and the seeds of which nothing is there."""
    lines = [title(side.there)]
    if missing := [str(place.seed) for place in side.wanted if place not in side.there]:
        lines.append(f"not evaluated yet: seed {', '.join(missing)}")
    reasons = ((place.seed, collapse_of(place)) for place in side.there)
    return lines + [f"seed {seed}: {escape(reason)}" for seed, reason in reasons if reason]


def problem_list(found: list[Problem], kinds: list[str], order: str, limit: int) -> list[str]:
    """Return the counts of all problems, and a line for each that is listed."""
    chosen = in_order(with_kinds(found, kinds), order)
    lines = counts(found)
    if kinds:
        lines.append(f"listed: {len(chosen):,} problems with a completion: {', '.join(kinds)}")
    if not chosen:
        return lines
    return [*lines, "", *limited(problem_lines(chosen, terminal_width()), limit)]


def comparison(found: list[Problem], others: list[Problem], other: str, limit: int) -> list[str]:
    """Return how many problems were won and lost, and a line for each of them."""
    pairs = pair(found, others)
    gained, given = won(pairs), lost(pairs)
    lines = [
        f"against {other}: won {len(gained)}, lost {len(given)}, "
        f"equal {len(pairs) - len(gained) - len(given)} of {len(pairs):,} problems; "
        f"right {share(sum(p.ours.right for p in pairs), sum(len(p.ours.rows) for p in pairs))}, "
        f"there {share(sum(p.theirs.right for p in pairs), sum(len(p.theirs.rows) for p in pairs))}"
    ]
    for word, part in (("Won", gained), ("Lost", given)):
        if part:
            lines += ["", f"{word}:"]
            lines += limited(pair_lines(part, ("right", "right there"), terminal_width()), limit)
    return lines


def terminal_width() -> int:
    """Return the width of the terminal in characters, 120 where there is none."""
    return shutil.get_terminal_size((120, 24)).columns


def named_problem(side: Side, name: str) -> str:
    """Return a problem's id if the benchmark has it; exit with an error that names the nearest."""
    ids = problem_ids(side.there)
    if name in ids or not ids:
        return name
    hint = nearest(name, ids)
    if hint.startswith("; known") and len(ids) > LINES:
        hint = f"; it has {len(ids):,}, the first is {ids[0]!r}"
    raise SystemExit(f"no problem {name!r} in {side.there[0].benchmark}{hint}")


def one_problem(
    sides: Sequence[Side], name: str, kinds: list[str], limit: int, full: bool
) -> list[str]:
    """Return one problem's completions of each side; `kinds` choose among those of the first."""
    rows, notes = [], []
    for number, side in enumerate(sides):
        found = [r for place in side.there for r in read_rows(place, completions.COLUMNS, name)]
        chosen = [row for row in found if number or all(KINDS[kind](row) for kind in kinds)]
        shown = chosen[:limit] if limit else chosen
        right = share(sum(row["correct"] for row in found), len(found))
        notes.append(f"{side.name}: right {right} of {len(found)}, {len(shown)} shown")
        rows += [{"name": side.name, **row} for row in shown]
    return [*notes, "", *problem_page(rows, full)] if rows else notes


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "cell",
        nargs="?",
        help=f"a cell, a table's row such as base+rl, or {ALL}; without it all cells are listed",
    )
    parser.add_argument("benchmark", nargs="?")
    parser.add_argument(
        "--study", type=Path, default=Path("results/demo"), help="its folder (%(default)s)"
    )
    parser.add_argument("--prompt", help="default: the prompt of the tables")
    parser.add_argument("--seed", type=int, help="default: all seeds")
    verdict = parser.add_mutually_exclusive_group()
    verdict.add_argument("--right", action="store_true", help="right by our grader")
    verdict.add_argument("--wrong", action="store_true", help="wrong by our grader")
    parser.add_argument("--cut-off", action="store_true", help="reached the limit of tokens")
    parser.add_argument("--unreadable", action="store_true", help="the grader found no answer")
    parser.add_argument("--disagree", action="store_true", help="LightEval judges otherwise")
    parser.add_argument("--against", metavar="CELL", help="problems won and lost against this cell")
    parser.add_argument(
        "--against-prompt", metavar="PROMPT", help="the other's prompt; default: the same"
    )
    parser.add_argument("--problem", metavar="ID", help="all about this one")
    parser.add_argument(
        "--sort",
        choices=tuple(ORDERS),
        default="benchmark",
        help="in the benchmark's order, seldom right first, or long completions first",
    )
    parser.add_argument(
        "--limit",
        type=int,
        metavar="N",
        help=f"lines per list ({LINES}), with --problem completions per cell ({COMPLETIONS}); "
        "0: all",
    )
    parser.add_argument("--full", action="store_true", help="long texts without a cut")
    return parser


def lines_for(args: argparse.Namespace) -> list[str]:
    """Return what the flags ask for."""
    if args.limit is not None and args.limit < 0:
        raise SystemExit(f"--limit {args.limit}: must be 0 or more")
    study = study_in(args.study)
    limit = LINES if args.limit is None else args.limit
    if args.cell is None:
        refuse_others(args, "a list of all cells", ("study",))
        return cell_lines(args.study, study)
    if args.benchmark is None:
        raise SystemExit(f"{args.cell}: on which benchmark? {', '.join(study.benchmarks())}")
    if args.cell == ALL:
        takes = ("study", "cell", "benchmark", "prompt", "seed", "limit")
        refuse_others(args, "the problems of all cells", takes)
        return all_cells(args, study, limit)
    flags = {
        "right": args.right,
        "wrong": args.wrong,
        "cut off": args.cut_off,
        "unreadable": args.unreadable,
        "verdicts differ": args.disagree,
    }
    kinds = [kind for kind, asked in flags.items() if asked]
    asked = [(args.cell, args.prompt)]
    if args.against or args.against_prompt:
        asked.append((args.against or args.cell, args.against_prompt or args.prompt))
    sides = []
    for cell, prompt in asked:
        wanted = places(args.study, study, cell, args.benchmark, prompt, args.seed)
        there = finished(wanted)
        sides.append(Side(f"{there[0].cell} ({there[0].prompt})", there, wanted))
    if len({side.name for side in sides}) < len(sides):
        raise SystemExit(f"--against: {sides[0].name} would be compared with itself")
    lines = [line for side in sides for line in heading(side)]
    if args.problem is not None:
        name = named_problem(sides[0], args.problem)
        limit = COMPLETIONS if args.limit is None else args.limit
        return lines + one_problem(sides, name, kinds, limit, args.full)
    found = [
        group([row for place in side.there for row in read_rows(place, problems.COLUMNS)])
        for side in sides
    ]
    if len(sides) == 1:
        return lines + problem_list(found[0], kinds, args.sort, limit)
    return lines + comparison(with_kinds(found[0], kinds), found[1], sides[1].name, limit)


def refuse_others(args: argparse.Namespace, asked: str, takes: Sequence[str]) -> None:
    """Exit with an error if a flag is given that would do nothing."""
    default = vars(arguments().parse_args([]))
    for name, value in vars(args).items():
        if name not in takes and value != default[name]:
            raise SystemExit(f"--{name.replace('_', '-')}: {asked} has no such choice")


def all_cells(args: argparse.Namespace, study: Study, limit: int) -> list[str]:
    """Return the problems of a benchmark over all cells that are evaluated, the hardest first."""
    prompts = dict.fromkeys(name for cell in study.cells() for name in study.prompts_of(cell))
    prompt = known("prompt", args.prompt or study.main_prompt(), prompts)
    found = {}
    for cell in study.cells():
        if prompt not in study.prompts_of(cell):
            continue
        wanted = places(args.study, study, cell, args.benchmark, prompt, args.seed)
        if rows := [
            row
            for place in wanted
            if place.details.is_file()
            for row in read_rows(place, problems.COLUMNS)
        ]:
            found[cell] = group(rows)
    if not found:
        raise SystemExit(f"no cell is evaluated on {args.benchmark} under the prompt {prompt} yet")
    head = f"{args.benchmark}, prompt {prompt}: right completions of {len(found)} cells"
    return [head, "", *limited(hardest_lines(found, terminal_width()), limit)]


def main() -> None:
    """Print what the flags ask for."""
    print_lines(lines_for(arguments().parse_args()))


if __name__ == "__main__":
    main()
