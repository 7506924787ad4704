"""What an archive holds, read with suspicion: its run, its plan, its study."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from scripts.lib.files import read_json
from scripts.lib.runs.packing import PLAN
from scripts.lib.runs.plan import Plan
from scripts.lib.runs.side import Side, check_completions, read_side
from scripts.lib.show.inert import clip
from scripts.lib.study.cells import Study
from scripts.lib.study.validation import validated_study

JOB = {"rule": str, "key": str, "settings": dict, "inputs": list}
TORN: tuple[type[Exception], ...] = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    OSError,
    pa.ArrowException,
)


class Archived(NamedTuple):
    """A run from an archive, the plan of the checkout that packed it, and its environments."""

    side: Side
    plan: Plan
    environments: dict[str, str]  # the text of envs/NAME.yaml
    current: int  # records with the key that its plan says


@contextlib.contextmanager
def told_in_one_line(place: Path) -> Iterator[None]:
    """Turn whatever a file of another form, in an archive or a folder, raises into one line."""
    try:
        yield
    except TORN as error:
        what = clip(f"{type(error).__name__}: {error}", 300)
        raise SystemExit(f"{place}: its files are not those of a study's run ({what})") from None


def read_archived(payload: Path) -> Archived:
    """Read an unpacked archive and check what is in it. Raises one of TORN if it is another thing.

    Exits with an error if a file is no JSON.
    """
    (root,) = (payload / "results").iterdir()
    side = read_side(root)
    for place in side.evaluations:
        check_completions(side, place)
    plan = _checked_plan(read_json(payload / PLAN))
    keys = {record: job["key"] for record, job in plan["jobs"].items()}
    there = [root / record for record in keys if (root / record).is_file()]
    current = sum(read_json(path).get("key") == keys[str(path.relative_to(root))] for path in there)
    texts = {path.stem: path.read_text("utf-8") for path in (payload / "envs").glob("*.yaml")}
    return Archived(side, plan, texts, current)


def _checked_plan(plan: Any) -> Plan:
    for record, job in plan["jobs"].items():
        if wrong := [name for name, kind in JOB.items() if not isinstance(job[name], kind)]:
            raise ValueError(f"{PLAN}: {record} has no such {wrong[0]}")
        if not isinstance(plan["rules"][job["rule"]], dict) or ".." in Path(record).parts:
            raise ValueError(f"{PLAN}: {record} is no job")
    return plan


def study_of(config: dict[str, Any]) -> Study:
    """Return the study of an archive's config; exits with an error if this checkout takes it not.

    A mirror is left out, and a model in a folder refused: they are on another machine.
    """
    models = config.get("models", {})
    if local := [name for name, model in models.items() if "path" in model]:
        raise SystemExit(f"the model {local[0]} stands in a folder of its own machine")
    return validated_study({n: v for n, v in config.items() if n != "mirror"}, [])
