"""Pack a finished study into one archive, for others to check and to compare with.

    python -m scripts.pack results/demo --output demo-run.tar

Records, scores, completions with their verdicts, tables, figures, the resolved config, the locks
and what the checkout plans; no weights, and no rows of data sets. A BagIt bag in an uncompressed
tar. Two packs of one folder by one checkout are the same bytes. No rule of the DAG.
"""

import argparse
import json
from pathlib import Path

from scripts.lib.console import print_lines, spell_bytes
from scripts.lib.disk import say_in_words
from scripts.lib.evaluation.finished import study_in
from scripts.lib.files import sha256_of
from scripts.lib.runs.bag import write_bag
from scripts.lib.runs.packing import PLAN, packed
from scripts.lib.runs.plan import plan_of


def main() -> None:
    """Pack the study that the flags name."""
    say_in_words()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path, help="the study's folder, for example results/demo")
    parser.add_argument("--output", type=Path, help="the archive; default: STUDY-run.tar")
    args = parser.parse_args()
    study = study_in(args.study)
    output = args.output or Path(f"{study.name}-run.tar")
    found = packed(study, args.study)
    if not found.jobs:
        raise SystemExit(f"{args.study}: no job of this study has left a record yet")
    plan = json.dumps(plan_of(study), sort_keys=True).encode()
    info = {"Bag-Software-Agent": "scripts.pack", "External-Identifier": study.name}
    write_bag(output, f"{study.name}-run", {**found.files, PLAN: plan}, info)
    lines = [
        f"{output}: {len(found.files)} files of {found.jobs} jobs, "
        f"{spell_bytes(output.stat().st_size)}, sha256 {sha256_of(output)}"
    ]
    for what, records in (("not made", found.missing), ("not current", found.stale)):
        if records:
            lines.append(f"{what}: {len(records)} jobs, {records[0]} among them")
    print_lines(lines)


if __name__ == "__main__":
    main()
