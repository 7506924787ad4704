"""What killed processes left half-written is removed; what a living one writes is not."""

import os
import subprocess
import sys
import time

import pytest

from scripts.lib.aside import HERE, LONGEST, aside_of, sweep
from scripts.lib.files import folder_made_whole, write_json
from tests.workflow import DEMO, ROOT, snakemake

OTHER = "0123abcd"  # another machine
OLD = time.time() - 2 * LONGEST


@pytest.fixture(scope="module")
def dead():
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def put(path, time_=None):
    """Make a file, or a folder with one, as a write leaves it; return it."""
    folder = "checkpoint" in path.name
    file = path / "model.safetensors" if folder else path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("half")
    for each in {file, path}:
        os.utime(each, (time_ or time.time(),) * 2)
    return path


def names(folder):
    return {path.name for path in folder.iterdir()}


@pytest.fixture(params=["a.json", "checkpoint"])
def remains(request, tmp_path, dead):
    """Return a place, what must go beside it, and what must stay."""
    name = request.param
    gone = {f".{name}.{dead}@{HERE}": None, f".{name}.7@{OTHER}": OLD}
    stays = {
        f".{name}.{os.getppid()}@{HERE}": OLD,  # lives
        f".{name}.{dead}@{OTHER}": None,  # may live: it wrote lately
        f".{name}.lock": OLD,
        f"{name}.{dead}@{HERE}": OLD,  # not hidden
    }
    for left, time_ in (gone | stays).items():
        put(tmp_path / left, time_)
    return tmp_path / name, set(gone), set(stays)


def test_a_write_removes_what_is_left_of_the_same_place_alone(remains, dead):
    place, _, stays = remains
    other = put(place.with_name(f".b{place.name}.{dead}@{HERE}"))
    if place.suffix:
        write_json(place, {})
    else:
        with folder_made_whole(place) as folder:
            assert list(folder.iterdir()) == []
    assert names(place.parent) == stays | {place.name, other.name}


def test_a_sweep_removes_what_is_left_anywhere_below(remains, dead):
    place, _, stays = remains
    put(place.parent / "a" / ".b" / f".c.json.{dead}@{HERE}")
    sweep(place.parent)
    assert names(place.parent) == stays | {"a"}
    assert list((place.parent / "a" / ".b").iterdir()) == []
    sweep(place.parent / "none")  # a study that has nothing yet


def test_what_a_process_of_the_same_number_left_is_written_over(tmp_path):
    put(tmp_path / f".checkpoint.{os.getpid()}@{HERE}")
    with folder_made_whole(tmp_path / "checkpoint") as folder:
        assert list(folder.iterdir()) == []
    assert names(tmp_path) == {"checkpoint"}


def test_a_name_beside_the_longest_name_of_a_folder_is_short_enough(tmp_path):
    with aside_of(tmp_path / ("x" * 200)) as aside:
        aside.mkdir()


def test_a_write_that_was_killed_is_gone_after_the_next_start(tmp_path):
    """By a real kill: of a checkpoint, of an evaluation that is kept, and of a file."""
    code = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from scripts.lib.files import folder_made_whole, written_aside\n"
        "with folder_made_whole(Path('results/demo/models/a/checkpoint')) as one, \\\n"
        "     folder_made_whole(Path('evaluations/demo/a/seed-0/gsm8k/0a')) as two, \\\n"
        "     written_aside(Path('results/demo/scores.csv')) as three:\n"
        "    (one / 'model.safetensors').write_text('half')\n"
        "    (two / 'gsm8k.parquet').write_text('half')\n"
        "    three.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=False)

    def left():
        return [path for path in tmp_path.rglob(".*@*") if "demo" in path.parts]

    assert len(left()) == 3
    arguments = ("--cores", "1", "--configfile", DEMO, "--")
    assert snakemake("-n", *arguments, "scores", folder=tmp_path).returncode == 0
    assert len(left()) == 3  # a dry run touches nothing
    run = snakemake("--unlock", *arguments, "scores", folder=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert left() == []
