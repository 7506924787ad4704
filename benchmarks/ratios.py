"""Measure what the study's levers save, as ratios and counts that have bars, on this machine's CPU.

    python -m benchmarks.ratios                    benchmarks/results/DATE-cpu-ratios.json, the page
    python -m benchmarks.ratios --output FILE      another file, and no page
    python -m benchmarks.ratios --page             benchmarks/ratios.md from the newest results

It takes a minute or two and exits with 1 if a ratio is above its bar (benchmarks/bars.py). Two
things are measured by turns in one process, so that the machine's other work hits both alike.
"""

import argparse
import datetime
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.bars import BARS
from scripts.lib.files import read_json, write_json, write_text
from scripts.lib.provenance import git_commit, processor, versions

FOLDER = Path(__file__).parent
PAGE = FOLDER / "ratios.md"
NOTE = "Times were taken by turns in one process; other work on the machine is in load_average."


def measured() -> dict[str, dict[str, Any]]:
    """Return every ratio by its name in BARS, with what it was made of."""
    from benchmarks import grading_ratios as grading
    from benchmarks import padding_ratios as padding
    from benchmarks import step_ratios as step

    # The judges first: their processes are forked, which is safest before torch has worked.
    two, beside = grading.judging()
    answers = grading.ordinary_completions(grading.golds())
    blocks = [answers[start::7] for start in range(7)]
    found = {
        "grader_by_lighteval": grading.grader_by_lighteval(),
        "grader_by_math_verify": grading.grader_by_math_verify(blocks),
        "judges_two_by_one": two,
        "judging_while_by_after": beside,
    }
    found["grpo_padding"], found["grpo_passes"] = padding.grpo()
    found["sft_gsm8k_padding"] = padding.sft(padding.GSM8K, padding.GSM8K_ROWS_BEFORE)
    found["sft_traces_padding"] = padding.sft(padding.TRACES, padding.TRACES_ROWS_BEFORE)
    with tempfile.TemporaryDirectory() as folder:
        update, reward = step.grpo_update(Path(folder))
    return found | {"grpo_update_by_trl": update, "reward_by_update": reward}


def judged(found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the ratios with their bars and whether they passed.

    >>> judged({"grpo_passes": {"value": 65.0}})["grpo_passes"]["passed"]
    False
    """
    return {
        name: {"what": bar.what, "bar": bar.most, "passed": found[name]["value"] <= bar.most}
        | found[name]
        for name, bar in BARS.items()
        if name in found
    }


def machine() -> dict[str, Any]:
    """Return where it was measured, and what else the machine had to do."""
    return {
        "processor": processor(),
        "cpu_count": os.cpu_count(),
        "platform": platform.platform(),
        "load_average": os.getloadavg()[0],
        "versions": versions(),
    }


def newest(folder: Path) -> Path:
    """Return the file of the newest results; exit if there is none."""
    files = sorted(folder.glob("*-cpu-ratios.json"))
    if not files:
        raise SystemExit(f"{folder}: no *-cpu-ratios.json; measure with `make bench`")
    return files[-1]


def page(path: Path) -> str:
    """Return the page that shows the results of a file."""
    record = read_json(path)
    place = record["machine"]
    rows = [
        f"| {one['what']} | {cell(one.get('before'))} | {cell(one['value'])} | "
        f"{cell(one['bar'])} | {'yes' if one['passed'] else '**no**'} |"
        for one in (record["ratios"][name] for name in BARS if name in record["ratios"])
    ]
    lines = [
        "# Ratios",
        "",
        "<!-- made by `make bench` -->",
        "",
        f"Measured on {record['date']} at commit `{record['commit'][:12]}`: "
        f"{place['cpu_count']} cores of {place['processor']}, load average "
        f"{place['load_average']:.1f}, {record['seconds']:.0f} s in all",
        f"(`benchmarks/results/{path.name}`). Less is better.",
        "",
        "| ratio or count | before | now | bar | passed |",
        "| --- | --- | --- | --- | --- |",
        *rows,
        "",
        "- Counts of padding and passes are at the lengths of `benchmarks/padding_ratios.py`, the",
        "  same on every machine. A ratio of times is by what it replaced, or by another judge.",
        "- Two workers gain what the machine has to spare. Their ratio is by that of two processes",
        "  that only compute: 1 is all that could be had, 2 is nothing on two idle cores.",
    ]
    return "\n".join(lines) + "\n"


def cell(value: float | None) -> str:
    """Return a number for the table, – for none.

    >>> cell(0.0386), cell(13.75), cell(64), cell(None)
    ('0.039', '13.8', '64', '–')
    """
    return "–" if value is None else f"{value:.2g}" if value < 1 else f"{value:.3g}"


def main() -> None:
    """Measure, write the results and the page; exit with 1 if a bar is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, help="JSON file to write; then no page is written")
    parser.add_argument("--page", action="store_true", help="measure nothing; write the page")
    args = parser.parse_args()
    if args.page:
        write_text(PAGE, page(newest(FOLDER / "results")))
        return
    started = datetime.datetime.now(datetime.UTC)
    record: dict[str, Any] = {
        "date": started.date().isoformat(),
        "commit": git_commit(),
        "machine": machine(),
        "note": NOTE,
        "ratios": judged(measured()),
    }
    record["seconds"] = (datetime.datetime.now(datetime.UTC) - started).total_seconds()
    output = args.output or FOLDER / "results" / f"{record['date']}-cpu-ratios.json"
    write_json(output, record)
    if not args.output:
        write_text(PAGE, page(output))
    for name, one in record["ratios"].items():
        print(f"{name}: {cell(one['value'])}, at most {cell(one['bar'])}")
    if broken := [name for name, one in record["ratios"].items() if not one["passed"]]:
        raise SystemExit(f"above their bars: {', '.join(broken)} ({output})")


if __name__ == "__main__":
    main()
