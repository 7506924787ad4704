"""The resolved config of a planned study, as scripts read it."""

import functools
from pathlib import Path

from scripts.lib.files import read_json
from scripts.lib.study.cells import Study


@functools.cache
def load_study(path: Path) -> Study:
    """Return the study of a resolved config, results/STUDY/config.json."""
    return Study(read_json(path))
