"""Let Snakemake say in one line what it cannot read: a config file, or a `--config`.

Snakemake reads both before the Snakefile, and names neither the file nor the line, or ends with a
traceback. `make setup` puts this module into the environment, where Python runs it before Snakemake
(snakemake_input.pth). Behind slurm_import.py: what is imported here imports SLURM's executor.
"""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from snakemake import cli
from snakemake.common import configfile
from snakemake_interface_common.exceptions import WorkflowError

LARGEST = 100_000  # values of a file; the study's own has 500
TARGET = "; if it is a target, put `--` before it"
ALIAS = "an alias stands in what it names; write the value out"
UNREADABLE = (WorkflowError, yaml.YAMLError, OSError, ValueError, RecursionError, TypeError)


def reader(read: Callable[..., Any]) -> Callable[..., Any]:
    """Return Snakemake's reader of a config file, with one line for what is wrong."""

    def named(path: Any, filetype: str = "Config") -> Any:
        try:
            loaded = read(path, filetype)
            if filetype == "Config" and not isinstance(loaded, dict):
                raise SystemExit(f"{path}: holds no keys with values; write them as `key: value`")
            for number, _ in enumerate(values(loaded, [])):
                if number > LARGEST:
                    raise SystemExit(f"{path}: more than {LARGEST:,} values, by aliases of aliases")
        except UNREADABLE as error:
            raise SystemExit(f"{path}{reason(path, error)}") from None
        return loaded

    return named


def values(value: Any, above: list[Any]) -> Iterator[Any]:
    """Yield a value and all in it.

    Raises RecursionError if one stands in itself by an alias, TypeError for a Python object.
    """
    if any(value is one for one in above):
        raise RecursionError
    if not isinstance(value, dict | list | str | int | float | date | None):
        raise TypeError(f"not YAML: {value!r} is a Python object; write the value out")
    yield value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from values(part, [*above, value])


def reason(path: Any, error: BaseException) -> str:
    """Return what is wrong with a file, and what helps, to stand behind its name."""
    while isinstance(error, WorkflowError) and error.__context__ is not None:
        error = error.__context__  # its own text names no line
    if isinstance(error, yaml.YAMLError | RecursionError):
        try:  # Snakemake's loader runs problem and line together
            yaml.compose(Path(path).read_bytes(), Loader=yaml.SafeLoader)
        except yaml.YAMLError as plain:
            error = plain
        except RecursionError:
            return ": nested too deeply; write it flatter"
    if isinstance(error, yaml.MarkedYAMLError):
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        tab = "; indent with blanks, not with tabs" if "'\\t'" in str(error.problem) else ""
        return f"{line}: not YAML: {error.problem}{tab}"
    if isinstance(error, UnicodeDecodeError):
        return f": byte {error.start} is no UTF-8 ({error.reason}); save it as a UTF-8 text file"
    if isinstance(error, yaml.reader.ReaderError):
        return f": no text file: character {error.position} is U+{error.character:04X}; give YAML"
    if isinstance(error, RecursionError):
        return f": {ALIAS}"
    if isinstance(error, IsADirectoryError):
        return ": a folder; give a config file"
    if isinstance(error, FileNotFoundError):
        target = "" if str(path).endswith((".yaml", ".yml", ".json")) else TARGET
        return f": no such file{target}"
    if isinstance(error, OSError):
        return f": {error.strerror or error}"
    said = " ".join(str(error).split())
    return f": not YAML: {said.split(';')[0]}" if isinstance(error, ValueError) else f": {said}"


def parser(parse: Callable[..., Any]) -> Callable[..., Any]:
    """Return Snakemake's parser of `--config`, with one line for what is wrong."""

    def named(entries: Any) -> Any:
        try:
            return parse(entries)
        except ValueError as error:
            given = " ".join(map(str, entries))
            raise SystemExit(
                f"--config {given}: {error} Nested keys stand in a --configfile."
            ) from None

    return named


configfile._load_configfile = reader(configfile._load_configfile)
cli.parse_config = parser(cli.parse_config)
