"""A reward of the user's own: what is refused at the dry run, and in a training; its key."""

import copy
from pathlib import Path

import pytest

from scripts.lib.dag.jobs import job
from scripts.lib.dag.rewards import reward_settings
from scripts.lib.study.cells import Study
from scripts.lib.study.recipes import recipe_of, rewards_of
from scripts.lib.study.validation import validated_study
from scripts.lib.training.own_reward import own_reward
from scripts.train_grpo import reward_functions
from scripts.training_cli import with_source
from tests.dag.edits import config_of

SHORT = """\
def short(completions, completion_ids, **columns):
    return [-len(ids) / 100 for ids in completion_ids]
"""
COMPLETIONS = [[{"role": "assistant", "content": text}] for text in ("a", "b")]
COLUMNS = {"prompts": [[], []], "completion_ids": [[1], [1, 2]], "gold": ["1", "2"]}
OWN = {"file": "mine.py", "function": "short", "weight": -0.5}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def study_with(source: str, name: str = "mine.py", **rewards) -> Study:
    """Return the demo whose RL has a reward from a file of this content, in its recipe."""
    Path(name).write_text(source)
    config = copy.deepcopy(config_of("demo"))
    config["recipes"]["grpo"]["rewards"] = {"short": OWN | {"file": name}} | rewards
    return validated_study(config, [])


def key(study: Study) -> str:
    return job(study, "train_grpo", cell="toy-base+rl", seed=0).key


def test_a_recipe_adds_rewards_to_those_of_the_study_with_weights_of_its_own():
    study = study_with(SHORT, format=0.5)
    assert rewards_of(study, "rl") == {"format": 0.5, "accuracy": 1.0, "short": OWN}
    assert "rewards" not in recipe_of(study, "rl")
    settings = reward_settings(study, "rl")
    planned = {
        "rewards": with_source(settings, rewards_of(study, "rl")),
        "grader": {"timeout": 5.0},
    }
    assert planned["rewards"]["short"]["source"] == SHORT
    functions, weights = reward_functions(planned, opened="")
    assert [each.__name__ for each in functions] == [
        "format_reward",
        "accuracy_reward",
        "short_reward",
    ]
    assert weights == [0.5, 1.0, -0.5]
    assert functions[2](completions=COMPLETIONS, **COLUMNS) == [-0.01, -0.02]


def test_its_code_is_in_the_key_and_its_place_and_comments_are_not(folder):
    before = key(study_with(SHORT))
    assert key(study_with(f"# why\n{SHORT}", "other.py")) == before
    assert key(study_with(SHORT.replace("100", "200"), "third.py")) != before
    assert key(study_with(f"LIMIT = 1\n{SHORT}", "fourth.py")) != before
    study = study_with(SHORT)
    study.config["recipes"]["grpo"]["rewards"]["short"]["weight"] = -1.0
    assert key(Study(study.config)) != before
    sft = Study(config_of("demo"))
    of_sft = [job(s, "train_sft", cell="toy-base+sft", seed=0).key for s in (sft, study)]
    assert of_sft[0] == of_sft[1]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "rewards.short: mine.py: no such file in /"),
        ("def shrt(**columns): pass", "mine.py: no function 'short'; did you mean 'shrt'?"),
        ("x = 1", "mine.py: no function 'short'"),
        ("def short(:", "rewards.short: mine.py, line 1: not Python: invalid syntax"),
        ("def short(completions): return []", r"line 1: short must take \*\*columns too"),
        (f"import helper\n{SHORT}", "imports helper, which stands beside it"),
    ],
)
def test_what_cannot_be_a_reward_is_refused_before_anything_runs(source, message, folder):
    study = study_with(source or "")
    (folder / "helper.py").touch()
    if source is None:
        (folder / "mine.py").unlink()
    with pytest.raises(SystemExit, match=message) as ending:
        key(study)
    assert "\n" not in str(ending.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return [1.0]", "reward short: short of mine.py returned 1 numbers for 2 completions"),
        ("return None", "returned None, not a list of numbers"),
        ("return ['a', 'b']", r"returned \['a', 'b'\], not a list of numbers"),
        ("return [1.0, float('nan')]", "returned nan, which is no finite number"),
        ("return [1 / 0, 1]", "reward short: mine.py, line 2: ZeroDivisionError: division by zero"),
    ],
)
def test_a_wrong_return_or_a_failing_call_is_one_line(body, message, folder):
    file = folder / "mine.py"
    file.write_text(f"def short(**columns):\n    {body}\n")
    with pytest.raises(SystemExit, match=message) as ending:
        own_reward("short", file.relative_to(folder), "short")(completions=COMPLETIONS, **COLUMNS)
    assert "\n" not in str(ending.value)


def test_a_file_that_cannot_be_imported_is_named_with_its_line(folder):
    (folder / "mine.py").write_text(f"\nimport no_such_library\n{SHORT}")
    with pytest.raises(SystemExit, match=r"mine.py, line 2: ModuleNotFoundError: No module"):
        own_reward("short", folder / "mine.py", "short")


def test_sft_has_no_rewards():
    config = copy.deepcopy(config_of("demo"))
    config["recipes"]["sft"]["rewards"] = {"format": 0.5}
    with pytest.raises(
        SystemExit, match=r"stages.sft.recipe: recipe 'sft' has `rewards`, for GRPO"
    ):
        validated_study(config, [])
