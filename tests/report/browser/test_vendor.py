"""The vendored libraries are the files that vendored.json names, unchanged."""

import hashlib
import json

from tests.workflow import ROOT

VENDOR = ROOT / "report" / "vendor"


def test_every_vendored_file_has_its_digest():
    libraries = json.loads((VENDOR / "vendored.json").read_text(encoding="utf-8"))
    for library in libraries:
        folder = VENDOR / library["folder"]
        found = {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file()
        }
        assert found == library["sha256"], library["package"]
        assert "LICENSE" in found
    named = {library["folder"] for library in libraries}
    assert {path.name for path in VENDOR.iterdir() if path.is_dir()} <= named


def test_the_versions_of_the_command_are_those_of_the_list():
    libraries = json.loads((VENDOR / "vendored.json").read_text(encoding="utf-8"))
    command = (VENDOR / "fetch.sh").read_text(encoding="utf-8")
    for library in libraries:
        assert f"fetch {library['package']}@{library['version']} " in command
