"""Running the checkout's Snakefile in a folder of a test's own."""

import contextlib
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from scripts.lib.files import digest_files

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "demo" / "study.yaml"
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}
ENVIRONMENT.pop("SRLM_MIRROR", None)
# Importing Snakemake takes longer than most dry runs: one server does it for all of them.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.snakemake_server"])
VARIANT = re.compile(r"^(evaluate|score_cell)_(?:prompts|untrained)$")


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

    Only training records, *.run.json, and the costs, comparisons with archives and the report made
    of them hold times, hosts and versions.
    """
    varying = re.compile(
        r"training\.json$|\.run\.json$|^((tables|figures)/)?costs\.|^report(/|\.record)|^runs/"
    )
    files = digest_files(results)
    return {name: digest for name, digest in files.items() if not varying.search(name)}


def run_snakemake(arguments, environment, output):
    """Be the process of one run; what it prints goes to `output`.out and .err."""
    from snakemake.cli import main

    for descriptor, suffix in ((1, ".out"), (2, ".err")):
        with output.with_suffix(suffix).open("wb") as file:
            os.dup2(file.fileno(), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv = ["snakemake", *arguments]
    main(arguments)


def snakemake(*arguments, folder, **environment):
    """Run snakemake to its end, as its command does; its output is text."""
    words = [str(word) for word in command(*arguments, folder=folder)]
    with tempfile.TemporaryDirectory() as outputs:
        output = Path(outputs, "snakemake")
        given = (words[1:], ENVIRONMENT | environment, output)
        process = PROCESSES.Process(target=run_snakemake, args=given)
        with contextlib.chdir(ROOT):  # the server, which starts here, imports from it
            process.start()
        process.join()
        printed = [output.with_suffix(suffix).read_text() for suffix in (".out", ".err")]
    return subprocess.CompletedProcess(words, process.exitcode, *printed)


def dry_run(*arguments, folder, **environment):
    """Return what a dry run prints."""
    run = snakemake("-n", "--cores", "1", *arguments, folder=folder, **environment)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def planned_messages(*arguments, folder):
    """Return the jobs of a dry run by their messages: the rule and what it is for."""
    return re.findall(r"^Job \d+: (.+)$", dry_run(*arguments, folder=folder), re.MULTILINE)


def planned(*arguments, folder, **environment):
    """Return {rule: jobs} of a dry run; a rule's variants count as the rule."""
    output = dry_run(*arguments, folder=folder, **environment)
    if "Nothing to be done" in output:
        return {}
    table = output.split("Job stats:")[1]
    counts: Counter[str] = Counter()
    for rule, jobs in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE):
        counts[VARIANT.sub(r"\1", rule)] += int(jobs)
    counts.pop("total")
    return dict(counts)
