"""A small study whose records have the keys that this checkout plans: made up, and scored."""

import sys
from unittest import mock

from benchmarks.synthetic_study import Sizes, synthetic_study, write_study
from scripts import score_cell
from scripts.lib.dag.jobs import job
from scripts.lib.files import write_json

TABLE = {
    "caption": "One of each",
    "sections": [{"section": "All", "rows": ["base", "base+kd-lora+rl"]}],
}


def finished_study(folder, **changed):
    """Write the study below FOLDER/results/synthetic; return it and that folder.

    `changed` replaces keys of the config.
    """
    own = {"seeds": [0, 1], "tabulate": ["table2"], "evaluate": ["amc23", "gsm8k"]}
    study = synthetic_study(
        folder, **own | {"tables": {"table2": TABLE, "table3": TABLE}} | changed
    )
    write_study(folder, study, Sizes(problems=8, characters=60, steps=12))
    root = folder / "results" / study.name
    write_json(root / "config.json", study.config)
    for cell in study.cells():
        key = job(study, "score_cell", cell=cell).key
        flags = ["--config", root / "config.json", "--key", key, "--cell", cell]
        with mock.patch.object(sys, "argv", ["score_cell", *map(str, flags)]):
            score_cell.main()
    return study, root
