"""Would SLURM take this run's jobs at all? Asked before the first is submitted."""

import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

ANSWER_SECONDS = 30
UNREACHABLE = re.compile(
    r"unable to contact slurm|connection (refused|timed out)|socket timed out|"
    r"zero bytes were transmitted|communication (connection )?failure",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Request:
    """What a rule's job asks for: its sbatch command line, and minutes at its last attempt."""

    call: str
    last_runtime: int | None = None


def check_gpus(rule: str, resources: dict[str, Any]) -> None:
    """Exit with an error if a job would ask for GPUs by --gpus and --gres at once."""
    others = [f"{name}: {resources[name]}" for name in ("gpu", "gpu_model") if resources.get(name)]
    if resources.get("gres") and others:
        raise SystemExit(
            f"the jobs of {rule} ask for GPUs twice, by gres: {resources['gres']} and by "
            f"{', '.join(others)}: in the profile (slurm/config.yaml) write `gpu: 0` beside "
            "`gres` and leave gpu_model out, or leave gres out"
        )


def check_submissions(requests: dict[str, Request]) -> None:
    """Exit with a cure if sbatch is missing or would refuse a rule's jobs; nothing is queued.

    A job above its partition's time limit may be taken, and then waits for ever.
    """
    if requests and shutil.which("sbatch") is None:
        raise SystemExit(
            "sbatch is not on PATH, so no job can be submitted: start Snakemake on a login node "
            "of the cluster, or run the study on this machine with --profile workstation"
        )
    limits = time_limits() if requests else {}
    for rule, request in requests.items():
        program, *flags = shlex.split(request.call)
        run = answer_of([program, "--test-only", *flags, "--wrap=true"])
        if run.returncode:
            answer = " ".join(run.stderr.split())
            raise SystemExit(
                f"SLURM would refuse the jobs of {rule}: {answer}\n"
                f"They ask for: {asked_for(flags)}\n"
                "Edit the partition, the account or what is asked for in the profile "
                '(slurm/config.yaml). `sinfo -o "%R %G %l %c %m"` lists each partition\'s GPUs, '
                "longest time, cores and memory (MB)."
            )
        partitions = flags[flags.index("-p") + 1].split(",") if "-p" in flags else [None]
        longest = max((limits.get(name, float("inf")) for name in partitions), default=0)
        if (request.last_runtime or 0) > longest:
            raise SystemExit(
                f"the jobs of {rule} ask for up to {request.last_runtime} minutes (at their last "
                f"attempt), but the partition allows {longest:g} and they would wait for ever: in "
                f"the profile (slurm/config.yaml) write runtime: min(... * attempt, {longest:g}), "
                "or name another slurm_partition"
            )


def answer_of(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run one of SLURM's commands; exit with an error if SLURM itself does not answer."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS)
        silent = run.returncode != 0 and bool(UNREACHABLE.search(run.stderr))
        answer = " ".join(run.stderr.split())
    except subprocess.TimeoutExpired:
        silent, answer = True, f"nothing for {ANSWER_SECONDS} seconds"
    if silent:
        raise SystemExit(
            f"SLURM does not answer: {answer}\n"
            "Nothing was submitted and the profile may well be right: try again, or ask the "
            "site (`scontrol ping` says whether the controller is up)."
        )
    return run


def time_limits() -> dict[str | None, float]:
    """Return the longest minutes of each partition, and under None those of the default one."""
    limits: dict[str | None, float] = {}
    for line in answer_of(["sinfo", "-h", "-o", "%P %l"]).stdout.splitlines():
        name, _, limit = line.partition(" ")
        minutes = minutes_of(limit.strip())
        limits[name.rstrip("*")] = minutes
        if name.endswith("*"):
            limits[None] = minutes
    return limits


def minutes_of(limit: str) -> float:
    """Return SLURM's [days-][hours:]minutes:seconds in minutes; no limit where it is a word."""
    found = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", limit)
    if not found:
        return float("inf")
    days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return (days * 24 + hours) * 60 + minutes + seconds / 60


def asked_for(flags: list[str]) -> str:
    """Return the part of sbatch's flags that says what a job needs."""
    names = ("-p", "-A", "-t", "-C", "--mem", "--qos", "--nodes", "--gpus", "--gres", "--cpus")
    kept = []
    for flag, following in zip(flags, [*flags[1:], ""], strict=True):
        if flag.startswith(names):
            value = following if "=" not in flag and not following.startswith("-") else ""
            kept.append(f"{flag} {value}".strip())
    return " ".join(kept)
