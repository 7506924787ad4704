"""Running the checkout's Snakefile in a folder of a test's own."""

import os
import re
import subprocess
import sys
from pathlib import Path

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


def snakemake(*arguments, folder, **environment):
    """Run snakemake to its end; its output is text."""
    return subprocess.run(
        command(*arguments, folder=folder),
        cwd=ROOT,
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
    )


def planned(*arguments, folder, **environment):
    """Return {rule: jobs} of a dry run."""
    run = snakemake("-n", "--cores", "1", *arguments, folder=folder, **environment)
    assert run.returncode == 0, run.stdout + run.stderr
    output = run.stdout + run.stderr
    if "Nothing to be done" in output:
        return {}
    table = output.split("Job stats:")[1]
    counts = {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
    counts.pop("total")
    return counts
