"""The files of the five real benchmarks, by benchmark, and their rows as problems."""

import yaml

from scripts.lib.data.schemas import load_row
from tests.workflow import ROOT

SCHEMAS = yaml.safe_load((ROOT / "config.yaml").read_text())["schemas"]

FILES = {
    "gsm8k": "gsm8k_test",
    "math500": "math500",
    "olympiadbench": "olympiadbench",
    "minerva": "minerva_math",
    "amc23": "amc23",
}


def load(schema, row, index=0):
    """Return a row of a known set as `load_problems` would."""
    return load_row(row, index, SCHEMAS[schema]["columns"])
