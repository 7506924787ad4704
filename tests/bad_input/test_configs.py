"""A wrong config ends in one line with its file, its key and what helps; a right one is taken."""

import copy
import functools
import random
import re

import pytest
import yaml
from snakemake.utils import update_config

from scripts.lib.dag.targets import targets
from scripts.lib.study.validation import validated_study
from tests.bad_input.configs import CONFIGS, RIGHT
from tests.workflow import DEMO, ROOT

CASES = [(kind, *case) for kind, cases in CONFIGS.items() for case in cases]


@functools.cache
def demo():
    merged = yaml.safe_load((ROOT / "config.yaml").read_text())
    update_config(merged, yaml.safe_load(DEMO.read_text()))
    return merged


def refused(file):
    """Return what is said about a file that is laid over the demo's config."""
    config = copy.deepcopy(demo())
    update_config(config, yaml.safe_load(file.read_text(encoding="utf-8")))
    with pytest.raises(SystemExit) as ending:
        validated_study(config, [file])
    return str(ending.value)


@pytest.mark.parametrize(("kind", "name", "text", "expected"), CASES, ids=lambda v: str(v)[:40])
def test_a_wrong_config_ends_in_one_line(kind, name, text, expected, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    message = refused(file)
    assert expected in message
    assert len(message.splitlines()) == 1
    assert message.isprintable()
    assert re.match(rf"{re.escape(str(file))}, line \d+: |[a-z]", message)


@pytest.mark.parametrize(("name", "content"), RIGHT, ids=[name for name, _ in RIGHT])
def test_a_right_config_is_taken(name, content, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    config = copy.deepcopy(demo())
    update_config(config, yaml.safe_load(file.read_text(encoding="utf-8-sig")))
    assert validated_study(config, [file]).name == "demo"


def test_several_mistakes_are_a_line_each(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("seeds: [-1]\nevaluate: []\n")
    first, *others = refused(file).splitlines()
    assert first == "The study's config has mistakes:"
    assert [line.split(": ")[1] for line in others] == ["evaluate", "seeds[0]"]


WRONG = [None, 0, -1, 2.5, True, "x", "", "../x", "x" * 300, "\x1b[2J", [], ["x"], [None], {}]
WRONG += [{"x": 1}, float("nan"), 1e300, 10**30, [["x"]], "base", "sft"]


def places(value, path=()):
    """Yield the path of everything in a config."""
    if path:
        yield path
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield from places(value[key], (*path, key))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_stands_somewhere_is_taken_or_refused_in_lines(seed):
    chance = random.Random(seed)
    everywhere = list(places(demo()))
    for _ in range(15):
        config = copy.deepcopy(demo())
        *above, last = chance.choice(everywhere)
        part = functools.reduce(lambda inside, key: inside[key], above, config)
        if chance.random() < 0.8:
            part[last] = copy.deepcopy(chance.choice(WRONG))
        else:
            del part[last]
        try:
            targets(validated_study(config, []))
        except SystemExit as ended:
            assert str(ended).replace("\n", "").isprintable()
