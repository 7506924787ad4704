"""Running the checkout's Snakefile in a folder of a test's own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.lib.files import digest_files

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "demo" / "study.yaml"
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}
ENVIRONMENT.pop("SRLM_MIRROR", None)


def command(*arguments, folder):
    """Return the command line that runs snakemake with its files in a folder."""
    return ["snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder, *arguments]


def checkout(folder):
    """Copy what a clone holds into a folder, where commands can be typed as a user types them."""
    made = (".git", ".venv*", ".snakemake", "results", "checkpoints", "logs", "downloads")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*made, "__pycache__", ".*_cache"))
    return folder


def without_vllm(folder):
    """Let the profiles of a checkout generate with transformers, which .venv has; return it."""
    for name in ("slurm", "workstation"):
        profile = folder / name / "config.yaml"
        text = profile.read_text()
        assert "engine: vllm" in text
        profile.write_text(text.replace("engine: vllm", "engine: transformers"))
    return folder


def reproducible(results):
    """Return {file: sha256} of what two honest runs must agree on.

    Only training records and *.run.json hold times, hosts and versions.
    """
    varying = ("training.json", ".run.json")
    files = digest_files(results)
    return {name: digest for name, digest in files.items() if not name.endswith(varying)}


def snakemake(*arguments, folder, **environment):
    """Run snakemake to its end; its output is text."""
    return subprocess.run(
        command(*arguments, folder=folder),
        cwd=ROOT,
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
    )


def dry_run(*arguments, folder, **environment):
    """Return what a dry run prints."""
    run = snakemake("-n", "--cores", "1", *arguments, folder=folder, **environment)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def planned_messages(*arguments, folder):
    """Return the jobs of a dry run by their messages: the rule and what it is for."""
    return re.findall(r"^Job \d+: (.+)$", dry_run(*arguments, folder=folder), re.MULTILINE)


def planned(*arguments, folder, **environment):
    """Return {rule: jobs} of a dry run."""
    output = dry_run(*arguments, folder=folder, **environment)
    if "Nothing to be done" in output:
        return {}
    table = output.split("Job stats:")[1]
    counts = {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
    counts.pop("total")
    return counts
