"""Does an environment that was never used here run the study, with the same bytes?

    make test-stack STACK=gpu

installs its lock by hash into an empty environment and calls

    python -m tests.stack .venv-stack

which imports the libraries there, and runs the mini study with it and with .venv, both on the CPU.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.workflow import DEMO, ROOT, reproducible

LIBRARIES = ("torch", "vllm", "deepspeed", "trl", "peft", "lighteval")
MINI = ["--cores", "2", "--configfile", DEMO, ROOT / "tests" / "mini.yaml"]


def run(environment: Path, folder: Path) -> dict[str, str]:
    """Run the mini study with an environment's programs; return the digests of what it made."""
    folders = f"{environment.resolve() / 'bin'}{os.pathsep}{os.environ['PATH']}"
    shown = {"PATH": folders, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    command = ["snakemake", *MINI, "--directory", folder, "--", "all"]
    subprocess.run(list(map(str, command)), cwd=ROOT, env=os.environ | shown, check=True)
    return reproducible(folder / "results" / "mini")


def main() -> None:
    """Exit with an error if the environment lacks a library or makes other bytes."""
    other = Path(sys.argv[1])
    imports = "; ".join(f"import {name}; print('{name}', {name}.__version__)" for name in LIBRARIES)
    subprocess.run([other / "bin" / "python", "-c", imports], check=True)
    with tempfile.TemporaryDirectory(prefix="stack-") as scratch:
        made = [run(one, Path(scratch, one.name)) for one in (ROOT / ".venv", other)]
    files = sorted(made[0].keys() | made[1].keys())
    differ = [name for name in files if made[0].get(name) != made[1].get(name)]
    if differ:
        raise SystemExit(f"{len(differ)} of {len(files)} files differ: {', '.join(differ[:20])}")
    print(f"{len(files)} files are the same")


if __name__ == "__main__":
    main()
