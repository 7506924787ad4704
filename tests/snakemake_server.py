"""What the server of `tests.workflow.snakemake` imports once, before it forks a process per run."""

import slurm_import  # noqa: F401  as .venv/bin/snakemake does
from snakemake.cli import get_argument_parser

# What the rules import.
import tests.workflow  # noqa: F401

get_argument_parser()  # imports the plugins
