"""A reward of the user's own: a function in a file that the config names, in TRL's signature."""

import importlib.util
import traceback
from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

Reward = Callable[..., list[float]]


def own_reward(name: str, file: Path, function: str) -> Reward:
    """Return a function of a file as a reward, called `{name}_reward` in the log.

    Raises SystemExit, naming the file and its line, if it cannot be loaded, if a call fails, or if
    a call does not return one finite number per completion.
    """
    call = getattr(_module(name, file), function, None)
    if not callable(call):
        raise SystemExit(f"reward {name}: {file} has no function {function!r}")

    def reward(completions: Sequence[Any], **columns: Any) -> list[float]:
        try:
            values = call(completions=completions, **columns)
        except Exception as error:
            raise SystemExit(f"reward {name}: {_place(error, file)}") from None
        return numbers(values, len(completions), f"reward {name}: {function} of {file}")

    reward.__name__ = f"{name}_reward"
    return reward


def numbers(values: Any, count: int, who: str) -> list[float]:
    """Return what a reward gave as so many finite numbers; exit with an error if it is not that."""
    try:
        found = [float(value) for value in values]
    except (TypeError, ValueError):
        raise SystemExit(f"{who} returned {values!r:.60}, not a list of numbers") from None
    if len(found) != count:
        raise SystemExit(f"{who} returned {len(found)} numbers for {count} completions")
    if wrong := [value for value in found if not isfinite(value)]:
        raise SystemExit(f"{who} returned {wrong[0]}, which is no finite number")
    return found


def _module(name: str, file: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"own_reward_{name}", file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"reward {name}: {file}: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise SystemExit(f"reward {name}: {_place(error, file)}") from None
    return module


def _place(error: Exception, file: Path) -> str:
    """Return where in a file an error arose, and what it says, in one line."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename) == file.absolute()]
    where = f"{file}, line {lines[-1]}" if lines else str(file)
    return f"{where}: {type(error).__name__}: {' '.join(str(error).split())}"
