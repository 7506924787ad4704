"""A run's archive: the same bytes each time, a bag that other tools check, hostile ones refused."""

import hashlib
import io
import subprocess
import tarfile

import pytest

from scripts.lib.runs.bag import unpacked, write_bag

FILES = {"results/x/a.json": b"{}\n", "plan.json": b"1"}
LARGEST = 10**6


@pytest.fixture
def bag(tmp_path):
    path = tmp_path / "run.tar"
    write_bag(path, "run", FILES, {"External-Identifier": "x"})
    return path


def members(path):
    """Return {name: content} of an archive."""
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def rewritten(path, *added, **changed):
    """Write an archive again with other contents by path, None for none, and further members."""
    contents = members(path) | {name.replace("__", "/"): c for name, c in changed.items()}
    with tarfile.open(path, "w") as tar:
        for name, content in contents.items():
            if content is not None:
                add(tar, tarfile.TarInfo(name), content)
        for member, content in added:
            add(tar, member, content)
    return path


def add(tar, member, content):
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def member(name, **fields):
    made = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(made, field, value)
    return made, b""


def refusal(path, largest=LARGEST):
    with pytest.raises(SystemExit) as stopped, unpacked(path, largest):
        pytest.fail("it was unpacked")
    assert "\n" not in str(stopped.value)
    assert str(stopped.value).startswith(f"{path}: ")
    return str(stopped.value)


def test_what_was_packed_comes_out_and_nothing_is_left(bag):
    with unpacked(bag, LARGEST) as payload:
        found = {
            path.relative_to(payload).as_posix(): path.read_bytes()
            for path in payload.rglob("*")
            if path.is_file()
        }
    assert found == FILES
    assert not payload.exists()
    assert [path.name for path in bag.parent.iterdir()] == ["run.tar"]


def test_files_on_disk_are_packed_as_their_bytes_are(tmp_path, bag):
    file = tmp_path / "a.json"
    file.write_bytes(FILES["results/x/a.json"])
    file.chmod(0o600)
    other = tmp_path / "again.tar"
    write_bag(other, "run", {**FILES, "results/x/a.json": file}, {"External-Identifier": "x"})
    assert other.read_bytes() == bag.read_bytes()


def test_it_is_a_bag_that_other_tools_check(bag, tmp_path):
    found = members(bag)
    assert found["run/bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    assert set(found) == {
        *(f"run/data/{name}" for name in FILES),
        *(f"run/{name}" for name in ("bagit.txt", "bag-info.txt")),
        *(f"run/{name}manifest-sha256.txt" for name in ("", "tag")),
    }
    subprocess.run(["tar", "xf", bag], cwd=tmp_path, check=True)
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        check = ["sha256sum", "--check", "--strict", manifest]
        subprocess.run(check, cwd=tmp_path / "run", check=True, capture_output=True)


def test_an_archive_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_bag(tmp_path / "run.tar", "run", {"a": tmp_path / "missing"}, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (member("/etc/evil"), "has a name that is not below one folder"),
        (member("run/../../evil"), "has a name that is not below one folder"),
        (member("run/./evil"), "has a name that is not below one folder"),
        (member("run/data/a\nb"), "has a name that is not below one folder"),
        (member("run/data\\evil"), "has a name that is not below one folder"),
        (member("evil"), "has a name that is not below one folder"),
        (member("other/evil"), "is in a second folder"),
        (member(f"run/{'x' * 401}"), "has too long a name"),
        (member("run/link", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "is no regular file"),
        (member("run/link", type=tarfile.LNKTYPE, linkname="run/bagit.txt"), "is no regular file"),
        (member("run/pipe", type=tarfile.FIFOTYPE), "is no regular file"),
        (member("run/disk", type=tarfile.BLKTYPE), "is no regular file"),
        (member("run/folder", type=tarfile.DIRTYPE), "is no regular file"),
        (member("run/data/extra"), "run/data/extra".removeprefix("run/") + " is not listed"),
        (member("run/bagit.txt"), "not an uncompressed tar"),  # twice
        (member("run/bagit.txt/below"), "not an uncompressed tar"),
    ],
)
def test_a_hostile_member_is_refused(bag, bad, why, tmp_path):
    assert why in refusal(rewritten(bag, bad))
    assert not (tmp_path / "evil").exists()


def test_a_sparse_file_that_unfolds_is_refused(bag, tmp_path):
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(10**8)
    subprocess.run(["tar", "cSf", bag, "--transform", "s,^,run/,", "big"], cwd=tmp_path, check=True)
    assert bag.stat().st_size < LARGEST
    assert "is no regular file" in refusal(bag)


def test_a_header_of_gigabytes_is_not_read(bag):
    head = tarfile.TarInfo("run/long")
    head.type, head.size = tarfile.XHDTYPE, 5 * 10**9
    bag.write_bytes(head.tobuf(tarfile.USTAR_FORMAT) + bytes(2048))
    assert "a header too long" in refusal(bag)


def test_a_compressed_archive_is_refused_unread(bag):
    subprocess.run(["gzip", bag], check=True)
    assert "not an uncompressed tar" in refusal(bag.with_name("run.tar.gz"))


def test_an_archive_larger_than_allowed_is_refused(bag):
    assert "more than the 0.0 MB that are allowed" in refusal(bag, largest=100)


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100, bytes(1024)])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "x.tar"
    path.write_bytes(content)
    refusal(path)
    assert "No such file" in refusal(tmp_path / "missing.tar")


def test_a_torn_archive_is_refused(bag):
    bag.write_bytes(bag.read_bytes()[:3000])
    refusal(bag)


def test_a_changed_file_is_refused(bag):
    changed = rewritten(bag, **{"run__data__plan.json": b"2"})
    assert "data/plan.json has not the sha256" in refusal(changed)


def test_a_changed_manifest_is_refused(bag):
    line = f"{hashlib.sha256(b'2').hexdigest()}  data/plan.json\n".encode()
    name = "run/manifest-sha256.txt"
    kept = members(bag)[name].splitlines(keepends=True)[1:]
    changed = {"run__data__plan.json": b"2", name.replace("/", "__"): b"".join([line, *kept])}
    assert "manifest-sha256.txt has not the sha256" in refusal(rewritten(bag, **changed))


def test_a_missing_file_and_a_missing_manifest_are_refused(bag):
    kept = bag.read_bytes()
    missing = rewritten(bag, **{"run__data__plan.json": None})
    assert "data/plan.json is missing" in refusal(missing)
    bag.write_bytes(kept)
    without = rewritten(bag, **{"run__manifest-sha256.txt": None})
    assert "no manifest-sha256.txt in it, so no bag" in refusal(without)
