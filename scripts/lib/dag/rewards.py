"""Rewards of the user's own, as a job's key and the dry run see them: by their code, unexecuted."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.lib.console import nearest
from scripts.lib.dag.code import file_fingerprint
from scripts.lib.study.cells import Study
from scripts.lib.study.recipes import rewards_of


def reward_settings(study: Study, stage: str) -> dict[str, Any]:
    """Return a stage's rewards: weights, and of an own one the digest of its file's code.

    Where the file stands is no part of them. Raises SystemExit if it cannot be a reward.
    """
    rewards = rewards_of(study, stage)
    own = {name: reward for name, reward in rewards.items() if isinstance(reward, dict)}
    return rewards | {
        name: {
            "weight": reward["weight"],
            "function": reward["function"],
            "code": _checked(name, reward),
        }
        for name, reward in own.items()
    }


def _checked(name: str, reward: dict[str, Any]) -> str:
    """Return the digest of an own reward's code; exit with an error if it cannot be called."""
    file, function = Path(reward["file"]), reward["function"]
    who = f"rewards.{name}: {file}"
    if not file.is_file():
        raise SystemExit(f"{who}: no such file in {Path.cwd()}; correct `file`")
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise SystemExit(f"{who}{line}: not Python: {error.args[0]}") from None
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if function not in defined:
        raise SystemExit(f"{who}: no function {function!r}{nearest(function, defined)}")
    if defined[function].args.kwarg is None:
        raise SystemExit(
            f"{who}, line {defined[function].lineno}: {function} must take **columns too: it is "
            "called with prompts, completions, completion_ids, gold and more"
        )
    for imported in _imported(tree):
        if any(file.with_name(n).exists() for n in (f"{imported}.py", imported)):
            raise SystemExit(
                f"{who}: imports {imported}, which stands beside it; put all of the code into one "
                "file, because a change elsewhere would train nothing again"
            )
    return file_fingerprint(file)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the first part of every name that a file imports from, but for this project's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or alias.name for alias in node.names]
        else:
            continue
        yield from (start for n in names if (start := n.partition(".")[0]) != "scripts")
