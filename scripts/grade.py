"""Judge completions: JSON lines in, verdicts out, in the same order, each as soon as it is known.

    echo '{"benchmark": "gsm8k", "gold": "18", "completion": "so 18"}' | python -m scripts.grade
    {"correct": true, "extracted": "18", "status": "ok"}

It is the grader of the RL reward, of the choice of teacher traces and of the evaluation. Lenient by
default (an answer without tags or box counts); --strict is what the reward uses.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from scripts.lib.grading.grader import Grader, Item, Verdict

FIELDS = ("benchmark", "gold", "completion")


def main() -> None:
    """Read standard input, write standard output."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--strict", action="store_true", help="only <answer> tags and \\boxed{} count"
    )
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds a completion may take")
    args = parser.parse_args()
    if args.timeout <= 0:
        raise SystemExit(f"--timeout {args.timeout}: must be more than 0 seconds")
    mode = "strict" if args.strict else "lenient"
    try:
        with Grader(timeout=args.timeout) as grader:
            for verdict in verdicts(sys.stdin.buffer, grader, mode):
                print(json.dumps(asdict(verdict)), flush=True)
    except BrokenPipeError:  # the reader has seen enough, as in `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def verdicts(lines: Iterable[bytes], grader: Grader, mode: str) -> Iterator[Verdict]:
    """Judge the lines one by one."""
    for count, line in enumerate(lines, start=1):
        if line.strip():
            yield grader.grade_many([parse(line, count)], mode)[0]


def parse(line: bytes, count: int) -> Item:
    """Return one line's benchmark, gold and completion, or say what is wrong with it."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SystemExit(f"line {count} of standard input is not JSON: {error}") from None
    if not isinstance(row, dict):
        raise SystemExit(
            f"line {count} of standard input: expected an object with {', '.join(FIELDS)}, "
            f"found {line[:60]!r}"
        )
    for field in FIELDS:
        if not isinstance(row.get(field), str):
            found = "nothing" if field not in row else json.dumps(row[field])[:60]
            raise SystemExit(
                f"line {count} of standard input: {field!r} must be a string, found {found}"
            )
    return row["benchmark"], row["gold"], row["completion"]


if __name__ == "__main__":
    main()
