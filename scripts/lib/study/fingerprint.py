"""Digests of what a job executes: its script's syntax tree, the project's modules, its packages."""

import ast
import functools
import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
# These change no result: they compute the settings, which are in the key already, or what is
# reported about a run, or they fetch what is then compared by its digest, refuse a machine, or say
# when a training makes room for others.
WITHOUT_EFFECT = {
    "scripts.cli",
    "scripts.lib.machine.devices",
    "scripts.lib.data.hub",
    "scripts.lib.machine.memory",
    "scripts.training_cli",
    "scripts.lib.study.config",
    "scripts.lib.study.fingerprint",
    "scripts.lib.study.jobs",
    "scripts.lib.console",
    "scripts.lib.provenance",
    "scripts.lib.training.preemption",
    "scripts.lib.training.program",
    "scripts.lib.engines.vllm_setup",
    "scripts.lib.study.cells",
}


@functools.cache
def code_fingerprint(script: str) -> str:
    """Return one digest of a script and of every module of the project that it imports.

    Modules are compared by syntax tree, docstrings left out, so that a comment, a docstring or a
    change of format alters nothing.
    """
    trees = {name: _tree_digest(name) for name in sorted(_modules(f"scripts.{script}"))}
    return hashlib.sha256(repr(trees).encode()).hexdigest()


@functools.cache
def environment_fingerprint(rule: str) -> str:
    """Return one digest of the pinned packages of the environment that a rule names.

    They are those of its conda file on every machine. A laptop has the same versions without the
    packages for CUDA, so that a new vLLM reruns the demo too: keys that differ between machines
    would cost more.
    """
    text = environment_of(rule).read_text(encoding="utf-8")
    pins = re.findall(r"^ +- ([^\s=]+==[^\s;]+)", text, re.MULTILINE)
    return hashlib.sha256("\n".join(sorted(pins)).encode()).hexdigest()


def environment_of(rule: str) -> Path:
    """Return the conda file of a rule, from the rule itself."""
    named = re.compile(rf'^rule {rule}:\n(?:(?: .*)?\n)*? +conda:\n +"\.\./([^"]+)"', re.MULTILINE)
    for file in sorted((ROOT / "rules").glob("*.smk")):
        if found := named.search(file.read_text(encoding="utf-8")):
            return ROOT / found[1]
    raise SystemExit(f"rules/: no rule {rule} that names its environment as `conda:`")


def _modules(module: str) -> set[str]:
    """Return a module of the project and, followed to the end, those that it imports."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found or name in WITHOUT_EFFECT:
            continue
        found.add(name)
        waiting += _imports(name)
    return found


def _imports(module: str) -> list[str]:
    """Return the project's modules that a module imports, or names in a string to run them."""
    names: list[str] = []
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.append(node.value)
    return [
        name for name in names if re.fullmatch(r"scripts(\.\w+)+", name) and _file(name).exists()
    ]


@functools.cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_file(module).read_text(encoding="utf-8"))


@functools.cache
def _tree_digest(module: str) -> str:
    tree = ast.parse(_file(module).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and (ast.get_docstring(node, clean=False) is not None):
            del node.body[0]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _file(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"
