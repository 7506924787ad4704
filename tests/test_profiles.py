"""The profiles for clusters and workstations: what they ask for, and what is refused at the start.

tests/test_slurm.py submits for real; this needs no SLURM.
"""

import os
import re
from pathlib import Path

import pytest
import yaml

from tests.workflow import DEMO, ENVIRONMENT, ROOT, planned, snakemake

PROFILES = {
    name: yaml.safe_load((ROOT / name / "config.yaml").read_text())
    for name in ("slurm", "workstation")
}
RULES = "".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
GPU_RULES = re.findall(r"-m scripts\.launch --gpus \{resources\.gpu\} scripts\.(\w+)", RULES)
MINI = ["--configfile", DEMO, ROOT / "tests" / "mini.yaml"]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_profile_as_it_is_typed_plans_the_paper(profile, tmp_path):
    jobs = planned("--profile", profile, "all", folder=tmp_path)
    assert jobs["train_sft"] == 3 * 8
    assert jobs["train_grpo"] == 3 * 10
    assert jobs["evaluate"] == 3 * 30


@pytest.mark.parametrize("profile", PROFILES)
def test_every_gpu_rule_has_its_request_and_every_request_a_rule(profile):
    # Snakemake says nothing of a request for a rule that does not exist.
    assert GPU_RULES == ["sample_traces", "evaluate", "build_model", "train_sft", "train_grpo"]
    requests = PROFILES[profile]["set-resources"]
    assert set(GPU_RULES) <= requests.keys()
    assert requests.keys() <= set(re.findall(r"^rule (\w+):", RULES, re.MULTILINE))
    for rule in GPU_RULES:
        assert requests[rule]["gpu"] == 1
        assert "gres" not in requests[rule]


def test_retries_stand_in_the_profile_alone():
    assert PROFILES["slurm"]["retries"] == 2
    assert not re.search(r"^\s+retries:", RULES, re.MULTILINE)


def test_the_comments_of_the_slurm_profile_show_the_two_lines_of_a_site():
    text = (ROOT / "slurm" / "config.yaml").read_text()
    assert "  # slurm_partition: " in text
    assert "  # slurm_account: " in text


@pytest.fixture
def without_programs(tmp_path):
    """Return a PATH on which all of this machine's programs are but some."""

    def path(*hidden):
        folder = tmp_path / "programs"
        folder.mkdir()
        for directory in ENVIRONMENT["PATH"].split(os.pathsep):
            programs = Path(directory).iterdir() if Path(directory).is_dir() else []
            for program in programs:
                link = folder / program.name
                if program.name not in hidden and not link.is_symlink():
                    link.symlink_to(program)
        return str(folder)

    return path


def test_without_sbatch_the_run_ends_before_its_first_job(without_programs, tmp_path):
    path = without_programs("sbatch", "sinfo", "squeue", "scontrol", "sacct")
    run = snakemake("--profile", "slurm", *MINI, "--", "all", folder=tmp_path, PATH=path)
    output = run.stdout + run.stderr
    assert run.returncode == 1
    assert "sbatch is not on PATH" in output
    assert "--profile workstation" in output
    assert "Traceback" not in output
    assert not (tmp_path / "results").exists()


def test_without_conda_the_flag_for_it_is_refused(without_programs, tmp_path):
    arguments = ["--profile", "slurm", "-n", "--sdm", "conda", "--", "all"]
    run = snakemake(*arguments, folder=tmp_path, PATH=without_programs("conda"))
    assert run.returncode == 1
    assert "install Miniforge" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "cure"),
    [
        ("models/qwen2.5-0.5b/model.json", "or give the model a `path` in config.yaml"),
        ("data/amc23/raw.jsonl", "or set SRLM_MIRROR to a folder"),
    ],
)
def test_an_unreachable_hub_is_named_on_the_console(target, cure, tmp_path):
    closed = {"HF_ENDPOINT": "http://127.0.0.1:9"}
    run = snakemake(
        "--profile", "workstation", f"results/paper/{target}", folder=tmp_path, **closed
    )
    assert run.returncode == 1
    output = run.stdout + run.stderr
    assert "the hub did not deliver it" in output
    assert cure in output
    assert "Traceback" not in output
