"""The cases that lie beside the checkout, where they do: each ends in one line, or is taken."""

import copy
from pathlib import Path

import pytest
from snakemake.utils import update_config

from scripts.lib.dag.targets import targets
from scripts.lib.study.validation import validated_study
from tests.bad_input.test_configs import demo
from tests.bad_input.test_data_files import problems
from tests.workflow import ROOT

SHARED = ROOT.parent / "shared" / "cases"
RIGHT_CONFIGS = {"47_BOM.yaml"}
RIGHT_DATA = {"crlf.jsonl", "line_separators_in_text.jsonl", "path_id.jsonl"}
BY_THE_FOLDER = {"33_model_path_missing.yaml"}  # said when the job of the model is planned


def cases(folder):
    found = sorted((SHARED / folder).glob("*"))
    return found or [pytest.param(None, marks=pytest.mark.skip(f"no cases in {SHARED / folder}"))]


def name_of(file):
    return file.name if isinstance(file, Path) else "none"


@pytest.mark.parametrize("file", cases("config"), ids=name_of)
def test_a_config_ends_in_lines_that_name_it_or_is_taken(file, load):
    config = copy.deepcopy(demo())
    try:
        update_config(config, load(file))
        targets(validated_study(config, [file]))
    except SystemExit as ended:
        said = str(ended)
        lines = [line for line in said.splitlines() if line != "The study's config has mistakes:"]
        named = [line for line in lines if line.startswith(str(file))]
        assert named == lines or file.name in BY_THE_FOLDER
        assert len(lines) <= 2 and said.replace("\n", "").isprintable()
        assert file.name not in RIGHT_CONFIGS
    else:
        assert file.name in RIGHT_CONFIGS


@pytest.mark.parametrize("file", cases("data"), ids=name_of)
def test_a_data_file_ends_in_a_line_that_names_its_place_or_is_read(file, tmp_path):
    copied = tmp_path / file.name
    copied.write_bytes(file.read_bytes())
    if file.name in RIGHT_DATA:
        assert problems(copied)
        return
    with pytest.raises(SystemExit) as ended:
        problems(copied)
    assert str(ended.value).startswith(str(tmp_path))
    assert str(ended.value).isprintable()
