"""Print the tables of a finished study, what RL added, what it took, and where everything is.

    python -m scripts.print_summary results/demo

No rule of the DAG: it reads what the run left and writes nothing.
"""

import argparse
import re
import shutil
from pathlib import Path
from textwrap import fill

import pandas as pd
import tabulate as library
from tabulate import tabulate

from scripts.lib.console import align
from scripts.lib.dag.jobs import job
from scripts.lib.dag.targets import targets
from scripts.lib.files import read_json
from scripts.lib.frames import read_frame
from scripts.lib.price.cost_of_cells import spent
from scripts.lib.price.cost_text import total_sentence
from scripts.lib.price.parts import Part, parts_of
from scripts.lib.price.spelling import spell
from scripts.lib.price.walk import dag_of
from scripts.lib.scores.conclusions import DEPENDS
from scripts.lib.scores.marks import marks_against, read_comparisons
from scripts.lib.study.cells import Study, stages_of

PLACES = {
    "report": ["report/index.html"],
    "paper": ["paper.pdf"],
    "tables": ["tables/*.md"],
    "figures": ["figures/*.pdf"],
    "scores": ["scores.csv"],
    "comparisons": ["comparisons.csv"],
    "conclusions": ["conclusions.md"],
    "claims": ["paper/claims.md"],
    "costs": ["costs.csv"],
}
INTERVAL = re.compile(r" \[[^]]*\]")
library.MIN_PADDING = 0  # else a head is two characters wider than its text
NOT_SHOWN = re.compile(r"\*\*|^:?-+:?$")  # bold type, the rule below the head


def fit_table(markdown: str, width: int, source: str) -> str:
    """Return Markdown as text of at most `width` characters per line.

    In a table that is wider the cells are wrapped; if that is not enough, it loses its intervals,
    and a line says so and names `source`, its file.
    """
    blocks: list[str] = []
    for block in markdown.strip().split("\n\n"):
        if block.startswith("|"):
            rows = [row.split("|")[1:-1] for row in block.splitlines()]
            grid = [[NOT_SHOWN.sub("", text.strip()) for text in row] for row in rows]
            blocks.append(_fit_grid([row for row in grid if any(row)], width, source))
        else:
            lines = block.splitlines()
            indent = "  " if block.startswith("- ") else ""
            blocks.append("\n".join(fill(line, width, subsequent_indent=indent) for line in lines))
    return "\n\n".join(blocks) + "\n"


def _fit_grid(grid: list[list[str]], width: int, source: str) -> str:
    together = [[INTERVAL.sub(lambda i: i[0].replace(", ", ","), t) for t in row] for row in grid]
    plain = [[INTERVAL.sub("", text) for text in row] for row in grid]
    whole = _drawn(grid)
    for text in (whole, _drawn(together, width)):
        if _width(text) <= width:
            return text
    if _width(narrow := _drawn(plain, width)) > width:
        left_out, narrow = "Not shown", ""
    else:
        left_out, narrow = "Intervals are left out", f"{narrow}\n\n"
    said = f"({left_out}: the table needs {_width(whole)} columns, this console has {width}. "
    return narrow + fill(f"{said}It is in {source}.)", width, break_on_hyphens=False)


def _drawn(grid: list[list[str]], width: int | None = None) -> str:
    """Return a grid as text; with `width`, cells are wrapped at spaces where they can."""
    columns = list(zip(*grid, strict=True))
    limits: list[int] = [max(map(len, column)) for column in columns]
    words = [max(map(len, " ".join(column).split()), default=0) for column in columns]
    while width is not None and sum(limits) + 2 * (len(limits) - 1) > width:
        wide = [n for n, limit in enumerate(limits) if limit > words[n]]
        if not wide:
            break
        limits[max(wide, key=limits.__getitem__)] -= 1
    return tabulate(
        grid[1:],
        headers=grid[0],
        tablefmt="simple",
        disable_numparse=True,
        maxcolwidths=limits,
        maxheadercolwidths=limits,
    )


def _width(text: str) -> int:
    return max(map(len, text.splitlines()))


def without_said(text: str, said: set[str]) -> str:
    """Return Markdown without the notes that were printed before; adds its own to `said`."""
    blocks = text.strip().split("\n\n")
    kept = [block for block in blocks if block not in said]
    said.update(block for block in blocks if not block.startswith(("|", "#")))
    return "\n\n".join(kept)


def without_what_depends(text: str) -> str:
    """Return the conclusions without the long lists of those that depend on the prompt."""
    blocks = text.split("\n\n")
    left_out = {n for n, block in enumerate(blocks) if block == f"{DEPENDS.capitalize()}:"}
    left_out |= {n + 1 for n in left_out}
    return "\n\n".join(block for n, block in enumerate(blocks) if n not in left_out).rstrip()


def describe_prompts(table: pd.DataFrame) -> list[str]:
    """Return a line per cell of tables/prompts.csv: its accuracy under each prompt, in percent."""
    table = table.dropna(subset="accuracy")
    entries = (
        table.assign(entry=(100 * table["accuracy"]).map("{:.0f}".format))
        .groupby(["cell", "benchmark"], sort=False)["entry"]
        .agg("/".join)
    )
    benchmarks = list(dict.fromkeys(table["benchmark"]))
    cells = list(dict.fromkeys(table["cell"]))
    grid = [[cell, *(entries.get((cell, name), "") for name in benchmarks)] for cell in cells]
    return align([["Cell", *benchmarks], *grid])


def describe_rl(rows: list[dict], rl_stages: set[str], prompt: str) -> list[str]:
    """Return one line per cell whose last stage is RL: the points it added on each benchmark.

    `rows` are those of comparisons.csv; of its families the one against parents counts, both sides
    under `prompt`.
    """
    rows = [row for row in rows if row["against"] == "parent" and row["prompts"] == prompt]
    rows = [row for row in rows if row["cell"].rpartition("+")[2] in rl_stages]
    found = {(row["cell"], row["benchmark"]): gain(row) for row in rows}
    cells = list(dict.fromkeys(row["cell"] for row in rows))
    benchmarks = list(dict.fromkeys(row["benchmark"] for row in rows))
    grid = [[cell, *(found[cell, benchmark] for benchmark in benchmarks)] for cell in cells]
    return align([["Cell", *benchmarks], *grid]) if grid else []


def gain(row: dict) -> str:
    """Return a comparison in a word: points gained, and its mark."""
    if not row["difference"]:
        return "collapsed"
    return f"{100 * float(row['difference']):+.1f}{row['mark']}"


def describe_times(parts: list[Part]) -> str:
    """Return what each part of the study took as a table; empty where no job left a time."""
    if not parts:
        return ""
    rows = [[part.name, str(part.jobs), spell(part.seconds)] for part in parts]
    seconds, jobs = sum(part.seconds for part in parts), sum(part.jobs for part in parts)
    rows.append(["all", str(jobs), spell(seconds)])
    align_right = ("left", "right", "right")
    return tabulate(
        rows,
        headers=["Part", "Jobs", "Time of its jobs"],
        colalign=align_right,
        disable_numparse=True,
    )


def describe_places(folder: Path) -> list[str]:
    """Return a line per kind of result: its file, or its folder and the names of its files."""
    lines = []
    for name, patterns in PLACES.items():
        files = [sorted(folder.glob(pattern)) for pattern in patterns]
        found = next(filter(None, files), [])
        if len(found) > 1:
            names = ", ".join(file.stem for file in found)
            lines.append(f"{name + ':':<13}{found[0].parent}/ ({names})")
        elif found:
            lines.append(f"{name + ':':<13}{found[0]}")
        elif name == "paper":
            lines.append(f"{name + ':':<13}the target `paper` makes it, with LaTeX")
    return lines


def main() -> None:
    """Print the summary of the study in the folder given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the study's folder, for example results/demo")
    parser.add_argument(
        "--logs", type=Path, help="the study's logs; default: logs/STUDY beside results/"
    )
    parser.add_argument(
        "--width", type=int, help="characters per line; default: the terminal's, without one 80"
    )
    args = parser.parse_args()
    folder: Path = args.folder
    config = read_json(folder / "config.json")
    study = Study(config)
    tables = [folder / "tables" / f"{name}.md" for name in [*config["tabulate"], "answers"]]
    prompts = folder / "tables" / "prompts.csv"
    comparisons, conclusions = folder / "comparisons.csv", folder / "conclusions.md"
    if missing := [str(f) for f in (*tables, comparisons, conclusions) if not f.exists()]:
        raise SystemExit(f"{', '.join(missing)}: not there yet; run the study first")
    rl_stages = {name for name, stage in config["stages"].items() if stage["trainer"] == "grpo"}
    width = args.width or shutil.get_terminal_size((80, 24)).columns
    said: set[str] = set()
    for table in tables:
        text = without_said(table.read_text(encoding="utf-8"), said)
        print(fit_table(text, width, str(table)))
    if prompts.exists():
        asked = read_frame(prompts)
        named = "/".join(dict.fromkeys(asked.dropna(subset="accuracy")["prompt"]))
        print("### The same cells under every prompt\n")
        where = prompts.with_suffix(".md")
        print(fill(f"Accuracy in percent under {named}; differences are in {where}.", width) + "\n")
        print("\n".join(describe_prompts(asked)) + "\n")
    rows = read_comparisons(comparisons)
    prompt = study.main_prompt()
    if rl := describe_rl(rows, rl_stages, prompt):
        meaning = marks_against(rows, "parent", prompt).meaning
        star = f"; * differs: {meaning}" if meaning else ""
        print(f"### What RL added to the model that it started from, under the prompt {prompt}\n")
        print(fill(f"Points of accuracy on the same problems{star}.", width) + "\n")
        print("\n".join(rl) + "\n")
    whole = conclusions.read_text(encoding="utf-8")
    short = without_what_depends(whole)
    print(fit_table(without_said(short, said), width, str(conclusions)))
    if short != whole.rstrip():
        print(f"What depends on the prompt is listed in {conclusions}.\n")
    if (costs := folder / "costs.csv").exists():
        trained = [cell for cell in study.cells() if stages_of(cell)]
        took = total_sentence(spent(read_frame(costs)), trained)
        print(f"### What it took\n\n{fill(took, width)}\n")
    logs = args.logs or folder.resolve().parents[1] / "logs" / study.name
    jobs = [*dag_of(study, targets(study)["all"]), job(study, "typeset")]
    if times := describe_times(parts_of(jobs, logs)):
        print(f"{times}\n")
    print("### Where everything is\n")
    for line in describe_places(folder):
        print(fill(line, width, subsequent_indent=" " * 13, break_on_hyphens=False))


if __name__ == "__main__":
    main()
