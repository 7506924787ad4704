"""Describe a finished study as a Provenance Run RO-Crate: what made which file, from what.

    python -m scripts.write_crate results/demo

The study's folder becomes the crate: ro-crate-metadata.json names the workflow, each of its jobs,
the files that the job read and left, with their sha256, and the environments. The workflow's own
files are copied to results/STUDY/workflow. Weights stay in their folders and are not described: the
records of their trainings are. Two descriptions of one run by one checkout are the same bytes. No
rule of the DAG.
"""

import argparse
import shutil
from pathlib import Path

from scripts.lib.console import print_lines
from scripts.lib.dag.code import ROOT
from scripts.lib.disk import say_in_words
from scripts.lib.evaluation.finished import study_in
from scripts.lib.files import folder_made_whole, write_json
from scripts.lib.records import is_current
from scripts.lib.runs.plan import planned_parts

METADATA = "ro-crate-metadata.json"
FILES = ("Snakefile", "config.yaml", "config.schema.yaml", "LICENSE", "pyproject.toml")
FOLDERS = ("rules", "scripts", "envs", "paper")


def copy_workflow(folder: Path) -> None:
    """Put the workflow's files where the crate names them, whole or not at all."""
    with folder_made_whole(folder) as made:
        for name in FILES:
            shutil.copyfile(ROOT / name, made / name)
        for name in FOLDERS:
            skipped = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, made / name, ignore=skipped)


def main() -> None:
    """Describe the study in the folder given."""
    say_in_words()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path, help="the study's folder, for example results/demo")
    args = parser.parse_args()
    study = study_in(args.study)
    jobs = planned_parts(study)
    if stale := [job.outputs["record"] for job in jobs if not is_current(job, args.study)]:
        raise SystemExit(
            f"{args.study}: {len(stale)} of its {len(jobs)} jobs are not made or not current, "
            f"{stale[0]} among them; run the target `all` first, then describe the run"
        )
    from scripts.lib.crate.run import WORKFLOW, RunCrate  # takes a second to load

    copy_workflow(args.study / WORKFLOW)
    metadata = RunCrate(study, args.study, jobs).metadata()
    write_json(args.study / METADATA, metadata)
    print_lines([f"{args.study / METADATA}: {len(jobs)} jobs, {len(metadata['@graph'])} entities"])


if __name__ == "__main__":
    main()
