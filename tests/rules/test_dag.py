"""The DAG by dry runs: what is planned for the demo, the paper and single targets."""

import re
import subprocess

import pytest
import yaml

from scripts.lib.files import write_json
from tests.workflow import DEMO, ENVIRONMENT, ROOT, dry_run, planned, snakemake


def test_the_demo_trains_eighteen_cells_and_evaluates_them_beside_its_three_models(tmp_path):
    jobs = planned("--configfile", DEMO, "--", "all", folder=tmp_path)
    assert jobs["train_sft"] == 8
    assert jobs["train_grpo"] == 10
    assert jobs["evaluate"] == jobs["score_cell"] == 18 + 3
    assert jobs["build_model"] == 3
    assert jobs["make_table"] == 3


def test_a_new_order_of_stages_is_an_edit_of_the_config_alone(tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "tables: {table2: {sections: [{section: Mine, rows: [base+sft+kd-lora+rl]}]}}\n"
        "tabulate: [table2]\nseeds: [7]\n"
    )
    jobs = planned("--configfile", mine, "--", "all", folder=tmp_path)
    assert jobs["train_sft"] == 2
    assert jobs["train_grpo"] == 1
    assert jobs["evaluate"] == 1  # the prefixes are trained, not evaluated


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seeds: [0]\nseeds: [1]\n", "line 2: seeds: given twice"),
        ("recipes: {sft: {learning_rate: 4e-5}}\n", "mine.yaml, line 1: recipes.sft.learning_rate"),
        ("[1, 2]\n", "mine.yaml: holds no keys with values"),
    ],
)
def test_a_mistake_in_a_config_is_one_message_and_nothing_is_written(text, expected, tmp_path):
    """tests/study/test_config.py has the other messages."""
    mine = tmp_path / "mine.yaml"
    mine.write_text(text)
    run = snakemake("--cores", "1", "--configfile", mine, "--", "all", folder=tmp_path)
    assert run.returncode != 0
    assert expected in run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "results").exists()


def test_a_missing_file_of_the_mirror_is_named_with_its_key(tmp_path):
    run = snakemake("-n", "--cores", "1", "all", folder=tmp_path, SRLM_MIRROR=str(tmp_path))
    assert run.returncode != 0
    assert ".mirror.file names it" in run.stderr
    assert "SRLM_MIRROR" in run.stderr
    assert "Traceback" not in run.stderr


def test_an_unknown_cell_as_target_is_refused(tmp_path):
    target = "results/paper/cells/qwen2.5-0.5b+rlx/gsm8k.json"
    run = snakemake("-n", "--cores", "1", target, folder=tmp_path)
    assert run.returncode != 0
    assert target in run.stdout + run.stderr


@pytest.mark.slow
def test_the_last_steps_of_thirty_seeds_start(tmp_path):
    """Their inputs are too many for a command line: bash takes 131,072 bytes as one argument."""
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"seeds: {list(range(30))}\n")
    output = dry_run("-p", "--configfile", mine, "--", "all", folder=tmp_path)
    last = "collect_scores|compare_parents|make_table|plot_scores|score_cell"
    found = re.findall(
        rf"^Shell command: (exec python -m scripts\.({last}) .*)$", output, re.MULTILINE
    )
    commands = {rule: command for command, rule in found}
    assert len(commands) == 5
    config = yaml.safe_load((ROOT / "config.yaml").read_text()) | {"seeds": list(range(30))}
    write_json(tmp_path / "results" / "paper" / "config.json", config)
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT)}
    for rule, command in commands.items():
        log = tmp_path / re.search(r"&> (\S+)", command)[1]
        log.parent.mkdir(parents=True, exist_ok=True)
        run = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment)
        assert run.returncode == 1
        assert "no such file; run the rule that makes it first" in log.read_text(), rule
