"""Draw the accuracy of every cell on every benchmark, with its 95% interval, as PDF and PNG.

One panel per benchmark, one line per cell, in the order and sections of the tables; a cell that
stands in several tables is drawn once. The vertical line through a cell is the accuracy of the
untrained model that it started from; the dotted one is chance, always giving the most common
answer. A star marks a cell that differs from that model, by the family `root` of comparisons.csv.
Equal records make equal bytes.
"""

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from scripts.cli import job_arguments, planned_run
from scripts.lib.scores.figures import (
    BOTTOM,
    COLOURS,
    GAP,
    GREY,
    LINE,
    NOTE,
    STYLE,
    TOP,
    WIDTH,
    figure_lines,
    panel_title,
    save_figure,
    write_labels,
)
from scripts.lib.scores.marks import NONE, Marks, root_marks
from scripts.lib.scores.table_cells import read_cells
from scripts.lib.study.cells import model_of

TITLE = "Accuracy of every cell"
Cells = dict[tuple[str, str], dict]  # {(cell, benchmark): record}, as score_cell writes them


def draw_panel(
    axes: Axes, rows: list[dict], records: dict[str, dict], colours: dict, marks: dict[str, str]
) -> None:
    """Draw one benchmark: `records` and `marks` by cell, `colours` by untrained model."""
    for row in rows:
        record, root = records[row["cell"]], model_of(row["cell"])
        colour, y = colours[root], row["y"]
        axes.axhline(y, color="#e6e6e6", lw=0.5, zorder=0)
        base = records.get(root)
        if base and base["accuracy"] is not None:
            axes.vlines(100 * base["accuracy"], y - 0.5, y + 0.5, color=colour, lw=0.8, alpha=0.55)
        if record["accuracy"] is None:
            axes.annotate(
                "‡", (0, y), (4, 0), textcoords="offset points", color=colour, size=8, va="center"
            )
            continue
        low, high = (100 * end for end in record["interval"])
        axes.hlines(y, low, high, color=colour, lw=1.3, zorder=3)
        if mark := marks.get(row["cell"], ""):
            axes.annotate(
                mark, (high, y), (1, -1.5), textcoords="offset points", color=colour, va="center"
            )
        face = "white" if row["cell"] == root else colour
        point = 100 * record["accuracy"]
        axes.plot(point, y, "o", ms=3.8, mfc=face, mec=colour, mew=1.0, zorder=4, clip_on=False)
    for record in records.values():
        if record["chance"]:
            axes.axvline(100 * record["chance"]["accuracy"], color=GREY, lw=0.9, ls=":", zorder=1)
            break
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.axvline(0, color="black", lw=0.6, zorder=1)
    axes.tick_params(axis="y", length=0, labelleft=False)
    axes.tick_params(axis="x", length=2.5, pad=2)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ends = [100 * record["interval"][1] for record in records.values() if record["interval"]]
    axes.set_xlim(0, min(100.0, 1.08 * max(ends, default=100.0)))


def legend_handles(rows: list[dict], colours: dict, collapsed: bool, marked: bool) -> list[Line2D]:
    """Return what the figure's marks mean."""
    labels = {row["cell"]: row["label"] for row in rows}
    dots = {"marker": "o", "ms": 3.8, "lw": 1.3}
    handles = [
        Line2D([], [], color=colour, **dots, label=f"from {labels.get(root, root)}")
        for root, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color=GREY, **dots, mfc="white", label="untrained"),
        Line2D(
            [],
            [],
            color=GREY,
            marker="|",
            ms=8,
            lw=0,
            label="the untrained model that it started from",
        ),
        Line2D([], [], color=GREY, lw=0.9, ls=":", label="chance (most common answer)"),
    ]
    if marked:
        handles.append(
            Line2D([], [], color=GREY, marker="$*$", lw=0, label="differs from that model")
        )
    if collapsed:
        handles.append(Line2D([], [], color=GREY, marker="$‡$", lw=0, label="training collapsed"))
    return handles


def plot_scores(settings: dict, cells: Cells, marks: Marks = NONE) -> Figure:
    """Return the figure of all cells and benchmarks; `settings` as dag/paper.py plans them."""
    lines = figure_lines(settings["sections"])
    rows = [line for line in lines if "cell" in line]
    roots = list(dict.fromkeys(model_of(row["cell"]) for row in rows))
    colours = {root: COLOURS[index % len(COLOURS)] for index, root in enumerate(roots)}
    benchmarks = settings["benchmarks"]
    records = [
        {row["cell"]: cells[row["cell"], benchmark["name"]] for row in rows}
        for benchmark in benchmarks
    ]
    marked = any(marks.of(row["cell"], b["name"]) for row in rows for b in benchmarks)
    top, bottom = TOP + (NOTE if settings["note"] else 0), BOTTOM + (NOTE if marked else 0)
    height = top + bottom + LINE * len(lines)
    figure, panels = plt.subplots(
        1, len(benchmarks), sharey=True, squeeze=False, figsize=(WIDTH, height)
    )
    for axes, benchmark, group in zip(panels[0], benchmarks, records, strict=True):
        own = {row["cell"]: marks.of(row["cell"], benchmark["name"]) for row in rows}
        draw_panel(axes, rows, group, colours, own)
        panel_title(axes, benchmark["label"], group[rows[0]["cell"]])
    panels[0][0].set_ylim(0.5 - len(lines), 0.5)
    labels = write_labels(figure, panels[0][0], lines, records)
    left = (labels + 0.12) / WIDTH
    panel = (0.985 - left - (len(benchmarks) - 1) * GAP / WIDTH) / len(benchmarks)
    figure.subplots_adjust(
        left=left, right=0.985, top=1 - top / height, bottom=bottom / height,
        wspace=GAP / WIDTH / panel,
    )  # fmt: skip
    figure.suptitle(TITLE, x=0.004, y=1 - 0.06 / height, ha="left", va="top", size=9)
    if settings["note"]:
        figure.text(0.004, 1 - 0.25 / height, settings["note"], va="top", size=7, style="italic")
    seeds = max(len(record["seeds"]) for group in records for record in group.values())
    spread = "seeds and problems" if seeds > 1 else "problems and samples of one run"
    figure.text(
        (left + 0.985) / 2, 0.42 / height, ha="center", va="bottom",
        s=f"accuracy in percent, 95% interval over {spread} (above: problems × samples)"
        + (f"\n* {marks.meaning}" if marked else ""),
    )  # fmt: skip
    collapsed = any(record["status"] == "collapsed" for g in records for record in g.values())
    figure.legend(
        handles=legend_handles(rows, colours, collapsed, marked),
        loc="lower left", bbox_to_anchor=(0.004, 0.0), bbox_transform=figure.transFigure,
        ncols=3, frameon=False, fontsize=6.5, borderaxespad=0.2, columnspacing=1.6,
    )  # fmt: skip
    return figure


def main() -> None:
    """Read the flags and write the figure twice."""
    parser = job_arguments(__doc__)
    parser.add_argument("--pdf", type=Path, required=True, help="the PDF file to write")
    parser.add_argument("--png", type=Path, required=True, help="the PNG file to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "plot_scores")
    with plt.rc_context(STYLE):
        marks = root_marks(run.paths("comparisons"), run.settings["prompt"])
        figure = plot_scores(run.settings, read_cells(run.paths("cells")), marks)
        for path in (args.pdf, args.png):
            save_figure(figure, path)
    run.write_record(args.output, args.pdf, args.png)


if __name__ == "__main__":
    main()
