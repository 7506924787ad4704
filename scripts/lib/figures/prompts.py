"""The figure of prompts: every cell under every prompt, and its differences from its root."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.lib.figures.panels import (
    Line,
    cell_axis,
    figure_lines,
    labels_width,
    panel_grid,
    panel_title,
    value_axis,
)
from scripts.lib.figures.scores import size_of
from scripts.lib.figures.style import GREY, MARK, PAGE, Look, looks, styled
from scripts.lib.figures.texts import footer_height, heading_height, write_footer, write_heading

TITLE = "Accuracy of every cell under every prompt, and its difference from the untrained model"
LINE, TITLES, AXIS, GAP, BETWEEN = 0.142, 0.3, 0.24, 0.14, 0.42  # inches
SPREAD = 0.48  # of a line's height: what stands in two lines is further apart than what is in one


def draw_accuracies(
    axes: Axes, rows: list[Line], frame: pd.DataFrame, prompts: dict[str, Look]
) -> None:
    """Draw one benchmark's accuracies in percent: a marker per prompt, joined by a line."""
    for row in rows:
        found = frame[frame["cell"] == row["cell"]].set_index("prompt")["accuracy"].dropna()
        for prompt, look in prompts.items():
            if prompt in found.index:
                point = {"marker": look.marker, "color": look.colour, "ms": MARK, "lw": 0}
                axes.plot(found[prompt], row["y"], **point, zorder=4, clip_on=False)
        if len(found) > 1:
            axes.hlines(row["y"], found.min(), found.max(), color="#b0b0b0", lw=1.0, zorder=2)
    end = frame["accuracy"].max()
    value_axis(axes, 0, 100 if pd.isna(end) else min(100, 1.06 * end))


def draw_differences(
    axes: Axes, rows: list[Line], frame: pd.DataFrame, prompts: dict[str, Look]
) -> None:
    """Draw one benchmark's differences in points, with intervals, side by side in a cell's line."""
    axes.axvline(0, color="black", lw=0.6, zorder=1)
    step = SPREAD / max(1, len(prompts) - 1)
    found = frame.set_index(["cell", "prompts"])
    for row in rows:
        for number, (name, look) in enumerate(prompts.items()):
            if (row["cell"], name) not in found.index:
                continue
            of, y = found.loc[(row["cell"], name)], row["y"] + SPREAD / 2 - number * step
            axes.hlines(y, of["low"], of["high"], color=look.colour, lw=0.7, zorder=3)
            face = look.colour if of["marked"] else "white"
            point = {"marker": look.marker, "mfc": face, "mec": look.colour, "mew": 0.7}
            axes.plot(of["difference"], y, **point, ms=2.6, lw=0, zorder=4)
    low, high = frame["low"].min(), frame["high"].max()
    if not pd.isna(low):
        value_axis(axes, 1.06 * min(low, -1), 1.06 * max(high, 1))


def label_of_prompts(prompts: str) -> str:
    """Return what the legend calls a prompt of both sides."""
    return "each under its own prompt" if prompts == "own" else f"prompt {prompts}"


@styled
def draw_prompts(
    settings: dict[str, Any], frame: pd.DataFrame, comparisons: pd.DataFrame
) -> Figure:
    """Return the figure; `settings` as dag/figures.py plans them.

    `frame` is that of scores_frame with the prompt of each row, `comparisons` that of
    comparisons_frame.
    """
    lines = figure_lines(settings["sections"])
    rows = [line for line in lines if "cell" in line]
    benchmarks = settings["benchmarks"]
    against = comparisons[comparisons["against"] == "root"].dropna(subset="difference")
    prompts = looks(list(dict.fromkeys([*settings["prompts"], *against["prompts"]])))
    compared = {n: look for n, look in prompts.items() if (against["prompts"] == n).any()}
    daggers = set(frame.loc[frame["collapsed"], "cell"])
    left = labels_width(lines, daggers)
    handles = [look.handle(label_of_prompts(name), lw=0) for name, look in prompts.items()]
    handles.append(Look(GREY, "o").handle("difference without a mark", lw=0, mfc="white"))
    text = (
        "Upper panels: accuracy in percent (above: problems × samples). Lower panels: difference "
        "from the untrained model in points, with its 95% interval."
    )
    footer = (text, handles, len(handles))
    figure, panels = panel_grid(
        2 * len(benchmarks), len(benchmarks), (0, LINE * len(lines)), width=PAGE, left=left,
        top=heading_height(PAGE, TITLE, settings["note"]) + TITLES,
        bottom=AXIS + footer_height(PAGE, *footer), gaps=(GAP, BETWEEN),
    )  # fmt: skip
    main = settings["prompts"][0]
    pairs = zip(panels[: len(benchmarks)], panels[len(benchmarks) :], strict=True)
    for number, ((upper, lower), benchmark) in enumerate(zip(pairs, benchmarks, strict=True)):
        of = frame[frame["benchmark"] == benchmark["name"]]
        differences = against[against["benchmark"] == benchmark["name"]]
        for axes in (upper, lower):
            cell_axis(axes, lines, 0 if number else left, daggers)
        draw_accuracies(upper, rows, of, prompts)
        draw_differences(lower, rows, differences, compared)
        panel_title(upper, benchmark["label"], size_of(of[of["prompt"] == main]))
    write_heading(figure, TITLE, settings["note"])
    write_footer(figure, *footer)
    return figure
