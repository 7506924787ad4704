"""What a person reads while a study runs: progress lines and aligned text."""

import difflib
import io
import os
import sys
import time
from collections.abc import Iterable


def report(text: str) -> None:
    """Write a time-stamped line on stderr, in a rule the job's log, where the console reads it.

    It also goes to the file descriptor named in PROGRESS_FD, if there is one: in a submitted job
    that is SLURM's log, which another attempt does not begin anew.
    """
    line = f"[{time.strftime('%H:%M:%S')}] {text}\n".encode()
    os.write(sys.stderr.fileno(), line)
    if descriptor := os.environ.get("PROGRESS_FD"):
        os.write(int(descriptor), line)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines for a person: on a terminal without Unicode too, and to a reader that leaves."""
    if isinstance(stream := sys.stdout, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:  # the reader has seen enough, as in `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def spell_bytes(size: float) -> str:
    """Return a size for people.

    >>> spell_bytes(3_200_000), spell_bytes(2.5e10)
    ('3.2 MB', '25.0 GB')
    """
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def align(grid: list[list[str]], right: bool = False) -> list[str]:
    """Return rows of texts as lines with aligned columns; a row without text becomes a rule.

    `right` aligns all columns but the first to the right, for numbers.

    >>> align([["a", "1"], ["", ""], ["bc", "10"]], right=True)
    ['a    1', '--  --', 'bc  10']
    """
    widths = [max(len(row[column]) for row in grid) for column in range(len(grid[0]))]

    def fit(column: int, text: str) -> str:
        width = widths[column]
        return text.rjust(width) if right and column else text.ljust(width)

    return [
        "  ".join(fit(column, text) for column, text in enumerate(row)).rstrip()
        if any(row)
        else "  ".join("-" * width for width in widths)
        for row in grid
    ]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" or, where nothing is near, the list of known names."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(names)}"
