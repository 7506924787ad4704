"""Would SLURM take this run's jobs at all? Asked before the first is submitted."""

import shlex
import shutil
import subprocess


def check_submissions(calls: dict[str, str]) -> None:
    """End with a cure where sbatch is missing or would refuse a rule's jobs; nothing is queued.

    `calls` holds each rule's sbatch command line as the executor would submit it.
    """
    if calls and shutil.which("sbatch") is None:
        raise SystemExit(
            "sbatch is not on PATH, so no job can be submitted: start Snakemake on a login node "
            "of the cluster, or run the study on this machine with --profile workstation"
        )
    for rule, call in calls.items():
        program, *flags = shlex.split(call)
        command = [program, "--test-only", *flags, "--wrap=true"]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            answer = " ".join(run.stderr.split())
            raise SystemExit(
                f"SLURM would refuse the jobs of {rule}: {answer}\n"
                f"They ask for: {asked_for(flags)}\n"
                "Edit the partition, the account or what is asked for in the profile "
                '(slurm/config.yaml). `sinfo -o "%R %G %l %c %m"` lists each partition\'s GPUs, '
                "longest time, cores and memory (MB)."
            )


def asked_for(flags: list[str]) -> str:
    """Return the part of sbatch's flags that says what a job needs."""
    names = ("-p", "-A", "-t", "-C", "--mem", "--qos", "--nodes", "--gpus", "--gres", "--cpus")
    kept = []
    for flag, following in zip(flags, [*flags[1:], ""], strict=True):
        if flag.startswith(names):
            value = following if "=" not in flag and not following.startswith("-") else ""
            kept.append(f"{flag} {value}".strip())
    return " ".join(kept)
