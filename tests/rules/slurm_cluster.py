"""A real SLURM on this machine, for tests: its daemons, and nodes with eight fake H100s each.

Nodes are slurmd processes that claim more than the machine has; a GPU is a character device that
SLURM hands out and that no program can use. Needs root and Debian's packages; the configuration
must lie in /etc/slurm, because the executor's job steps drop SLURM_CONF.
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ETC = Path("/etc/slurm")
MARK = "# Written by tests/rules/slurm_cluster.py\n"
PACKAGES = "slurm-wlm slurmctld slurmd slurm-client munge"
NODES = {"h100": ["h100-01", "h100-02"], "fragile": ["fragile-01", "fragile-02"]}  # by partition
FIRST_PORT = 26817
GPUS_PER_NODE = 8

CONFIG = """\
{mark}ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={base}/munge.socket,cred_expire=10
SlurmUser=root
SlurmdUser=root
StateSaveLocation={base}/state
SlurmdSpoolDir={base}/spool.%n
SlurmctldPidFile={base}/slurmctld.pid
SlurmdPidFile={base}/slurmd.%n.pid
SlurmctldLogFile={base}/slurmctld.log
SlurmdLogFile={base}/slurmd.%n.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1,batch_sched_delay=0
GresTypes=gpu
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldTimeout=20
SlurmdTimeout=20
KillWait=2
MinJobAge=3600
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=96 SocketsPerBoard=2"
    " CoresPerSocket=48 ThreadsPerCore=1 RealMemory=2000000 Gres=gpu:h100:{gpus} State=UNKNOWN\n"
)
PARTITION = (
    "PartitionName={name} Nodes={nodes} Default={default} MaxTime=2-00:00:00"
    " DefaultTime=01:00:00 DefMemPerCPU=1000 State=UP\n"
)


class Cluster:
    """The daemons of a running cluster, and what a user or a mishap does to its jobs."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.daemons: dict[str, subprocess.Popen] = {}

    def start(self) -> None:
        """Write the configuration, start munged, slurmctld and a slurmd a node; wait for them."""
        (self.base / "state").mkdir(parents=True)
        self.base.chmod(0o755)
        devices = self.base / "gpu"
        devices.mkdir()
        for number in range(GPUS_PER_NODE):
            os.mknod(devices / f"nvidia{number}", 0o20666, os.makedev(1, 3))
        names = [name for nodes in NODES.values() for name in nodes]
        host = socket.gethostname().split(".")[0]
        config = CONFIG.format(mark=MARK, host=host, port=FIRST_PORT, base=self.base)
        for port, name in enumerate(names, start=FIRST_PORT + 1):
            config += NODE.format(name=name, host=host, port=port, gpus=GPUS_PER_NODE)
            (self.base / f"spool.{name}").mkdir()
        for partition, nodes in NODES.items():
            default = "YES" if partition == "h100" else "NO"
            config += PARTITION.format(name=partition, nodes=",".join(nodes), default=default)
        ETC.mkdir(exist_ok=True)
        (ETC / "slurm.conf").write_text(config)
        gres = f"{MARK}AutoDetect=off\nName=gpu Type=h100 File={devices}/nvidia[0-7]\n"
        (ETC / "gres.conf").write_text(gres)

        key = self.base / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        places = {"socket": "munge.socket", "key-file": "munge.key", "log-file": "munge.log"}
        places |= {"pid-file": "munge.pid", "seed-file": "munge.seed"}
        options = [f"--{option}={self.base / name}" for option, name in places.items()]
        self.daemon("munged", "munged", "--foreground", "--force", *options)
        self.until(lambda: (self.base / "munge.socket").exists(), "munged to listen")
        for name in ("slurmctld", *names):
            self.start_again(name)
        self.until(lambda: len(self.idle_nodes()) == len(names), "all nodes to be idle")

    def start_again(self, name: str) -> None:
        """Start the controller or a node's daemon."""
        node = ["slurmd", "-D", "-N", name]
        self.daemon(name, *(["slurmctld", "-D"] if name == "slurmctld" else node))

    def daemon(self, name: str, *command: str) -> None:
        """Start a daemon in the foreground, its output in a file; it ends with this process."""
        with (self.base / f"{name}.out").open("w") as output:
            self.daemons[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Cancel what is left, end the daemons, remove the configuration."""
        for job in self.query("squeue", "-h", "-o", "%A"):
            subprocess.run(["scancel", job], check=False)
        with contextlib.suppress(TimeoutError):
            self.until(lambda: not self.query("squeue", "-h", "-o", "%A"), "jobs to end", 30)
        for process in reversed(self.daemons.values()):
            process.terminate()
        for process in self.daemons.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
        for nodes in NODES.values():
            for node in nodes:
                kill_processes_of(node)
        for name in ("slurm.conf", "gres.conf"):
            (ETC / name).unlink(missing_ok=True)

    def query(self, *command: str) -> list[str]:
        """Return the lines that one of SLURM's commands prints."""
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        return run.stdout.splitlines()

    def idle_nodes(self) -> list[str]:
        return self.query("sinfo", "-h", "-N", "-t", "idle", "-o", "%N")

    def until(self, condition, what: str, seconds: float = 60) -> None:
        """Wait until a condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"waited {seconds} s for {what}; logs are in {self.base}")
            time.sleep(0.2)

    def jobs(self, folder: Path) -> list[dict[str, str]]:
        """Return what scontrol says of each job that was submitted from a folder, oldest first."""
        found = []
        for line in self.query("scontrol", "--oneliner", "show", "jobs"):
            fields = dict(field.split("=", 1) for field in line.split() if "=" in field)
            if fields.get("WorkDir") == str(folder):
                fields["rule"] = re.sub(r"^rule_(\w+?)(_wildcards_.*)?$", r"\1", fields["Comment"])
                found.append(fields)
        return sorted(found, key=lambda fields: int(fields["JobId"]))

    def cancel(self, folder: Path) -> None:
        """Cancel every job that was submitted from a folder, and wait until they are gone."""

        def left() -> list[str]:
            lines = self.query("squeue", "-h", "-o", "%i %Z")
            return [line.split()[0] for line in lines if line.endswith(f" {folder}")]

        for job in left():
            subprocess.run(["scancel", job], check=False)
        self.until(lambda: not left(), "the cancelled jobs to be gone")

    def crash(self, node: str) -> None:
        """Let a node die as by a power cut: its daemon and every process of its jobs, at once."""
        jobs = self.query("squeue", "-h", "-w", node, "-o", "%A")
        self.daemons.pop(node).kill()
        kill_processes_of(node, tuple(f"slurmstepd: [{job}." for job in jobs))


def kill_processes_of(node: str, commands: tuple[str, ...] = ()) -> None:
    """Kill the processes that a node's jobs started, and those whose command begins so."""
    for pid, command, environment in processes():
        if f"SLURMD_NODENAME={node}" in environment or command.startswith(commands):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def processes() -> Iterator[tuple[int, str, list[str]]]:
    """Yield pid, command line and environment of every process."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                command = (
                    (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                )
                environment = (entry / "environ").read_bytes().decode(errors="replace")
                yield int(entry.name), command, environment.split("\0")


@contextlib.contextmanager
def running_cluster(base: Path) -> Iterator[Cluster]:
    """Start a cluster and stop it in the end; skip the test where it cannot be had."""
    missing = [
        name for name in ("munged", "slurmctld", "slurmd", "sbatch") if not shutil.which(name)
    ]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: apt-get install --no-install-recommends {PACKAGES}")
    if os.geteuid():
        pytest.skip("a SLURM of the test's own needs root: it makes device nodes and /etc/slurm")
    with Path("/run/srlm-slurm-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run of these tests: after it
        config = ETC / "slurm.conf"
        if config.exists() and not config.read_text().startswith(MARK):
            pytest.skip(f"{config} belongs to another SLURM; the tests do not touch it")
        cluster = Cluster(base)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
