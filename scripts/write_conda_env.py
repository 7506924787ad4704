"""Print the conda environment of a lock: every package inline, exactly pinned, with its hashes.

    python -m scripts.write_conda_env envs/paper.lock > envs/paper.yaml

Snakemake copies an environment's file, so that a relative `-r lock` in it would break.
"""

import re
import sys
from pathlib import Path

HEAD = """\
# Made by `make lock` from {lock}; not edited by hand.
channels: [conda-forge, nodefaults]
dependencies:
  - python=3.11.13
  - pip=25.1.1
  - pip:
"""


def conda_env(lock: str, requirements: str) -> str:
    """Return the YAML of an environment with the lock's packages, markers and hashes included."""
    entries = re.sub(r" *\\$", "", requirements, flags=re.MULTILINE)
    lines = [line for line in entries.splitlines() if not line.lstrip().startswith("#")]
    # A hash continues its package's line: YAML folds the two into one.
    pins = "".join(f"        {x.strip()}\n" if x[0] == " " else f"      - {x}\n" for x in lines)
    return HEAD.format(lock=lock) + pins


if __name__ == "__main__":
    print(conda_env(sys.argv[1], Path(sys.argv[1]).read_text(encoding="utf-8")), end="")
