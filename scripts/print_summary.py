"""Print the tables of a finished study, what RL added, what it took, and where everything is.

    python -m scripts.print_summary results/demo

No rule of the DAG: it reads what the run left and writes nothing.
"""

import argparse
import re
import shutil
from pathlib import Path

from scripts.lib.console import align
from scripts.lib.files import read_json
from scripts.lib.frames import read_frame
from scripts.lib.price.cost_of_cells import spent
from scripts.lib.price.cost_text import total_sentence
from scripts.lib.scores.conclusions import DEPENDS
from scripts.lib.scores.marks import marks_against, read_comparisons
from scripts.lib.study.cells import Study, stages_of

PLACES = {
    "tables": "tables/*.tex",
    "figures": "figures/*.p*",
    "scores": "scores.csv",
    "costs": "costs.csv",
    "comparisons": "comparisons.csv",
    "conclusions": "conclusions.*",
    "claims": "paper/claims.*",
    "paper": "paper.pdf",
    "report": "report/index.html",
}
NOT_SHOWN = re.compile(r" \[.*\]|\*\*|^-+$")  # intervals, bold type, the rule below the head


def fit_table(markdown: str, width: int) -> str:
    """Return Markdown whose table loses its intervals where it is wider than `width` characters."""
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    if max(map(len, rows), default=0) <= width:
        return markdown
    grid = [[NOT_SHOWN.sub("", text.strip()) for text in row.split("|")[1:-1]] for row in rows]
    plain = iter(align(grid))
    lines = [next(plain) if line.startswith("|") else line for line in markdown.splitlines()]
    return "\n".join(lines) + "\n"


def without_what_depends(text: str) -> str:
    """Return the conclusions without the long lists of those that depend on the prompt."""
    blocks = text.split("\n\n")
    left_out = {n for n, block in enumerate(blocks) if block == f"{DEPENDS.capitalize()}:"}
    left_out |= {n + 1 for n in left_out}
    return "\n\n".join(block for n, block in enumerate(blocks) if n not in left_out).rstrip()


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


def main() -> None:
    """Print the summary of the study in the folder given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the study's folder, for example results/demo")
    folder = parser.parse_args().folder
    config = read_json(folder / "config.json")
    study = Study(config)
    sensitive = ["prompts"] if study.sensitivity_cells() else []
    names = [*config["tabulate"], *sensitive, "answers"]
    tables = [folder / "tables" / f"{name}.md" for name in names]
    comparisons, conclusions = folder / "comparisons.csv", folder / "conclusions.md"
    if missing := [str(f) for f in (*tables, comparisons, conclusions) if not f.exists()]:
        raise SystemExit(f"{', '.join(missing)}: not there yet; run the study first")
    rl_stages = {name for name, stage in config["stages"].items() if stage["trainer"] == "grpo"}
    width = shutil.get_terminal_size((120, 24)).columns
    for table in tables:
        print(fit_table(table.read_text(encoding="utf-8"), width))
    rows = read_comparisons(comparisons)
    prompt = study.main_prompt()
    if rl := describe_rl(rows, rl_stages, prompt):
        print(f"### What RL added to the model that it started from, under the prompt {prompt}\n")
        meaning = marks_against(rows, "parent", prompt).meaning
        star = f"; * differs: {meaning}" if meaning else ""
        print(f"Points of accuracy on the same problems{star}.\n")
        print("\n".join(rl) + "\n")
    print(without_what_depends(conclusions.read_text(encoding="utf-8")))
    print(f"\nWhat depends on the prompt is listed in {conclusions}.\n")
    if (costs := folder / "costs.csv").exists():
        trained = [cell for cell in study.cells() if stages_of(cell)]
        print(f"### What it took\n\n{total_sentence(spent(read_frame(costs)), trained)}\n")
    print("### Where everything is\n")
    for name, pattern in PLACES.items():
        files = sorted(str(path) for path in folder.glob(pattern))
        if files:
            print(f"{name + ':':<13}{' '.join(files)}")


if __name__ == "__main__":
    main()
