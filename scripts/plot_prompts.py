"""Draw every cell under every prompt, as PDF and PNG: accuracies above, differences below.

The differences are those of each trained cell from its untrained model, both sides under the same
prompt, or each under its own; bars are 95% intervals, and a filled point is marked in
comparisons.csv. Equal records make equal bytes.
"""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from scripts.cli import job_arguments, planned_run
from scripts.lib.scores.figures import (
    COLOURS,
    GAP,
    GREY,
    LINE,
    STYLE,
    WIDTH,
    Cells,
    figure_lines,
    panel_title,
    save_figure,
    write_labels,
)
from scripts.lib.scores.marks import read_comparisons
from scripts.lib.scores.table_cells import read_cells_by_prompt

TITLE = "Accuracy of every cell under every prompt, and its difference from the untrained model"
TOP, BETWEEN, BOTTOM, NOTE = 0.62, 0.5, 0.62, 0.14  # inches
MARKERS = ("o", "s", "^", "D", "v")
Differences = dict[tuple[str, str, str], dict[str, str]]  # {(cell, prompts, benchmark): row}


def draw_accuracies(axes: Axes, rows: list[dict], records: dict[str, dict], styles: dict) -> None:
    """Draw one benchmark's accuracies: `records` is {prompt: {cell: record}}."""
    for row in rows:
        points = []
        for prompt, style in styles.items():
            record = records.get(prompt, {}).get(row["cell"])
            if record and record["accuracy"] is not None:
                points.append(100 * record["accuracy"])
                axes.plot(
                    points[-1], row["y"], **style, mfc=style["color"], zorder=4, clip_on=False
                )
        if len(points) > 1:
            axes.hlines(row["y"], min(points), max(points), color="#b0b0b0", lw=1.0, zorder=2)
    axes.set_xlim(left=0)


def draw_differences(
    axes: Axes, rows: list[dict], benchmark: str, differences: Differences, styles: dict
) -> None:
    """Draw one benchmark's differences in points, with intervals, side by side in a cell's line."""
    axes.axvline(0, color="black", lw=0.6, zorder=1)
    step = 0.6 / max(1, len(styles) - 1)
    for row in rows:
        for number, (prompts, style) in enumerate(styles.items()):
            found = differences.get((row["cell"], prompts, benchmark))
            if found and found["difference"]:
                y = row["y"] + 0.3 - number * step
                low, high = (100 * float(found[f"interval_{end}"]) for end in ("low", "high"))
                axes.hlines(y, low, high, color=style["color"], lw=0.7, zorder=3)
                face = style["color"] if found["mark"] else "white"
                small = style | {"ms": 2.6, "mew": 0.7}
                axes.plot(100 * float(found["difference"]), y, **small, mfc=face, zorder=4)


def _finish(axes: Axes, rows: list[dict], lines: int) -> None:
    for row in rows:
        axes.axhline(row["y"], color="#e6e6e6", lw=0.5, zorder=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0, labelleft=False)
    axes.tick_params(axis="x", length=2.5, pad=2)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.set_ylim(0.5 - lines, 0.5)


def plot_prompts(
    settings: dict[str, Any], cells: dict[str, Cells], comparisons: list[dict[str, str]]
) -> Figure:
    """Return the figure; `settings` as dag/paper.py plans them, `cells` by prompt."""
    lines = figure_lines(settings["sections"])
    rows = [line for line in lines if "cell" in line]
    benchmarks = settings["benchmarks"]
    differences = {
        (row["cell"], row["prompts"], row["benchmark"]): row
        for row in comparisons
        if row["against"] == "root"
    }
    bases = list(dict.fromkeys([*settings["prompts"], *(key[1] for key in differences)]))
    styles: dict[str, dict[str, Any]] = {
        name: {"color": COLOURS[n % len(COLOURS)], "marker": MARKERS[n % len(MARKERS)]}
        | {"ms": 3.6, "mec": COLOURS[n % len(COLOURS)], "lw": 0}
        for n, name in enumerate(bases)
    }
    compared = {name: styles[name] for name in bases if any(key[1] == name for key in differences)}
    panel_height = LINE * len(lines)
    top = TOP + (NOTE if settings["note"] else 0)
    height = top + 2 * panel_height + BETWEEN + BOTTOM
    figure, panels = plt.subplots(
        2, len(benchmarks), squeeze=False, figsize=(WIDTH, height), sharey=True
    )
    main = settings["prompts"][0]
    for column, benchmark in enumerate(benchmarks):
        name = benchmark["name"]
        records = {
            prompt: {cell: record for (cell, of), record in found.items() if of == name}
            for prompt, found in cells.items()
        }
        draw_accuracies(panels[0][column], rows, records, styles)
        draw_differences(panels[1][column], rows, name, differences, compared)
        panel_title(panels[0][column], benchmark["label"], records[main][rows[0]["cell"]])
        for axes in panels[:, column]:
            _finish(axes, rows, len(lines))
    every = [cells[main]]
    named = [
        {row["cell"]: found[row["cell"], b["name"]] for row in rows}
        for found in every
        for b in benchmarks
    ]
    widths = [write_labels(figure, axes, lines, named) for axes in panels[:, 0]]
    left = (max(widths) + 0.12) / WIDTH
    panel = (0.985 - left - (len(benchmarks) - 1) * GAP / WIDTH) / len(benchmarks)
    figure.subplots_adjust(
        left=left, right=0.985, top=1 - top / height, bottom=BOTTOM / height,
        wspace=GAP / WIDTH / panel, hspace=BETWEEN / panel_height,
    )  # fmt: skip
    figure.suptitle(TITLE, x=0.004, y=1 - 0.06 / height, ha="left", va="top", size=9)
    if settings["note"]:
        figure.text(0.004, 1 - 0.25 / height, settings["note"], va="top", size=7, style="italic")
    middle = (left + 0.985) / 2
    figure.text(
        middle, (BOTTOM + panel_height + BETWEEN - 0.26) / height, ha="center", va="top",
        s="accuracy in percent (above: problems × samples)",
    )  # fmt: skip
    figure.text(
        middle, (BOTTOM - 0.26) / height, ha="center", va="top",
        s="difference from the untrained model in points, 95% interval",
    )  # fmt: skip
    handles = [
        Line2D([], [], **style, mfc=style["color"], label=_label(name))
        for name, style in styles.items()
    ]
    handles.append(
        Line2D(
            [],
            [],
            color=GREY,
            marker="o",
            lw=0,
            ms=3.6,
            mfc="white",
            label="difference without a mark",
        )
    )
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.004, 0.0),
        bbox_transform=figure.transFigure, ncols=len(handles), frameon=False, fontsize=6.5,
        borderaxespad=0.2, columnspacing=1.6, handletextpad=0.2,
    )  # fmt: skip
    return figure


def _label(prompts: str) -> str:
    return "each under its own prompt" if prompts == "own" else f"prompt {prompts}"


def main() -> None:
    """Read the flags and write the figure twice."""
    parser = job_arguments(__doc__)
    parser.add_argument("--pdf", type=Path, required=True, help="the PDF file to write")
    parser.add_argument("--png", type=Path, required=True, help="the PNG file to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "plot_prompts")
    comparisons = [row for path in run.paths("comparisons") for row in read_comparisons(path)]
    with plt.rc_context(STYLE):
        figure = plot_prompts(run.settings, read_cells_by_prompt(run.paths("cells")), comparisons)
        for path in (args.pdf, args.png):
            save_figure(figure, path)
    run.write_record(args.output, args.pdf, args.png)


if __name__ == "__main__":
    main()
