"""A target that no rule makes is refused in one line that says what was probably meant."""

import copy

import pytest

from scripts.lib.dag.unknown_targets import why_not
from scripts.lib.study.cells import Study
from tests.bad_input.test_configs import demo
from tests.workflow import DEMO, planned, snakemake

RULES = ["all", "scores", "tables", "figures", "report", "release", "paper", "plan"]
R = "results/demo"
TARGETS = [
    ("misspelt rule", "tabels", "no such target; did you mean 'tables'?"),
    ("unknown rule", "everything", "no such target; known: all, figures"),
    ("cell", "base+sft", f"a cell is no target; name a file of it, as {R}/cells/toy-base+sft/"),
    ("role", f"{R}/cells/base+sft/gsm8k.json", "'base' is a role; a path has the model behind it"),
    ("stage", f"{R}/cells/toy-base+klora/gsm8k.json", "the nearest cell is toy-base+kd-lora"),
    ("model", f"{R}/eval/toy-bsae+sft/seed-0/gsm8k.json", "did you mean 'toy-base'?"),
    (
        "two stages",
        f"{R}/models/toy-base+sft+lr/seed-0/training.json",
        "the nearest cell is toy-base+sft+rl",
    ),
    ("release of a role", f"{R}/release/instruct+rl/README.md", "toy-instruct+rl"),
    ("padded seed", f"{R}/models/toy-base+sft/seed-00/training.json", "write it as seed-0"),
    ("seed that is a word", f"{R}/eval/toy-base+sft/seed-x/gsm8k.json", "'seed-x' is no seed"),
    ("benchmark", f"{R}/cells/toy-base/gms8k.json", "no benchmark 'gms8k'; did you mean 'gsm8k'?"),
    ("not evaluated", f"{R}/cells/toy-base/amc23.json", "'amc23' is not in `evaluate`; add it"),
    ("prompt", f"{R}/cells/toy-base/plian/gsm8k.json", "no prompt 'plian'; did you mean 'plain'?"),
    ("main prompt", f"{R}/cells/toy-base/boxed/gsm8k.json", "whose files have no folder"),
    (
        "prompt of others",
        f"{R}/cells/toy-base+sft/plain/gsm8k.json",
        "is not asked with the prompt",
    ),
    ("another study", "results/paper/scores.csv", "the study of this config is 'demo'; give"),
    ("ending", f"{R}/scores.cvs", f"did you mean {R}/scores.csv?"),
    ("table", f"{R}/tables/tabel2.md", f"did you mean {R}/tables/table2.md?"),
    ("anything", f"{R}/x/y", "no rule makes it; docs/files-and-rules.md lists what is made"),
    ("elsewhere", "out/scores.csv", f"what the study makes is below {R}/"),
    ("with an escape", "results/\x1b[2J/scores.csv", "results/<U+001B>[2J/scores.csv: the study"),
]


@pytest.mark.parametrize(
    ("name", "target", "expected"), TARGETS, ids=[name for name, *_ in TARGETS]
)
def test_what_was_meant_is_said_in_one_line(name, target, expected):
    config = copy.deepcopy(demo())
    config["evaluate"] = ["gsm8k", "math500"]
    message = why_not(Study(config), target, RULES)
    assert expected in message
    assert message.isprintable()


def test_targets_of_a_profile_are_checked_from_another_folder(tmp_path):
    arguments = ("-n", "--profile", "demo", "--configfile", DEMO, "--", f"{R}/scores.cvs")
    run = snakemake(*arguments, folder=tmp_path)
    assert run.returncode == 1
    assert f"{R}/scores.cvs: no rule makes it; did you mean {R}/scores.csv?" in run.stderr


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (f"{R}/eval/toy-base+sft/seed-00/gsm8k.json", "'seed-00' is no seed; write it as seed-0"),
        ("train_sft", "train_sft: a rule with many jobs is no target"),
    ],
)
def test_snakemake_prints_nothing_else(target, expected, tmp_path):
    run = snakemake("-n", "--configfile", DEMO, "--", "all", target, folder=tmp_path)
    said = (run.stdout + run.stderr).splitlines()
    assert run.returncode == 1
    assert expected in said[-1]
    assert len(said) == 2  # the first: which config file is extended
    assert list(tmp_path.iterdir()) == []


def test_a_seed_and_a_cell_that_the_config_does_not_name_can_be_asked_for(tmp_path):
    file = f"./{R}/models/toy-base+sft+sft/seed-7/training.json"
    assert planned("--configfile", DEMO, "--", file, folder=tmp_path)["train_sft"] == 2
