"""What disturbs a run: each takes a round, starts its Snakemake, and leaves it ended.

The clock is not faked: under libfaketime 0.9.10 Python 3.11 cannot sleep.
"""

import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from scripts.lib.aside import NAME
from scripts.lib.disk import ALMOST_NONE
from tests.chaos.rounds import Round
from tests.chaos.starts import RESULTS

DAY = 24 * 3600
PAGE = os.sysconf("SC_PAGE_SIZE")  # what a file in memory is rounded up to


def kill_main(round_: Round) -> None:
    """SIGKILL the main process alone; its jobs run on."""
    main = round_.disturbed()
    main.process.send_signal(signal.SIGKILL)
    main.ends()


def kill_worker(round_: Round) -> None:
    """SIGKILL one process of a job."""
    main = round_.disturbed()
    while main.running() and not (workers := main.workers()):
        time.sleep(0.02)
    if main.running():
        worker = round_.random.choice(sorted(workers, key=lambda process: process.pid))
        worker.kill()
    main.ends()


def kill_group(round_: Round) -> None:
    """SIGKILL the main process and all its jobs at once, as a power cut does."""
    main = round_.disturbed()
    main.signal_group(signal.SIGKILL)
    main.ends()


def kill_during_publication(round_: Round) -> None:
    """The same while a file or folder is written beside its place, before its rename."""
    main = round_.disturbed()
    while main.running() and not any(unpublished(round_.folder)):
        time.sleep(0.001)
    main.signal_group(signal.SIGKILL)
    main.ends()
    main.leaves_nothing()
    left = [str(path.relative_to(round_.folder)) for path in unpublished(round_.folder)]
    round_.note(f"left {', '.join(left) or 'nothing half-published'}")


def unpublished(folder: Path) -> Iterator[Path]:
    """Yield what is being written aside in results/ and evaluations/."""
    for place in ("results", "evaluations"):
        for root, folders, files in os.walk(folder / place):
            yield from (Path(root, name) for name in (*folders, *files) if NAME.fullmatch(name))


def terminate(round_: Round) -> None:
    """SIGTERM the main process, as a shutdown does."""
    main = round_.disturbed()
    main.process.send_signal(signal.SIGTERM)
    main.ends()


def interrupt(round_: Round) -> None:
    """SIGINT to all, as Ctrl-C does."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    main = round_.disturbed()
    main.signal_group(signal.SIGINT)
    main.ends()


def two_mains(round_: Round) -> None:
    """Start a second Snakemake in the same folder: it is refused, and harms nothing."""
    first = round_.disturbed()
    second = round_.main(round_.folder)
    refused = second.ends()
    late = not first.running()
    if first.ends():
        round_.fail("the first of two Snakemakes failed")
    if not late and refused == 0:
        round_.fail("a second Snakemake was not refused")


def two_clones(round_: Round) -> None:
    """Run a second folder beside the first, which shares checkpoints/ and downloads/ with it."""
    other = round_.clone()
    for name in ("checkpoints", "downloads"):
        (round_.folder / name).mkdir()
        (other / name).symlink_to(round_.folder / name)
    first = round_.main(round_.folder)
    first.runs_until(round_.random.uniform(0, 5))
    round_.main(other).ends()
    first.ends()


def fill_disk(round_: Round) -> None:
    """Run on a disk that fills up at some point of the round's work, then on a larger one."""
    work = round_.start.size(round_.study)
    room = ALMOST_NONE + int(work * round_.random.random())
    round_.note(f"room for {room / 1e6:.2f} MB, {work / 1e6:.2f} to be written")
    sizes = [path.stat().st_size for path in round_.folder.rglob("*") if path.is_file()]
    present = sum(size + -size % PAGE for size in sizes)
    folder, larger = (
        shlex.quote(str(path)) for path in (round_.folder, round_.folder.parent / "larger")
    )
    Path(round_.folder.parent / "larger").mkdir()

    def within(line: list[str]) -> list[str]:
        # The larger disk's folder stays within reach under a second name.
        script = (
            f"mount --bind {folder} {larger}"
            f" && mount -t tmpfs -o size={present + room} none {folder}"
            f" && cp -a {larger}/. {folder}"
            f" && {{ {shlex.join(line)}; code=$?; }}"
            f"; find {larger} -mindepth 1 -delete; cp -a {folder}/. {larger}; exit $code"
        )
        return [*own_mounts(), "sh", "-c", script]

    main = round_.main(round_.folder, within=within)
    if main.ends():
        if "make room, or put the folder on a larger disk" not in main.console.read_text():
            round_.fail("no line says that the disk is full, or will be")
        if left := [str(path.relative_to(round_.folder)) for path in unpublished(round_.folder)]:
            round_.fail(f"left {', '.join(left)}")
    else:
        round_.note("it had room")


def own_mounts() -> list[str]:
    """Return the command that runs another with mounts of its own."""
    return ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]


@cache
def mounts_permitted() -> bool:
    if not shutil.which("unshare"):
        return False
    mount = [*own_mounts(), "sh", "-c", "mount -t tmpfs none /mnt"]
    return subprocess.run(mount, capture_output=True).returncode == 0


def move_clock(round_: Round) -> None:
    """Let the clock jump: what was made before is then from the future, or from long ago."""
    main = round_.disturbed()
    jump = round_.random.choice([-400 * DAY, -2 * DAY, -3600, 3600, 2 * DAY, 400 * DAY])
    round_.note(f"by {jump / DAY:+.2f} days")
    for path in sorted((round_.folder / RESULTS).rglob("*")):
        try:
            time_ = path.stat().st_mtime - jump
            os.utime(path, (time_, time_))
        except FileNotFoundError:  # renamed meanwhile
            continue
    main.ends()


DISTURBANCES: dict[str, Callable[[Round], None]] = {
    "kill the main process": kill_main,
    "kill a worker": kill_worker,
    "kill the process group": kill_group,
    "kill all during publication": kill_during_publication,
    "SIGTERM": terminate,
    "SIGINT": interrupt,
    "two mains": two_mains,
    "two clones": two_clones,
    "a full disk": fill_disk,
    "the clock jumps": move_clock,
}


def possible() -> tuple[dict[str, Callable[[Round], None]], list[str]]:
    """Return the disturbances that this machine permits, and what is left out and why."""
    found, missing = dict(DISTURBANCES), []
    if not mounts_permitted():
        del found["a full disk"]
        missing.append("a full disk: this machine permits no file system of the tests' own")
    return found, missing
