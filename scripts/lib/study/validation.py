"""Validating the study's merged config: every mistake is named with its file, line and key."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from scripts.lib.show.inert import escape
from scripts.lib.study.cells import Study
from scripts.lib.study.names import name_mistakes
from scripts.lib.study.schema import LONGEST, KeyPath, schema_mistakes

INTEGER = "tag:yaml.org,2002:int"
DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9_]*)")  # YAML reads 010 as 8, and 1:30 as 90
KEY_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")


def validated_study(
    config: dict[str, Any],
    files: Sequence[Path],
    command_line: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Study:
    """Return the study of a merged config; exit with every mistake in it, one a line.

    `files` are the config files it was merged from, later ones over earlier ones: they are read
    again for what a merged mapping no longer shows, a key given twice and the line of each key.
    `command_line` are the keys that `--config` replaced, `environment` {key: variable} those that
    a variable of the environment did.
    """
    lines: dict[KeyPath, str] = {}
    mistakes: list[str] = []
    for file in files:
        mistakes += _read_lines(file, lines)
    lines = {
        path: line for path, line in lines.items() if path[:1] not in {(k,) for k in command_line}
    }
    lines |= {(key,): "--config" for key in command_line}
    lines |= {(key,): variable for key, variable in (environment or {}).items()}
    if not mistakes:
        found = list(schema_mistakes(config)) or list(name_mistakes(config))
        mistakes = [f"{_place(path, lines)}: {text}" for path, text in dict.fromkeys(found)]
        if any(line.startswith("--config: ") and "not the text" in line for line in mistakes):
            mistakes.append(
                "Numbers within lists are text to --config: give them in a --configfile"
            )
    if mistakes:
        several = ["The study's config has mistakes:"] if len(mistakes) > 1 else []
        raise SystemExit("\n".join([*several, *mistakes]))
    return Study(config)


def _read_lines(file: Path, lines: dict[KeyPath, str]) -> list[str]:
    """Note `file, line n` of every key of a YAML file; return what only its text shows.

    Keys that are given twice or are no text, and numbers to another base than ten.
    """
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return [f"{file}: not YAML: {' '.join(str(error).split())}"]
    mistakes = []
    above: list[yaml.Node] = []  # what the node that is visited stands in

    def visit(node: yaml.Node, path: KeyPath) -> None:
        lines[path] = f"{file}, line {node.start_mark.line + 1}"
        if node in above:
            mistakes.append(f"{lines[path]}: {_dotted(path)}: an alias to what it stands in")
            return
        above.append(node)
        visit_parts(node, path)
        above.pop()

    def visit_parts(node: yaml.Node, path: KeyPath) -> None:
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                visit(item, (*path, index))
        elif node.tag == INTEGER and not DECIMAL.fullmatch(node.value):
            read = yaml.safe_load(node.value)
            mistakes.append(
                f"{lines[path]}: {_dotted(path)}: {node.value} is {read} to YAML; write that, or "
                f"'{node.value}' in quotes if it is meant as text"
            )
        elif isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                line = key.start_mark.line + 1
                if key.tag not in KEY_TAGS:
                    mistakes.append(f"{file}, line {line}: the key {key.value!r} must be text")
                if key.value in seen:
                    mistakes.append(
                        f"{file}, line {line}: {_dotted((*path, key.value))}: given twice"
                    )
                seen.add(key.value)
                visit(value, (*path, key.value))
                lines[(*path, key.value)] = f"{file}, line {line}"

    if root is not None and not isinstance(root, yaml.MappingNode):
        return [f"{file}: must hold keys and values"]
    if root is not None:
        visit(root, ())
    return mistakes


def _place(path: KeyPath, lines: dict[KeyPath, str]) -> str:
    """Return file, line and dotted key of a config path."""
    known = next((path[:end] for end in range(len(path), 0, -1) if path[:end] in lines), None)
    where = f"{lines[known]}: " if known else ""
    return f"{where}{_dotted(path)}" if path else "config"


def _dotted(path: KeyPath) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    short = (part if len(part) <= LONGEST else f"{part[:LONGEST]}..." for part in parts)
    return escape("".join(short).removeprefix("."))
