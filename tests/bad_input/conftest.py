"""Snakemake's reader of config files, as an environment has it."""

import sys

import pytest

from tests.workflow import ROOT


@pytest.fixture(scope="module")
def load():
    """Return Snakemake's reader of config files, with envs/snakemake_input.py."""
    sys.path.insert(0, str(ROOT / "envs"))
    import slurm_import  # noqa: F401
    import snakemake_input  # noqa: F401
    from snakemake.common.configfile import load_configfile

    sys.path.remove(str(ROOT / "envs"))
    return load_configfile
