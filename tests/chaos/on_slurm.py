"""What disturbs a run on a cluster: each takes a round, starts its Snakemake, leaves it ended."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.chaos.mains import Main
from tests.chaos.rounds import Machine, Round
from tests.rules.conftest import MINI
from tests.rules.slurm_cluster import running_cluster
from tests.workflow import ROOT


@contextlib.contextmanager
def cluster_machine(base: Path) -> Iterator[Machine]:
    """Yield a SLURM of our own with the profile `slurm`, which generates with transformers here.

    Raises SystemExit where none can be had.
    """
    profile = base / "slurm" / "config.yaml"
    profile.parent.mkdir()
    text = (ROOT / "slurm" / "config.yaml").read_text()
    profile.write_text(text.replace("engine: vllm", "engine: transformers"))
    try:
        with running_cluster(base / "cluster") as cluster:
            yield Machine(("--profile", profile.parent, *MINI), cluster)
    except pytest.skip.Exception as missing:
        raise SystemExit(str(missing)) from None


def running_job(round_: Round, main: Main) -> dict[str, str] | None:
    """Return one of the jobs that run; None if Snakemake ends before there is one."""
    while main.running():
        jobs = round_.cluster.jobs(round_.folder)
        if running := [job for job in jobs if job["JobState"] == "RUNNING"]:
            job = round_.random.choice(running)
            round_.note(f"{job['rule']} on {job['NodeList']}")
            return job
        time.sleep(0.1)
    return None


def processes_of(job: dict[str, str]) -> list[psutil.Process]:
    """Return a job's processes: its script, its Snakemake, its program."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("SLURM_JOB_ID") == job["JobId"]:
                found.append(process)
    return found


def kill_main(round_: Round) -> None:
    """SIGKILL the main process; then what docs/cluster.md says: scancel what is left."""
    main = round_.disturbed()
    main.process.send_signal(signal.SIGKILL)
    main.ends()
    round_.cluster.cancel(round_.folder)


def stop_main(round_: Round) -> None:
    """SIGINT or SIGTERM to the main process, which cancels its jobs."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    main = round_.disturbed()
    number = round_.random.choice([signal.SIGINT, signal.SIGTERM])
    round_.note(number.name)
    main.process.send_signal(number)
    main.ends()
    if number == signal.SIGTERM:
        round_.cluster.cancel(round_.folder)


def kill_process(round_: Round) -> None:
    """SIGKILL one process of a job, on its node."""
    main = round_.disturbed()
    while (job := running_job(round_, main)) and not (found := processes_of(job)):
        time.sleep(0.1)
    if job:
        process = round_.random.choice(sorted(found, key=lambda process: process.pid))
        with contextlib.suppress(psutil.Error):
            round_.note(f"killed {' '.join(process.cmdline())[:60]!r}")
            process.kill()
    main.ends()


def cancel_job(round_: Round) -> None:
    """scancel a job, as an administrator may."""
    main = round_.disturbed()
    if job := running_job(round_, main):
        subprocess.run(["scancel", job["JobId"]], check=False)
    main.ends()


def crash_node(round_: Round) -> None:
    """Let a node die with all that runs on it, and come back."""
    main = round_.disturbed()
    if job := running_job(round_, main):
        round_.cluster.crash(job["NodeList"])
        time.sleep(round_.random.choice([1, 30]))  # before and after the controller misses it
        round_.cluster.start_again(job["NodeList"])
    main.ends()


def kill_daemon(round_: Round) -> None:
    """Kill the daemon of a node, whose jobs run on, or stop the controller; start it again.

    A controller that is killed forgets what it did in its last seconds: SLURM 22.05 then takes a
    job that runs for one that waits, and drains its node, until an administrator comes.
    """
    main = round_.disturbed()
    if job := running_job(round_, main):
        name = round_.random.choice([job["NodeList"], "slurmctld"])
        seconds = round_.random.uniform(1, 15)
        round_.note(f"{name} away for {seconds:.0f} s")
        daemon = round_.cluster.daemons[name]
        daemon.send_signal(signal.SIGTERM if name == "slurmctld" else signal.SIGKILL)
        daemon.wait()
        time.sleep(seconds)
        round_.cluster.start_again(name)
    main.ends()


DISTURBANCES: dict[str, Callable[[Round], None]] = {
    "kill the main process": kill_main,
    "stop the main process": stop_main,
    "kill a process of a job": kill_process,
    "scancel": cancel_job,
    "crash a node": crash_node,
    "kill a daemon of SLURM": kill_daemon,
}
