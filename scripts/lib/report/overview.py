"""The first page's parts: tables with links into their cells, texts, the environment."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import pandas as pd
from markdown_it import MarkdownIt
from markupsafe import Markup

from scripts.lib.scores.conclusions import DEPENDS
from scripts.lib.tables.markdown import PAPER

EMPTY = ("", "–")
OWN = "own"  # of comparisons: each side under its own prompt
MACHINE = (
    "host",
    "platform",
    "processor",
    "cpu_capability",
    "device",
    "engine",
    "git_commit",
)
HEAD = 2  # lines of a table before its rows
MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
# What each figure is called, and what it shows, for those who do not see it.
FIGURES = {
    "scores": (
        "All cells and benchmarks",
        "Accuracy of every cell on every benchmark with its interval; the tables have the numbers",
    ),
    "prompts": (
        "The same cells under every prompt",
        "Accuracy of each cell under each prompt; the table of prompts has the numbers",
    ),
    "costs": (
        "Accuracy and cost",
        "Mean accuracy of each cell over its hours of training; the table of costs has the numbers",
    ),
    "reported": (
        "The paper's numbers and these",
        "Each accuracy that the paper prints against the one measured here",
    ),
    "gains": (
        "What each last stage changed",
        "Difference of each trained cell to its parent with its interval, as in comparisons.csv",
    ),
    "curves": (
        "Training curves",
        "Loss of fine-tuning and reward, divergence, entropy and length of RL over the steps",
    ),
    "dag": (
        "The study's cells",
        "Which model each stage starts from and which data it is trained on",
    ),
}
TITLE = re.compile(r"\A#+ .*\n+")


def html(markdown: str, deeper: int = 0) -> Markup:
    """Return Markdown as HTML; markup within it is text. Headings are `deeper` levels lower.

    An empty head of a column is an entry: a screen reader would announce a head without a name.
    """
    tokens = MARKDOWN.parse(markdown)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + deeper)}"
    for opened, text, closed in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opened.type == "th_open" and not text.content:
            opened.tag = closed.tag = "td"
    return Markup(MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}))


def without_title(markdown: str) -> str:
    """Return a text without the heading that it begins with.

    >>> without_title("### A table.\\n\\nText\\n")
    'Text\\n'
    """
    return TITLE.sub("", markdown)


def link(cell: str, benchmark: str, prompt: str) -> str:
    """Return where the report shows a cell's completions.

    >>> link("toy+rl", "gsm8k", "boxed")
    '#cell=toy%2Brl&prompt=boxed&benchmark=gsm8k'
    """
    named = {"cell": cell, "prompt": prompt, "benchmark": benchmark}
    return "#" + "&".join(f"{name}={quote(value, safe='')}" for name, value in named.items())


def with_links(markdown: str, frame: pd.DataFrame, prompt: str) -> str:
    """Return a table in which each number of a cell links to its completions.

    `frame` is the table's CSV file, which names the cells of its rows in their order: `cell`,
    `benchmark`, and `prompt` where a table has several; without one, all are under `prompt`.
    Raises ValueError if the table has other rows than the frame.
    """
    several = "prompt" in frame
    known = frame if several else frame.assign(prompt=prompt)
    known = known[known["prompt"] != OWN]
    by_row = known.groupby(["section", "cell", "prompt"], sort=False)["benchmark"]
    waiting = [(cell, under, list(names)) for (_, cell, under), names in by_row]
    first = 2 if several else 1  # the first column with numbers
    lines, in_table = [], 0
    for line in markdown.splitlines():
        entries = _entries(line)
        in_table = in_table + 1 if entries else 0
        if in_table > HEAD and _is_row(entries, set(known["prompt"]) if several else None):
            if not waiting or len(waiting[0][2]) != len(entries) - first:
                raise ValueError(f"a table has a row that its frame has not: {line}")
            cell, under, names = waiting.pop(0)
            numbers = [
                text if text in EMPTY else f"[{_inside(text)}]({link(cell, name, under)})"
                for text, name in zip(entries[first:], names, strict=True)
            ]
            line = f"| {' | '.join([*entries[:first], *numbers])} |"
        lines.append(line)
    if waiting:
        raise ValueError(f"a table lacks rows of its frame: {waiting}")
    return "\n".join(lines) + "\n"


def _is_row(entries: Sequence[str], prompts: set[str] | None) -> bool:
    """Say whether a table's line has the numbers of a cell; where given, under one of prompts."""
    if not any(entries[1:]) or entries[0].startswith(PAPER):
        return False
    return prompts is None or entries[1] in prompts


def _entries(line: str) -> list[str]:
    """Return the entries of a table's line; none of any other."""
    if not line.startswith("|"):
        return []
    return [text.strip() for text in re.split(r"(?<!\\)\|", line)[1:-1]]


def _inside(text: str) -> str:
    return text.replace("[", r"\[").replace("]", r"\]")


def conclusions(markdown: str) -> Markup:
    """Return the conclusions, their headings from h3 on, what depends on the prompt folded away."""
    blocks = without_title(markdown).split("\n\n")
    made = []
    for before, block in zip(["", *blocks], blocks, strict=False):
        if block == f"{DEPENDS.capitalize()}:":
            continue
        if before == f"{DEPENDS.capitalize()}:":
            count = block.count("\n- ") + 1
            summary = f"{DEPENDS.capitalize()}: {count} pair{'s' if count > 1 else ''} of cells"
            made.append(
                Markup("<details><summary>{}</summary>{}</details>").format(summary, html(block))
            )
        else:
            made.append(html(block, deeper=-1))
    return Markup("\n").join(made)


def environment(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the hosts, commits, devices, engines and package versions of trainings and runs."""
    found: dict[str, set[str]] = {}
    packages: dict[str, set[str]] = {}
    for record in records:
        for name in MACHINE:
            if record.get(name):
                found.setdefault(name, set()).add(str(record[name]))
        for package, version in record.get("versions", {}).items():
            packages.setdefault(package, set()).add(version)
    facts = {name: sorted(values) for name, values in sorted(found.items())}
    return facts | {"versions": {name: sorted(packages[name]) for name in sorted(packages)}}


def assumptions(rows: Iterable[tuple[str, str, str]]) -> Markup:
    """Return the assumptions of a config as a table: key, value, reason."""
    row = Markup("<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>")
    body = Markup("").join(row.format(*of_key) for of_key in rows)
    head = Markup("<thead><tr><th>Key</th><th>Value</th><th>Reason</th></tr></thead>")
    return Markup("<table>{}<tbody>{}</tbody></table>").format(head, body)


def missing(rows: Sequence[str], cells: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return what a reader may look for and does not find, each with the reason."""
    found = [
        {"what": row, "reason": "the paper prints this row; this study does not have it"}
        for row in rows
    ]
    for cell in cells:
        if cell["status"] == "collapsed" and cell["accuracy"] is None:
            what = f"{cell['cell']} on {cell['benchmark']}, prompt {cell['prompt']}"
            found.append({"what": what, "reason": "no seed of its training left a model"})
    return found
