"""Write the list of what the paper leaves open: every value marked ASSUME in a config.

    python -m scripts.list_assumptions config.yaml docs/assumptions.md

No rule of the DAG; `make docs` runs it, and a test compares the two.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from scripts.lib.files import write_text

REASON = re.compile(r"#\s*(?:[^#]*\s)?ASSUME:\s*(?P<reason>.+?)\s*$")
LIST = re.compile(r"(?<=<!-- assumptions -->\n).*(?=<!-- end of assumptions -->)", re.DOTALL)


def assumptions(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (key path, value, reason) of every line with an ASSUME comment, in order.

    A value that goes on below the line is empty here: the reason stands for all of it.
    """
    lines = text.splitlines()
    found = [REASON.search(line) for line in lines]
    for line, path, node in _keys(yaml.compose(text)):
        if comment := found[line]:
            inside = node.end_mark.line == line
            value = text[node.start_mark.index : node.end_mark.index] if inside else ""
            yield ".".join(path), value, comment["reason"]


def _keys(
    node: yaml.Node, path: tuple[str, ...] = ()
) -> Iterator[tuple[int, tuple[str, ...], yaml.Node]]:
    """Yield (line, key path, value's node) of every key that stands first on its line."""
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _keys(item, (*path, str(index)))
    elif isinstance(node, yaml.MappingNode) and not node.flow_style:
        for key, value in node.value:
            if key.value == "<<":  # its keys are listed where they stand
                continue
            yield key.start_mark.line, (*path, key.value), value
            yield from _keys(value, (*path, key.value))


def markdown(text: str) -> str:
    """Return the assumptions of a config as a Markdown table."""
    rows = [
        f"| `{path}` | {f'`{value}`' if value else ''} | {reason} |\n"
        for path, value, reason in assumptions(text)
    ]
    return "".join(["| key | value | reason |\n", "| --- | --- | --- |\n", *rows])


def main() -> None:
    """Put the list of a config into a file that holds the two markers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, help="config.yaml")
    parser.add_argument("page", type=Path, help="the file between whose markers the list goes")
    args = parser.parse_args()
    page = args.page.read_text(encoding="utf-8")
    if not LIST.search(page):
        raise SystemExit(
            f"{args.page}: no lines <!-- assumptions --> and <!-- end of assumptions -->"
        )
    table = markdown(args.config.read_text(encoding="utf-8"))
    write_text(args.page, LIST.sub(lambda _: table, page))


if __name__ == "__main__":
    main()
