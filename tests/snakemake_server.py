"""What the server of `tests.workflow.snakemake` imports once, before it forks a process per run."""
# ruff: noqa: F401

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "envs"))

import slurm_import  # these two as .venv/bin/snakemake does
import snakemake_input
from snakemake.cli import get_argument_parser

# What the rules import.
import scripts.lib.machine.slurm
import scripts.lib.price.walk
import scripts.lib.study.validation
import tests.workflow

get_argument_parser()  # imports the plugins
