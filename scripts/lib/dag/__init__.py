"""The study's one DAG: what every job is, for the rules, the keys, the checks and the price."""

# Imported for the entries that they register.
from scripts.lib.dag import (
    data,
    evaluate,
    figures,
    models,
    paper,
    pdf,
    release,
    report,
    score,
    tables,
    train,
)

__all__ = [
    "data",
    "evaluate",
    "figures",
    "models",
    "paper",
    "pdf",
    "release",
    "report",
    "score",
    "tables",
    "train",
]
