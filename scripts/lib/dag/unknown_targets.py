"""Why no rule makes a target that was typed, and what was probably meant."""

import difflib
import re
from collections.abc import Iterable

from scripts.lib.console import nearest
from scripts.lib.dag.targets import targets
from scripts.lib.price.walk import dag_of
from scripts.lib.show.inert import escape
from scripts.lib.study.cells import Study, model_of, parent_of, stages_of

OF_CELLS = ("cells", "eval", "models", "release")  # folders of results/STUDY with a folder per cell
OF_TASKS = ("cells", "eval")  # and in it a file per benchmark


def why_not(study: Study, target: str, rules: Iterable[str]) -> str:
    """Return one line on a target that is neither a rule's name nor a file that a rule makes.

    `rules` are the names that can be typed. Nothing is read but the config.
    """
    shown, results = escape(target), f"results/{study.name}/"
    if "/" not in target:
        if model_of(target) in {*study.config["models"], *study.config["roles"]}:
            cell = study.cell_of_row(target)
            file = f"{results}cells/{escape(cell)}/{study.benchmarks()[0]}.json"
            return f"{shown}: a cell is no target; name a file of it, as {file}"
        return f"{shown}: no such target{nearest(target, rules)}"
    first, *rest = target.removeprefix("./").split("/")
    if first != "results" or not rest:
        return f"{shown}: no rule makes it; what the study makes is below {results}"
    if rest[0] != study.name:
        return (
            f"{shown}: the study of this config is {study.name!r}; give the config of the other by "
            f"--profile or --configfile, or write {results}..."
        )
    folder, *parts = rest[1:] or [""]
    reason = ""
    if folder in OF_CELLS and parts:
        reason = _of_cell(study, parts[0]) or _of_seed(parts)
        if not reason and folder in OF_TASKS:
            reason = _of_task(study, parts)
    return f"{shown}: {reason or _of_file(study, target)}"


def _of_cell(study: Study, cell: str) -> str:
    models, roles = study.config["models"], study.config["roles"]
    root = model_of(cell)
    if root in roles:
        return f"{root!r} is a role; a path has the model behind it: {study.cell_of_row(cell)}"
    if root not in models:
        return f"no model {root!r}{nearest(root, models)}"
    for stage in stages_of(cell):
        if stage not in study.config["stages"]:
            made = [one for cell in study.cells() for one in _with_prefixes(cell)]
            near = difflib.get_close_matches(cell, dict.fromkeys(made), n=1)
            cells = f"; the nearest cell is {near[0]}" if near else ""
            return f"no stage {stage!r}{nearest(stage, study.config['stages'])}{cells}"
    return ""


def _with_prefixes(cell: str) -> list[str]:
    """Return a cell and those that its stages start from."""
    parent = parent_of(cell)
    return [cell, *(_with_prefixes(parent) if parent else [])]


def _of_seed(parts: list[str]) -> str:
    for part in parts[1:-1]:
        if (found := re.fullmatch(r"seed-(.*)", part)) and not re.fullmatch(
            r"0|[1-9]\d{0,9}", found[1]
        ):
            meant = f"seed-{int(found[1])}" if re.fullmatch(r"[0-9]{1,10}", found[1]) else "seed-0"
            return f"{part!r} is no seed; write it as {meant}"
    return ""


def _of_task(study: Study, parts: list[str]) -> str:
    """Return what is wrong with a prompt or a benchmark; `parts` stand behind cells/ or eval/."""
    cell, *between, file = parts
    benchmark, prompts = file.partition(".")[0], [p for p in between if not p.startswith("seed-")]
    defined, evaluated = study.config["benchmarks"], study.benchmarks()
    if benchmark not in evaluated:
        if benchmark in defined:
            return f"benchmark {benchmark!r} is not in `evaluate`; add it there"
        return f"no benchmark {benchmark!r}{nearest(benchmark, evaluated)}"
    for prompt in prompts:
        if prompt == study.main_prompt():
            return f"{prompt!r} is the tables' prompt, whose files have no folder; leave it out"
        if prompt not in study.config["prompts"]:
            return f"no prompt {prompt!r}{nearest(prompt, study.config['prompts'])}"
        if prompt not in study.prompts_of(cell):
            return f"{cell} is not asked with the prompt {prompt!r}; `sensitivity` says who is"
    return ""


def _of_file(study: Study, target: str) -> str:
    asked = targets(study)
    jobs = dag_of(study, [*asked["all"], *asked["release"]])
    made = [f"results/{study.name}/{path}" for job in jobs for path in job.outputs.values()]
    near = difflib.get_close_matches(target, dict.fromkeys(made), n=1, cutoff=0.8)
    return (
        f"no rule makes it; did you mean {near[0]}?"
        if near
        else ("no rule makes it; docs/files-and-rules.md lists what is made")
    )
