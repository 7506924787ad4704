"""Edits of the study and of its code, and which jobs have another key after them."""

import copy
import shutil
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import yaml
from snakemake.utils import update_config

from scripts.lib.dag import code, environment, jobs, rules
from scripts.lib.dag.targets import targets
from scripts.lib.price.walk import dag_of
from scripts.lib.study.validation import validated_study
from tests.workflow import DEMO, ROOT

CODE = ("scripts", "rules", "envs")


def config_of(study):
    """Return the merged config of `demo` or `paper`."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    if study == "demo":
        update_config(config, yaml.safe_load(DEMO.read_text()))
    return config


def units(config):
    """Return {unit: its key and the code of its engine}; a unit is what a record stands for."""
    study = validated_study(copy.deepcopy(config), [])
    found = {}
    for job in dag_of(study, targets(study)["all"]):
        for name, unit in (job.parts or {"": job}).items():
            engine = ""
            if unit.rule in ("evaluate", "sample_traces"):
                engine = code.engine_fingerprint("transformers")
            wildcards = tuple(sorted(unit.wildcards.items()))
            found[unit.rule, wildcards, name] = (unit.key, engine)
    return found


def changed(before, after):
    """Return {rule: jobs} of what is made anew: what is new, or has a part that differs."""
    stale = {
        (rule, tuple(w for w in wildcards if w[0] != "task"))
        for (rule, wildcards, name), key in after.items()
        if before.get((rule, wildcards, name)) != key
    }
    return dict(Counter(rule for rule, _ in stale))


def copied_code(folder):
    """Copy what keys are made of besides the config into a folder."""
    for name in CODE:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def forget():
    """Forget what was read of the code."""
    cached = [
        code._module,
        code.code_fingerprint,
        code.engine_fingerprint,
        rules._rules,
        environment.pins,
        environment.environment_fingerprint,
        jobs.rule_facts,
    ]
    for function in cached:
        function.cache_clear()


@contextmanager
def reading_code_in(folder):
    """Let keys be made of the code in a folder."""
    modules = (code, rules, environment, jobs)
    before = [module.ROOT for module in modules]
    for module in modules:
        module.ROOT = Path(folder)
    forget()
    try:
        yield
    finally:
        for module, root in zip(modules, before, strict=True):
            module.ROOT = root
        forget()


def replaced(file, *pairs):
    """Return an edit that replaces texts of a file, each of which must be there."""

    def edit(folder):
        path = folder / file
        text = path.read_text()
        for old, new in pairs:
            assert old in text, f"{file} has no {old!r}"
            text = text.replace(old, new)
        path.write_text(text)

    return edit


def moved(old, new):
    """Return an edit that moves a module of scripts/ and mends the imports of it."""

    def edit(folder):
        source, target = (folder / (name.replace(".", "/") + ".py") for name in (old, new))
        target.parent.mkdir(exist_ok=True)
        source.rename(target)
        for path in (folder / "scripts").rglob("*.py"):
            text = path.read_text()
            path.write_text(text.replace(f"from {old} import", f"from {new} import"))

    return edit


def several(*edits):
    """Return the edit that does all of these."""

    def edit(folder):
        for one in edits:
            one(folder)

    return edit
