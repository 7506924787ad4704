"""A quick start and a quick end of programs that load torch and transformers.

They import thousands of modules, which Python's garbage collector would walk through again and
again: a third of the time of LightEval's import, and more than a second when a program ends.
"""

import atexit
import contextlib
import functools
import gc
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quick_imports(without: str | None = None) -> Iterator[None]:
    """Import without collecting garbage, and set apart what was imported: it is never garbage.

    Only imports belong in here: what else becomes garbage meanwhile, a model say, stays in memory.

    `without` names a package that the imports shall find absent, unless it was imported before:
    transformers imports scikit-learn, and SciPy with it, wherever it is installed (LightEval brings
    it), for generation with a draft model alone. None is Python's own mark for an absent module.
    """
    _end_quickly()
    hidden = without is not None and without not in sys.modules
    if hidden:
        sys.modules[without] = None  # type: ignore[index, assignment]
    enabled, before = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > before:  # else nothing was imported, and garbage would be kept
            gc.freeze()
        if enabled:
            gc.enable()
        if hidden:
            del sys.modules[without]  # type: ignore[arg-type]


@functools.cache
def _end_quickly() -> None:
    """Let the program's end collect nothing: all of its memory goes back to the system anyway."""
    atexit.register(gc.freeze)
