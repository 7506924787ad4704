"""The tests of the paper's claims as trees, as expressions.py reads them."""

from collections.abc import Iterator
from dataclasses import dataclass

Names = tuple[str, ...]
Sum = tuple[tuple[int, str], ...]  # signs and cells: `instruct+rl - instruct`


@dataclass(frozen=True)
class Side:
    """One side of a comparison: all or any of several sums of cells."""

    part: str  # all, any
    sums: tuple[Sum, ...]


@dataclass(frozen=True)
class Where:
    """On which benchmarks a comparison must hold: `part` (truth.share) or `number` of them.

    No benchmarks are all of them. `pairs`: the cells of the left side are counted with them.
    """

    part: str | None = None
    number: int = 0
    benchmarks: Names = ()
    pairs: bool = False
    average: bool = False


@dataclass(frozen=True)
class Comparison:
    """`left` is above, below, not below or not above `right`."""

    left: Side
    clearly: bool
    operator: str
    right: Side
    margin: float  # points
    where: Where


@dataclass(frozen=True)
class Equality:
    """A printed number is this number (percent), or that of another row."""

    cell: str
    value: float | str
    benchmarks: Names


@dataclass(frozen=True)
class Counts:
    """The printed numbers of cells are whole numbers of problems out of `problems`."""

    cells: Names
    problems: int
    benchmarks: Names


@dataclass(frozen=True)
class TrainedModels:
    """So many untrained models are the roots of the rows."""

    number: int


@dataclass(frozen=True)
class Collapsed:
    """The trainings of all or any of the cells collapsed."""

    part: str
    cells: Names


@dataclass(frozen=True)
class Connected:
    """Several tests joined by `and`, `or`; `not` has one."""

    connective: str
    parts: tuple["Expression", ...]


Expression = Comparison | Equality | Counts | TrainedModels | Collapsed | Connected
OF_PRINT = (Equality, Counts, TrainedModels)  # they ask what is printed, whatever is measured


def atoms(expression: Expression) -> Iterator[Expression]:
    """Yield the tests that `and`, `or` and `not` join."""
    if isinstance(expression, Connected):
        for part in expression.parts:
            yield from atoms(part)
    else:
        yield expression


def names_of(expression: Expression) -> tuple[Names, Names]:
    """Return the names of cells, or groups of cells, and of benchmarks in an expression."""
    cells: list[str] = []
    benchmarks: list[str] = []
    for atom in atoms(expression):
        if isinstance(atom, Comparison):
            sums = [*atom.left.sums, *atom.right.sums]
            cells += [cell for terms in sums for _, cell in terms if not cell.startswith("its ")]
            benchmarks += atom.where.benchmarks
        elif isinstance(atom, Equality):
            cells += [atom.cell] + ([atom.value] if isinstance(atom.value, str) else [])
            benchmarks += atom.benchmarks
        elif isinstance(atom, Counts):
            cells += atom.cells
            benchmarks += atom.benchmarks
        elif isinstance(atom, Collapsed):
            cells += atom.cells
    return tuple(dict.fromkeys(cells)), tuple(dict.fromkeys(benchmarks))
