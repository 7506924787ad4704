"""A cell's problems as lines for a terminal: one per problem, and counts above them."""

from collections import Counter
from collections.abc import Sequence

from scripts.lib.console import align
from scripts.lib.evaluation.finished import Place
from scripts.lib.show.inert import GOLD_WIDTH, clip, escape
from scripts.lib.show.problems import KINDS, Pair, Problem

LEAST_WIDTH = 16  # characters of the answers, however narrow the terminal


def title(places: Sequence[Place]) -> str:
    """Return which evaluations are shown, for example `toy+rl on gsm8k, prompt boxed, seed 0`."""
    first = places[0]
    seeds = ", ".join(str(place.seed) for place in places)
    word = "seed" if len(places) == 1 else "seeds"
    return f"{first.cell} on {first.benchmark}, prompt {first.prompt}, {word} {seeds}"


def counts(problems: Sequence[Problem]) -> list[str]:
    """Return how many problems and completions there are, and how many of each kind."""
    rows = [row for problem in problems for row in problem.rows]
    lighteval = sum(problem.lighteval for problem in problems)
    of_kind = {kind: sum(map(test, rows)) for kind, test in KINDS.items()}
    shown = {"right": share(of_kind.pop("right"), len(rows)), **of_kind}
    shown["LightEval right"] = share(lighteval, len(rows))
    return [
        f"{len(problems):,} problems, {len(rows):,} completions",
        ", ".join(f"{kind} {count}" for kind, count in shown.items()),
    ]


def share(count: int, of: int) -> str:
    """Return a count and its percentage.

    >>> share(1, 3), share(0, 0)
    ('1 (33.3%)', '0')
    """
    return f"{count} ({100 * count / of:.1f}%)" if of else str(count)


def tally(found: Counter[str]) -> str:
    """Return values with their counts, the most frequent first; one value alone without.

    >>> tally(Counter({"6": 1, "5": 2})), tally(Counter({"ok": 3})), tally(Counter())
    ('5 (2), 6 (1)', 'ok', '-')
    """
    if len(found) == 1:
        return next(iter(found))
    texts = (f"{value} ({count})" for value, count in found.most_common())
    return ", ".join(texts) or "-"


def answers_of(problem: Problem) -> str:
    """Return the answers of a problem's completions; `tally` needs no more of a long one."""
    shown: Counter[str] = Counter()
    for text, count in problem.answers.items():
        shown[text[:200]] += count
    return tally(shown)


def problem_lines(problems: Sequence[Problem], width: int) -> list[str]:
    """Return a line per problem, at most `width` wide where the ids leave room for that."""
    head = ["problem", "right", "LightEval", "tokens", "status", "gold", "extracted"]
    grid = [
        [
            escape(problem.id),
            f"{problem.right}/{len(problem.rows)}",
            f"{problem.lighteval}/{len(problem.rows)}",
            f"{problem.tokens:.0f}",
            tally(problem.statuses),
            clip(problem.gold, GOLD_WIDTH),
        ]
        for problem in problems
    ]
    return with_last(head, grid, [answers_of(problem) for problem in problems], width)


def with_last(head: list[str], grid: list[list[str]], last: list[str], width: int) -> list[str]:
    """Return aligned lines whose last column has what is left of the width."""
    taken = max(map(len, align([head, *(row + [""] for row in grid)])), default=0)
    room = max(LEAST_WIDTH, width - taken + len(head[-1]))
    whole = [row + [clip(text, room)] for row, text in zip(grid, last, strict=True)]
    return align([head, [""] * len(head), *whole])


def pair_lines(pairs: Sequence[Pair], names: tuple[str, str], width: int) -> list[str]:
    """Return a line per problem of two cells: how often right, and what each answered."""
    head = ["problem", names[0], names[1], "gold", "extracted / there"]
    grid = [
        [
            escape(pair.ours.id),
            *(f"{problem.right}/{len(problem.rows)}" for problem in pair),
            clip(pair.ours.gold, GOLD_WIDTH),
        ]
        for pair in pairs
    ]
    answers = [f"{answers_of(pair.ours)} / {answers_of(pair.theirs)}" for pair in pairs]
    return with_last(head, grid, answers, width)


def limited(lines: list[str], limit: int, head: int = 2) -> list[str]:
    """Return the first lines below a head, and how many were left out; 0 is no limit."""
    more = len(lines) - head - limit
    if limit == 0 or more <= 0:
        return lines
    return [*lines[: head + limit], f"... and {more:,} more (--limit 0 shows all)"]
