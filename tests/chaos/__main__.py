"""Disturb the mini study at random, and say whether it ends in the bytes of an undisturbed one.

    python -m tests.chaos --rounds 20 --seed 7
    python -m tests.chaos --seed 7 --only 3        # its third round alone
    python -m tests.chaos --disturb "a full disk"  # this disturbance alone

    python -m tests.chaos --profile slurm          # on a SLURM that it starts; as root

Linux alone. It kills only processes that it started.
"""

import argparse
import random
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from tests.chaos import on_slurm
from tests.chaos.disturbances import possible
from tests.chaos.rounds import Machine, play_rounds
from tests.rules.conftest import RUN
from tests.workflow import snakemake


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="how many (20)")
    parser.add_argument("--seed", type=int, help="what is drawn (without: another each time)")
    parser.add_argument("--only", type=int, metavar="N", help="the N-th round of the seed alone")
    parser.add_argument("--profile", choices=["slurm"], help="run the jobs on a SLURM of its own")
    parser.add_argument("--disturb", metavar="NAME", help="one kind of disturbance alone")
    parser.add_argument("--study", type=Path, help="folder of an undisturbed mini study, if made")
    args = parser.parse_args()
    seed = random.randrange(10**6) if args.seed is None else args.seed
    disturbances, missing = (on_slurm.DISTURBANCES, []) if args.profile else possible()
    for line in missing:
        print(f"left out: {line}")
    if args.disturb:
        if args.disturb not in disturbances:
            parser.error(f"--disturb is one of: {', '.join(disturbances)}")
        disturbances = {args.disturb: disturbances[args.disturb]}
    base = Path(tempfile.mkdtemp(prefix="chaos-"))
    study = args.study
    if study is None:
        study = base / "undisturbed"
        run = snakemake(*RUN, folder=study)
        if run.returncode:
            raise SystemExit(f"the undisturbed study failed:\n{run.stdout}{run.stderr}")
    numbers = [args.only] if args.only else list(range(1, args.rounds + 1))
    print(f"seed {seed}, {len(numbers)} rounds in {base}", flush=True)
    began = time.monotonic()
    with on_slurm.cluster_machine(base) if args.profile else nullcontext(Machine()) as machine:
        played = play_rounds(study, base, seed, numbers, disturbances, machine)
    failed = [round_.number for round_ in played if round_.failures]
    print(
        f"{len(played) - len(failed)} of {len(played)} rounds ended in the bytes of the undisturbed"
        f" study, seed {seed}, {(time.monotonic() - began) / 60:.1f} min"
    )
    if failed:
        raise SystemExit(f"failed: rounds {failed}; their folders are in {base}")


if __name__ == "__main__":
    main()
