"""A disk that is full, read-only or in disorder ends a program in one line, and leaves nothing."""

import errno
import os
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pytest

from scripts.lib import disk
from scripts.lib.disk import check_folder, disk_in_words, in_words
from scripts.lib.evaluation.store import FILES, entry
from scripts.lib.files import folder_made_whole, write_json
from tests.workflow import DEMO, ROOT, snakemake

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a/b"), "a/b: the disk is full: make"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "a/b"), "a/b: the disk's quota is used up"),
        (OSError(errno.EFBIG, "File too large", "a/b"), "a/b: the file is larger than this disk"),
        (OSError(errno.EROFS, "Read-only file system", "a/b"), "a/b: the disk is read-only"),
        (PermissionError(errno.EACCES, "Permission denied", "a/b"), "a/b: this user may not do"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "a/b"), "a/b: a file stands where"),
        (FileExistsError(errno.EEXIST, "File exists", "results"), "results: a file stands where"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), ": the disk is full"),
        (FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"), "set TMPDIR"),
    ],
)
def test_what_a_disk_refuses_is_said_in_one_line(error, expected):
    said = in_words(error)
    assert expected in said
    assert said.isprintable() and said.endswith("start again; what is finished is kept")


def test_other_errors_are_not_touched():
    assert in_words(ValueError("no such thing")) is None
    assert in_words(FileNotFoundError(2, "No such file or directory", "x")) is None
    assert in_words(PermissionError(errno.EPERM, "Operation not permitted")) is None  # a socket's
    with pytest.raises(KeyError), disk_in_words():
        raise KeyError("x")


def test_an_error_of_writing_without_a_name_names_the_full_disk(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    free = {str(tmp_path): 0}
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda p: Usage(1, 1, free.get(str(p), 10**9)))
    assert in_words(OSError(errno.ENOSPC, "No space left")).startswith(f"{tmp_path}: the disk is")
    torchs = RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 2 vs 1")
    assert in_words(torchs).startswith(f"{tmp_path}: the disk is full")
    free.clear()
    assert in_words(torchs) is None
    with pytest.raises(SystemExit, match="the disk is full"):
        free[str(tmp_path)] = 0
        check_folder(tmp_path / "results", write=False)


def test_a_rules_program_ends_with_the_line_and_without_a_traceback(tmp_path):
    code = (
        "from scripts.cli import job_arguments\njob_arguments('')\n"
        "open('/dev/full', 'w', buffering=1).write('x\\n')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert ": the disk is full: make room" in run.stderr
    assert len([line for line in run.stderr.splitlines() if "Exception ignored" not in line]) <= 2
    assert 'File "<string>", line 3' not in run.stderr


def test_files_from_the_future_get_the_present_time_and_no_others(tmp_path):
    now = time.time()
    times = {"past.json": now - 1000, "future.json": now + 1000}
    for name, seconds in times.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (seconds, seconds))
    disk.end_future(tmp_path)
    assert (tmp_path / "past.json").stat().st_mtime == pytest.approx(now - 1000)
    assert now - 1 < (tmp_path / "future.json").stat().st_mtime < now + 60


def full_after(monkeypatch, files):
    """Let a disk have room for so many files."""
    write, left = Path.write_bytes, [files]

    def fill(path, content):
        if not left[0]:
            write(path, content[:1])
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", fill)


def everything_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_file_that_cannot_be_written_leaves_nothing_and_is_named(tmp_path, monkeypatch):
    write_json(tmp_path / "a.json", [1])
    full_after(monkeypatch, 0)
    with pytest.raises(OSError) as ending:
        write_json(tmp_path / "a.json", [2])
    assert ending.value.filename == str(tmp_path / "a.json")
    assert everything_in(tmp_path) == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "[\n  1\n]\n"


@pytest.mark.parametrize("room", range(4))
def test_an_evaluation_that_cannot_be_kept_leaves_nothing(tmp_path, monkeypatch, room):
    kept = entry(tmp_path / "store" / "amc23", "weights", "key", "data")
    full_after(monkeypatch, room)
    with pytest.raises(OSError):
        kept.keep({"accuracy": 1.0}, b"parquet", {}, {})
    assert everything_in(tmp_path / "store") == ["amc23"]


@pytest.mark.parametrize("room", range(4))
def test_an_evaluation_that_cannot_be_published_leaves_no_half_file(tmp_path, monkeypatch, room):
    kept = entry(tmp_path / "store" / "amc23", "weights", "key", "data")
    kept.keep({"accuracy": 1.0}, b"parquet", {}, {})
    full_after(monkeypatch, room)
    with pytest.raises(OSError):
        kept.publish(tmp_path / "eval")
    assert everything_in(tmp_path / "eval") == sorted(n.format("amc23") for n in FILES[:room])


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path):
    with folder_made_whole(tmp_path / "checkpoint") as folder:
        (folder / "model.safetensors").write_text("old")
    with pytest.raises(OSError), folder_made_whole(tmp_path / "checkpoint") as folder:
        (folder / "model.safetensors").write_text("ne")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert everything_in(tmp_path) == ["checkpoint", "checkpoint/model.safetensors"]
    assert (tmp_path / "checkpoint" / "model.safetensors").read_text() == "old"


@pytest.mark.parametrize("name", ["results", "checkpoints", "evaluations", "logs/demo"])
def test_a_file_in_the_place_of_a_folder_is_named_at_the_dry_run(name, tmp_path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    run = snakemake("-n", "--configfile", DEMO, "--", "scores", folder=tmp_path)
    said = (run.stdout + run.stderr).splitlines()
    assert run.returncode == 1
    assert said[1].startswith(f"{tmp_path / name}: a file stands where a folder should be")
    assert len(said) == 2


def test_a_folder_that_may_not_be_written_to_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(disk.os, "access", lambda path, mode: False)
    check_folder(tmp_path / "results" / "demo", write=False)
    with pytest.raises(SystemExit, match="this user may not do that there: correct the folder's"):
        check_folder(tmp_path / "results" / "demo", write=True)
