"""The profiles for clusters and workstations: what they ask for, and what is refused at the start.

tests/rules/test_slurm.py submits for real; this needs no SLURM.
"""

import importlib.util
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from scripts.lib.machine import slurm as cluster
from tests.workflow import DEMO, ENVIRONMENT, ROOT, checkout, dry_run, planned, snakemake

PROFILES = {
    name: yaml.safe_load((ROOT / name / "config.yaml").read_text())
    for name in ("slurm", "workstation")
}
RULES = "".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
GPU_RULES = re.findall(
    r"-m scripts\.launch --gpus \{resources\.gpu\}(?: --distributed .*\s+\")? scripts\.(\w+)", RULES
)
MINI = ["--configfile", DEMO, ROOT / "tests" / "mini.yaml"]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_profile_as_it_is_typed_plans_the_paper(profile, tmp_path):
    jobs = planned("--profile", profile, "all", folder=tmp_path)
    assert jobs["train_sft"] == 3 * 8
    assert jobs["train_grpo"] == 3 * 10
    assert jobs["evaluate"] == 3 * (18 + 12)
    assert jobs["fetch_model"] == 12
    assert jobs["fetch_dataset"] == 7


@pytest.mark.parametrize("profile", PROFILES)
def test_every_gpu_rule_has_its_request_and_every_request_a_rule(profile):
    # Snakemake says nothing of a request for a rule that does not exist.
    trainings = [f"train_{name}" for name in ("sft", "grpo", "gkd", "dpo")]
    assert ["sample_traces", "evaluate", "build_model", "smoke", *trainings] == GPU_RULES
    requests = PROFILES[profile]["set-resources"]
    assert set(GPU_RULES) <= requests.keys()
    assert requests.keys() <= set(re.findall(r"^rule (\w+):", RULES, re.MULTILINE))
    for rule in GPU_RULES:
        assert requests[rule]["gpu"] == 1
        assert "gres" not in requests[rule]


def test_a_training_is_told_how_its_processes_share_the_work_and_its_time(tmp_path):
    target = "results/mini/models/toy-base+sft/seed-0/training.json"
    arguments = ["-p", "--profile", "workstation", *MINI, "--set-resources"]
    asked = ["train_sft:distributed=zero2", "train_sft:runtime=240"]
    output = dry_run(*arguments, *asked, "--", target, folder=tmp_path)
    assert "scripts.launch --gpus 1 --distributed zero2 scripts.train_sft" in output
    assert " --runtime 240 " in output


def test_a_request_for_evaluate_holds_for_its_variants(tmp_path):
    variants = {
        "qwen2.5-0.5b+sft": "evaluate_prompts",
        "qwen2.5-0.5b": "evaluate_untrained",
        "openthinker-7b": "evaluate",
    }
    targets = [f"results/paper/eval/{cell}/seed-0/gsm8k.json" for cell in variants]
    output = dry_run("-p", "--profile", "slurm", "--", *targets, folder=tmp_path)
    for variant in variants.values():
        assert re.search(rf"^{variant} +1$", output, re.MULTILINE)
    commands = re.findall(r"^.* scripts\.evaluate .*$", output, re.MULTILINE)
    assert len(commands) == len(variants)
    assert all("--engine vllm" in line for line in commands)  # the rule's own is transformers


def test_a_stage_may_have_tokens_per_pass_of_its_own(tmp_path):
    """The comment of the profiles shows such an expression."""
    expression = 'tokens_per_pass: 16384 if wildcards.stage == "kd" else 32768'
    profile = tmp_path / "own" / "config.yaml"
    profile.parent.mkdir()
    text = (ROOT / "workstation" / "config.yaml").read_text()
    assert f"`{expression}`" in text
    profile.write_text(text.replace("    tokens_per_pass: 32768 ", f"    {expression} "))
    cells = {"toy-base+sft": "32768", "toy-base+kd": "16384"}
    targets = [f"results/mini/models/{cell}/seed-0/training.json" for cell in cells]
    output = dry_run("-p", "--profile", profile.parent, *MINI, "--", *targets, folder=tmp_path)
    given = re.findall(r"--cell (\S+) .*--tokens-per-pass (\d+) ", output)
    assert dict(given) == cells


def test_retries_stand_in_the_profile_alone():
    assert PROFILES["slurm"]["retries"] == 2
    assert not re.search(r"^\s+retries:", RULES, re.MULTILINE)


def test_the_comments_of_the_slurm_profile_show_the_two_lines_of_a_site():
    text = (ROOT / "slurm" / "config.yaml").read_text()
    assert "  # slurm_partition: " in text
    assert "  # slurm_account: " in text
    assert "    # slurm_partition: gpu " in text  # of the GPU jobs alone


@pytest.fixture
def login_node(tmp_path, monkeypatch):
    """Stand-ins for sbatch, which takes everything, and sinfo; return their folder."""
    programs = tmp_path / "slurm-programs"
    programs.mkdir()
    answers = {
        "sbatch": "exit 0",
        "squeue": "exit 0",
        "sinfo": "printf 'short 30:00\\nh100* 2-00:00:00\\n'",
    }
    for name, answer in answers.items():
        (programs / name).write_text(f"#!/bin/sh\n{answer}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    return programs


def answers(programs, name, text):
    (programs / name).write_text(f"#!/bin/sh\n{text}\n")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "gpu_model: h100",
            'gres: "gpu:h100:1"',
            "twice, by gres: gpu:h100:1 and by gpu: 1: in the profile (slurm/config.yaml) write "
            "`gpu: 0` beside `gres` and leave gpu_model out",
        ),
        ("gpu_model: h100", "gpu_model: a100-sxm4-80gb", "leave gpu_model out and name a feature"),
        (
            "2880)",
            "4320)",
            "ask for up to 4320 minutes (at their last attempt), but the partition allows 2880",
        ),
    ],
)
def test_a_request_that_slurm_would_not_refuse_but_never_run(old, new, expected, login_node):
    folder = checkout(login_node.parent / "checkout")
    profile = folder / "slurm" / "config.yaml"
    text = profile.read_text()
    assert old in text
    profile.write_text(text.replace(old, new))
    run = subprocess.run(
        ["snakemake", "--profile", "slurm", *map(str, MINI), "--", "all"],
        cwd=folder,
        env=ENVIRONMENT | {"PATH": f"{login_node}{os.pathsep}{ENVIRONMENT['PATH']}"},
        capture_output=True,
        text=True,
    )
    output = run.stdout + run.stderr
    assert run.returncode == 1
    assert expected in output
    assert "Traceback" not in output
    assert not (folder / "results").exists()


def test_a_request_within_the_limits_is_taken(login_node):
    for call, minutes in [("sbatch -t 60", 2880), ("sbatch -p short,h100", 2880)]:
        cluster.check_submissions({"evaluate": cluster.Request(call, minutes)})
    with pytest.raises(SystemExit, match="partition allows 30 "):
        cluster.check_submissions({"evaluate": cluster.Request("sbatch -p short", 60)})


@pytest.mark.parametrize(
    "answer", ["echo 'Unable to contact slurm controller (connect failure)' >&2; exit 1", "sleep 9"]
)
def test_a_slurm_that_does_not_answer_is_not_called_a_mistake(answer, login_node, monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 0.5)
    answers(login_node, "sbatch", answer)
    with pytest.raises(SystemExit, match="SLURM does not answer") as end:
        cluster.check_submissions({"evaluate": cluster.Request("sbatch -p h100")})
    assert "Edit" not in str(end.value)


def test_minutes_of_a_time_limit():
    times = {"2-00:00:00": 2880, "04:30:00": 270, "30:00": 30, "infinite": float("inf")}
    assert {time: cluster.minutes_of(time) for time in times} == times


@pytest.mark.slow
def test_a_workstation_without_a_gpu_computes_nothing_on_its_cpu_instead(tmp_path):
    target = "results/mini/models/toy-base/model.json"
    arguments = ["--profile", "workstation", *MINI, "--", target]
    run = snakemake(*arguments, folder=tmp_path, CUDA_VISIBLE_DEVICES="")
    output = run.stdout + run.stderr
    assert run.returncode == 1
    assert "the job asked for 1 GPU(s) and sees none: ask for fewer" in output
    assert "Traceback" not in output


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


@pytest.mark.parametrize(
    ("package", "asked", "message"),
    [
        ("vllm", "evaluate:engine=vllm", "asks for `engine: vllm`, but vLLM is not installed"),
        ("deepspeed", "train_sft:distributed=zero2", "zero2` needs DeepSpeed, which is not inst"),
        (
            None,
            "evaluate:engine=vlm",
            "evaluate `engine: vlm`, but it must be transformers or",
        ),
    ],
)
def test_an_engine_that_cannot_be_had_ends_the_run_before_its_first_job(
    package, asked, message, tmp_path
):
    if package and importlib.util.find_spec(package):
        pytest.skip(f"{package} is installed")
    arguments = ["--cores", "1", *MINI, "--set-resources", asked, "--", "all"]
    run = snakemake(*arguments, folder=tmp_path)
    output = run.stdout + run.stderr
    assert run.returncode == 1
    assert message in output
    assert ("`make setup STACK=gpu`" in output) == bool(package)
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
        ("models/qwen2.5-0.5b/model.json", "a `path` in config.yaml for a model"),
        ("data/amc23/raw.jsonl", "SRLM_MIRROR for data sets"),
    ],
)
def test_an_unreachable_hub_is_named_on_the_console(target, cure, tmp_path):
    closed = {"HF_ENDPOINT": "http://127.0.0.1:9", "SRLM_HUB_RETRIES": "1", "SRLM_HUB_WAIT": "0.1"}
    run = snakemake(
        "--profile", "workstation", f"results/paper/{target}", folder=tmp_path, **closed
    )
    assert run.returncode == 1
    output = run.stdout + run.stderr
    assert "the hub did not deliver it" in output
    assert cure in output
    assert "Traceback" not in output
