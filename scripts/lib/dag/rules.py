"""What the Snakemake rules themselves say: a rule's command and its environment."""

import ast
import functools
import re

from scripts.lib.dag.code import ROOT

# The part of every job's shell environment that numbers depend on.
SHELL = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
NO_RESULT = re.compile(r"&> ?\{log[^}]*\}|--key \{params\.key\}")


@functools.cache
def _rules() -> dict[str, str]:
    """Return {rule: its text} of all rule files."""
    texts = (file.read_text(encoding="utf-8") for file in sorted((ROOT / "rules").glob("*.smk")))
    block = re.compile(r"^rule (\w+):\n((?:(?: .*)?\n)*)", re.MULTILINE)
    return {found[1]: found[2] for text in texts for found in block.finditer(text)}


def _section(rule: str, name: str) -> str:
    if rule not in _rules():
        raise SystemExit(f"rules/: no rule {rule}")
    found = re.search(rf"^    {name}:\n((?:        .*\n)+)", _rules()[rule], re.MULTILINE)
    if not found:
        raise SystemExit(f"rules/: the rule {rule} has no `{name}:`")
    return found[1].strip()


def command_of(rule: str) -> str:
    """Return a rule's shell command without what no result depends on.

    Raises SystemExit if there is no such rule or it has no command.
    """
    command = ast.literal_eval(f"({_section(rule, 'shell')})")
    return " ".join(NO_RESULT.sub("", command).split())


def environment_of(rule: str) -> str:
    """Return the name of a rule's environment, that of a file envs/NAME.yaml.

    Raises SystemExit if there is no such rule or it names none.
    """
    found = re.search(r'"(\w+)"', _section(rule, "conda"))
    if not found:
        raise SystemExit(f"rules/: the rule {rule} names no environment as `conda:`")
    return found[1]
