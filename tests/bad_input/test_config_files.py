"""What Snakemake reads before the Snakefile: config files and `--config`."""

import pytest

from tests.bad_input.configs import COMMAND_LINE, FILES, RIGHT
from tests.workflow import DEMO, snakemake


@pytest.mark.parametrize(("name", "content", "expected"), FILES, ids=[name for name, *_ in FILES])
def test_a_file_that_cannot_be_read_is_named(name, content, expected, tmp_path, load):
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    with pytest.raises(SystemExit) as ending:
        load(file)
    assert str(ending.value).startswith(f"{file}{expected}")
    assert len(str(ending.value).splitlines()) == 1


@pytest.mark.parametrize(("name", "content"), RIGHT, ids=[name for name, _ in RIGHT])
def test_a_right_file_is_read(name, content, tmp_path, load):
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    assert load(file)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gone.yaml", "gone.yaml: no such file"),
        ("all", "all: no such file; if it is a target, put `--` before it"),
        (".", ": a folder; give a config file"),
    ],
)
def test_what_is_no_file_is_named(name, expected, tmp_path, load):
    with pytest.raises(SystemExit) as ending:
        load(tmp_path / name)
    assert str(ending.value).endswith(expected)


@pytest.mark.parametrize(("entry", "expected"), COMMAND_LINE)
def test_a_wrong_config_on_the_command_line_is_one_line(entry, expected, tmp_path):
    run = snakemake("-n", "--configfile", DEMO, "--config", entry, "--", "all", folder=tmp_path)
    said = [line for line in run.stderr.splitlines() if "is extended by" not in line]
    assert run.returncode == 1
    assert expected in "\n".join(said)
    assert len(said) == (1 if entry != "seeds=[0" else 3)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_file_ends_snakemake_in_one_line(tmp_path):
    (tmp_path / "mine.yaml").write_bytes(b"seeds:\n\t- 1\n")
    run = snakemake(
        "-n", "--configfile", DEMO, tmp_path / "mine.yaml", "--", "all", folder=tmp_path
    )
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith(f"{tmp_path}/mine.yaml, line 2: not YAML: found character")
    assert run.stderr.count("\n") == 1
