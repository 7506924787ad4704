"""Print the conda environment of the rules from the lock: every package inline, exactly pinned.

    python -m scripts.write_conda_env envs/cpu.lock torch==2.13.0 > envs/study.yaml

Snakemake copies an environment's file, so that a relative `-r lock` in it would break.
"""

import json
import re
import sys
from pathlib import Path


def conda_env(lock: str, torch: str) -> str:
    """Return the YAML of an environment with the lock's packages, markers included."""
    pins = re.findall(r"^([^\s#]+==[^\s;]+(?: ; [^\\\n]+?)?) *\\?$", lock, re.MULTILINE)
    lines = [
        "# Made by `make lock` from envs/cpu.lock; not edited by hand.",
        "channels: [conda-forge, nodefaults]",
        "dependencies:",
        "  - python=3.11",
        "  - pip",
        "  - pip:",
        *(f"      - {json.dumps(pin)}" for pin in [torch, *pins]),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(conda_env(Path(sys.argv[1]).read_text(encoding="utf-8"), sys.argv[2]), end="")
