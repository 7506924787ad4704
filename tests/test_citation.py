"""What says how to cite the artifact agrees: CITATION.cff and the files made from it."""

import tomllib

import yaml

from scripts.lib.files import read_json
from tests.workflow import ROOT

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())


def test_the_version_is_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == CITATION["version"]
    assert f"\n## {CITATION['version']} (" in (ROOT / "CHANGELOG.md").read_text()


def test_codemeta_and_zenodo_are_made_from_the_citation():
    """`make docs` makes them."""
    codemeta, zenodo = (read_json(ROOT / name) for name in ("codemeta.json", ".zenodo.json"))
    assert codemeta["name"] == zenodo["title"] == CITATION["title"]
    assert codemeta["version"] == zenodo["version"] == CITATION["version"]
    assert codemeta["description"] == zenodo["description"] == CITATION["abstract"]
    assert codemeta["keywords"] == zenodo["keywords"] == CITATION["keywords"]
    names = [author["name"] for author in CITATION["authors"]]
    assert [author["name"] for author in codemeta["author"]] == names
    assert [creator["name"] for creator in zenodo["creators"]] == names
    assert codemeta["license"].endswith(CITATION["license"])
    assert zenodo["license"]["id"] == CITATION["license"]
