"""What a claim's test says of numbers, in one word with its reason."""

from typing import NamedTuple

from scripts.lib.paper.evaluation import Compared, Groups, Result, evaluate
from scripts.lib.paper.measured import Measured
from scripts.lib.paper.printed import Printed, alternatives, conflicts
from scripts.lib.paper.tree import OF_PRINT, Equality, Expression, atoms, names_of
from scripts.lib.paper.truth import Truth

SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "contradicted", "undecided"
NOT_TESTABLE = "not testable"
OF_PRINT_ALONE = "it asks what the paper prints"
WORDS = {
    Truth.TRUE: SUPPORTED,
    Truth.FALSE: CONTRADICTED,
    Truth.UNDECIDED: UNDECIDED,
    Truth.MISSING: NOT_TESTABLE,
}


class Counts(NamedTuple):
    """Comparisons of a test: the left side against the right one, and how many differ clearly."""

    higher: int
    equal: int
    lower: int
    clearly_higher: int
    clearly_lower: int
    without_number: int


class Verdict(NamedTuple):
    """A word, its reason if it has one, and the counts; None where nothing is compared."""

    word: str
    reason: str = ""
    counts: Counts | None = None
    smallest_visible: tuple[float, float] | None = None  # of the comparisons that are not clear


def counts_of(compared: list[Compared]) -> Counts | None:
    """Return how many comparisons are how."""
    if not compared:
        return None
    found = [entry.difference for entry in compared if entry.difference is not None]
    higher = [difference for difference in found if difference.value > 0]
    lower = [difference for difference in found if difference.value < 0]
    return Counts(
        len(higher),
        len(found) - len(higher) - len(lower),
        len(lower),
        sum(difference.clear for difference in higher),
        sum(difference.clear for difference in lower),
        len(compared) - len(found),
    )


def printed_verdict(expression: Expression, printed: Printed, groups: Groups) -> Verdict:
    """Return the verdict on the paper's own tables.

    What tables print differently is tried with each of its values. If they give other verdicts, the
    claim is undecided.
    """
    results = [evaluate(expression, numbers, groups) for numbers in alternatives(printed)]
    words = list(dict.fromkeys(WORDS[result.truth] for result in results))
    first = results[0]
    word = words[0] if len(words) == 1 else UNDECIDED
    reasons = _printed_values(expression, printed)
    if word == NOT_TESTABLE:
        absent = [
            name
            for name in names_of(expression)[0]
            if not any(
                place[0] == cell.partition("@")[0]
                for cell in groups.get(name, [name])
                for place in printed.numbers
            )
        ]
        reasons.append(f"the paper's tables have no number of {', '.join(absent)}")
    elif touched := _touched(first, printed):
        same = (
            "the verdict is the same" if len(words) == 1 else f"the claim is {' or '.join(words)}"
        )
        reasons.append(f"printed differently: {'; '.join(touched)}; {same}")
    return Verdict(word, "; ".join(reasons), counts_of(first.compared))


def _printed_values(expression: Expression, printed: Printed) -> list[str]:
    """Return what is printed where a test says what is."""
    found = []
    for atom in atoms(expression):
        if isinstance(atom, Equality):
            for name in atom.benchmarks:
                value = printed.value(atom.cell, name)
                if isinstance(atom.value, float) and value != atom.value:
                    shown = "no number" if value is None else f"{value:.1f}"
                    found.append(f"{atom.cell} on {name} {shown}")
    return [f"printed: {', '.join(found)}"] if found else []


def _touched(result: Result, printed: Printed) -> list[str]:
    """Return, in words, the differently printed numbers that a result rests on."""
    places = {place for entry in result.compared for place, _ in entry.weights}
    texts = []
    for (cell, name), shares in conflicts(printed).items():
        if (cell, name) in places:
            tables: dict[float, list[str]] = {}
            for table, value in shares.items():
                tables.setdefault(value, []).append(table)
            values = [f"{100 * value:.1f} in {', '.join(names)}" for value, names in tables.items()]
            texts.append(f"{cell} on {name} {' and '.join(values)}")
    return texts


def measured_verdict(expression: Expression, measured: Measured, groups: Groups) -> Verdict:
    """Return the verdict on the study's numbers under one prompt."""
    if any(isinstance(atom, OF_PRINT) for atom in atoms(expression)):
        return Verdict(NOT_TESTABLE, OF_PRINT_ALONE)
    result = evaluate(expression, measured, groups)
    if absent := _absent(expression, result, measured, groups):
        return Verdict(NOT_TESTABLE, f"not in this study: {', '.join(absent)}")
    unclear = [
        entry.difference.smallest_visible
        for entry in result.compared
        if entry.difference and not entry.difference.clear and entry.difference.smallest_visible
    ]
    reason = "the training of one side left no model" if result.truth is Truth.MISSING else ""
    visible = (min(unclear), max(unclear)) if unclear else None
    return Verdict(WORDS[result.truth], reason, counts_of(result.compared), visible)


def _absent(
    expression: Expression, result: Result, measured: Measured, groups: Groups
) -> list[str]:
    """Return the cells and benchmarks of a test that the study did not evaluate."""
    places = [place for entry in result.compared for place, _ in entry.weights]
    named = [cell for name in names_of(expression)[0] for cell in groups.get(name, [name])]
    named += [cell for cell, _ in places]
    cells = {cell for cell, _ in measured.records}
    benchmarks = {name for _, name in measured.records}
    absent = [cell for cell in dict.fromkeys(named) if measured.cell(cell) not in cells]
    names = dict.fromkeys(name for _, name in places)
    return absent + [name for name in names if name not in benchmarks]
