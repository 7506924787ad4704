"""The code that a job reaches, as one digest, definition by definition.

From a script on, every top-level function, class and constant that it uses counts, wherever it
stands, and what importing a module executes. Definitions are compared by their syntax trees without
what changes no result: docstrings, annotations, imports and names of modules, messages of
exceptions, progress lines, help texts.
"""

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scripts.lib.engines import ENGINES

ROOT = Path(__file__).parents[3]

# Trusted to change no result: they compute the settings, which are in the key already, plan, check
# or report, hand a script its inputs, fetch what is then compared by its digest, refuse a machine,
# or make room for others.
WITHOUT_EFFECT = (
    "scripts.check_model",
    "scripts.cli",
    "scripts.lib.console",
    "scripts.lib.dag",
    "scripts.lib.data.hub",
    "scripts.lib.data.hub_names",
    "scripts.lib.engines.vllm_setup",
    "scripts.lib.machine",
    "scripts.lib.model.integrity",
    "scripts.lib.provenance",
    "scripts.lib.records",
    "scripts.lib.study",
    "scripts.lib.training.launcher",
    "scripts.lib.training.preemption",
    "scripts.lib.training.program",
    "scripts.lib.training.progress",
)
PROGRESS = {"print", "report"}  # calls that write to the console or the log alone
HELP = {"description", "epilog", "help", "metavar"}  # what a command line says of itself

Reference = tuple[str, str]  # a module's name and that of a definition in it


@functools.cache
def code_fingerprint(module: str) -> str:
    """Return one digest of a program and of all definitions that it reaches."""
    return _fingerprint((module,), boundary=tuple(m for ms in ENGINES.values() for m in ms))


@functools.cache
def engine_fingerprint(engine: str) -> str:
    """Return one digest of the code that generates with an engine."""
    others = tuple(m for name, ms in ENGINES.items() if name != engine for m in ms)
    return _fingerprint(ENGINES[engine], boundary=others)


def file_fingerprint(file: Path) -> str:
    """Return one digest of a user's own Python file and of what it reaches in the project."""
    return _fingerprint((str(file.absolute()),), boundary=())


def _fingerprint(programs: tuple[str, ...], boundary: tuple[str, ...]) -> str:
    def counts(module: str) -> bool:
        return not any(module == m or module.startswith(f"{m}.") for m in excluded)

    excluded = (*WITHOUT_EFFECT, *boundary)
    digests: set[str] = set()
    executed: set[str] = set()
    reached: set[Reference] = set()
    waiting: list[Reference] = [
        (program, name) for program in programs for name in ("*", "__main__")
    ]
    while waiting:
        module, name = waiting.pop()
        if (module, name) in reached or not counts(module):
            continue
        reached.add((module, name))
        found = list(_definitions(module, name))
        if module not in executed:
            executed.add(module)
            found += _definitions(module, "")
            waiting += [(imported, "") for imported in _module(module).executes]
        for definition in found:
            targets = [t for r in definition.references if counts(r[0]) for t in _definitions(*r)]
            digests.add(" ".join([definition.digest, *(target.digest for target in targets)]))
            waiting += definition.references
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


# ---------------------------------------------------------------------------------- one module


class Definition(NamedTuple):
    """A top-level statement: its digest, and the definitions that it uses, in their order."""

    digest: str
    references: list[Reference]


class Module(NamedTuple):
    """A module's definitions by name; under "" what its import executes; its `__main__` part."""

    definitions: dict[str, list[Definition]]
    imports: dict[str, str]  # a name bound by an import -> the dotted name of what it stands for
    executes: list[str]  # the project's modules that its import executes


def _definitions(module: str, name: str) -> Iterator[Definition]:
    """Yield a module's definitions of a name, "*" for all, wherever it imports it from."""
    known = _module(module)
    if name == "*":
        yield from (d for of, ds in known.definitions.items() if of != "__main__" for d in ds)
    elif name in known.definitions:
        yield from known.definitions[name]
    elif target := _reference(known.imports.get(name, "")):
        yield from _definitions(*target)


@functools.cache
def _module(name: str) -> Module:
    path = _file(name)
    if path is None:
        return Module({}, {}, [])
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = path.name == "__init__.py" or name.startswith("/")  # no package executes before it
    package = name if alone else name.rpartition(".")[0]
    targets = list(_targets(tree.body, package))
    imports = {bound: stands_for for bound, _, stands_for in targets}
    defined = {bound for statement in tree.body for bound in _bound(statement)}
    definitions: dict[str, list[Definition]] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom) or _is_docstring(statement):
            continue
        if _guards(statement, "TYPE_CHECKING"):
            continue
        names = _bound(statement) or (["__main__"] if _guards(statement, "__name__") else [""])
        normal = _Normal(name, package, imports, defined)
        tree_of = normal.visit(statement)
        if tree_of is None:  # a progress line
            continue
        digest = hashlib.sha256(ast.dump(tree_of).encode()).hexdigest()
        for bound in names:
            definitions.setdefault(bound, []).append(Definition(digest, normal.references))
    for bound, dotted, _ in targets:
        reference = _reference(dotted)
        if reference and (bound == "*" or imports[bound] != dotted):  # one of several of this name
            definitions.setdefault("", []).append(Definition("", [reference]))
    executes = [package] if package != name else []
    executes += [m for _, dotted, _ in targets if (m := _module_of(dotted))]
    return Module(definitions, imports, executes)


def _file(module: str) -> Path | None:
    if module.startswith("/"):  # a user's own file
        return Path(module)
    place = ROOT / module.replace(".", "/")
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path
    return None


def _module_of(dotted: str) -> str | None:
    """Return the longest start of a dotted name that is a module of the project."""
    parts = dotted.split(".")
    if parts[0] != "scripts":
        return None
    starts = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((start for start in starts if _file(start)), None)


def _reference(dotted: str) -> Reference | None:
    """Return (module, definition) of a dotted name of the project; "*" for a module itself."""
    if not (module := _module_of(dotted)):
        return None
    rest = dotted.removeprefix(module).lstrip(".")
    return module, rest.partition(".")[0] or "*"


def _targets(statements: list[ast.stmt], package: str) -> Iterator[tuple[str, str, str]]:
    """Yield (bound name, dotted name imported, what is bound) of imports, but for functions'."""
    for node in (node for statement in statements for node in _walk(statement)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                start = alias.name.partition(".")[0]
                yield alias.asname or start, alias.name, alias.name if alias.asname else start
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            for alias in node.names:
                dotted = f"{base}.{alias.name}"
                yield alias.asname or alias.name, dotted, dotted


def _imports(statements: list[ast.stmt], package: str) -> dict[str, str]:
    """Return {bound name: dotted name} of imports in statements, but for those in functions."""
    return {name: bound for name, _, bound in _targets(statements, package)}


def _walk(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield a statement and the statements within it that its module's import executes."""
    yield statement
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.stmt | ast.ExceptHandler):
                yield from _walk(child)  # type: ignore[arg-type]


def _bound(statement: ast.stmt) -> list[str]:
    """Return the names that a top-level definition or assignment binds."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    names = [t for target in targets for t in getattr(target, "elts", [target])]
    return [n.id for n in names] if all(isinstance(n, ast.Name) for n in names) else []


def _guards(statement: ast.stmt, name: str) -> bool:
    """Say whether a statement is an `if` on this name."""
    return isinstance(statement, ast.If) and name in ast.unparse(statement.test)


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


class _Normal(ast.NodeTransformer):
    """Takes out of a statement what changes no result, and notes which definitions it uses."""

    def __init__(
        self, module: str, package: str, imports: dict[str, str], defined: set[str]
    ) -> None:
        self.module, self.package, self.defined = module, package, defined
        self.imports = imports
        self.references: list[Reference] = []

    def _named(self, dotted: str, node: ast.expr) -> ast.expr:
        """Return the name of an imported thing: a definition's own, or a library's dotted one."""
        name = dotted
        if reference := _reference(dotted):
            self.references.append(reference)
            name = dotted.removeprefix(reference[0]).lstrip(".") or "module"
        return ast.copy_location(ast.Name(id=name, ctx=ast.Load()), node)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.defined:  # perhaps an import that is bound anew
            self.references.append((self.module, node.id))
        if node.id in self.imports:
            return self._named(self.imports[node.id], node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        names, value = [node.attr], node.value
        while isinstance(value, ast.Attribute):
            names.append(value.attr)
            value = value.value
        if not (isinstance(value, ast.Name) and value.id in self.imports):
            return self.generic_visit(node)  # type: ignore[return-value]
        start = self.imports[value.id]
        module = _module_of(start)
        if module is None or _reference(start) == (module, "*"):
            return self._named(".".join([start, *reversed(names)]), node)
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        """Follow a string that names a module, to run it."""
        if isinstance(node.value, str) and node.value.startswith("scripts.") and _file(node.value):
            self.references.append((node.value, "*"))
        return node

    def _visit_block(self, node: ast.AST) -> ast.AST:
        inner = _Normal(self.module, self.package, self.imports, self.defined)
        body = node.body  # type: ignore[attr-defined]
        # Imports within a function hold for all of it, and for no other.
        inner.imports = self.imports | _imports(body, self.package)
        inner.references = self.references
        if body and _is_docstring(body[0]):
            del body[0]
        inner.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._visit_block(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._visit_block(node)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Keep the name, which is a field of a class, and the value."""
        target = self.visit(node.target)
        if node.value is None:
            return ast.Expr(value=target)
        return ast.Assign(targets=[target], value=self.visit(node.value), lineno=0)

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        for alias in node.names:
            if module := _module_of(alias.name):
                self.references.append((module, ""))
        return None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        for dotted in _imports([node], self.package).values():
            if module := _module_of(dotted):
                self.references.append((module, ""))
        return None

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            node.exc.args = [arg for arg in node.exc.args if not _is_text(arg)]
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "SystemExit":
            node.args = [arg for arg in node.args if not _is_text(arg)]
        if getattr(node.func, "attr", getattr(node.func, "id", "")).startswith(
            ("add_argument", "ArgumentParser", "job_arguments")
        ):
            node.keywords = [k for k in node.keywords if k.arg not in HELP]
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        call = node.value
        if isinstance(call, ast.Call) and getattr(call.func, "id", None) in PROGRESS:
            if any(keyword.arg == "file" for keyword in call.keywords):
                return self.generic_visit(node)
            return None
        return self.generic_visit(node)


def _is_text(node: ast.expr) -> bool:
    """Say whether an expression is a message: a string, perhaps put together."""
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    if isinstance(node, ast.IfExp):
        return _is_text(node.body) and _is_text(node.orelse)
    if isinstance(node, ast.Call):  # "; ".join(...)
        return isinstance(node.func, ast.Attribute) and _is_text(node.func.value)
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
