"""The jobs behind a target, as Snakemake would plan them where nothing has been made yet."""

from collections.abc import Iterable

from scripts.lib.dag.evaluate import evaluate
from scripts.lib.dag.jobs import Job, whole
from scripts.lib.dag.score import score_cell
from scripts.lib.study.cells import Study

Dag = dict[Job, list[Job]]  # a job and those whose files it reads, which stand before it


def dag_of(study: Study, targets: Iterable[Job]) -> Dag:
    """Return the DAG of all jobs that these need, themselves included."""
    dag: Dag = {}

    def visit(job: Job) -> None:
        if job not in dag:
            read = list(dict.fromkeys(whole(study, parent) for parent in job.parents))
            for parent in read:
                visit(parent)
            dag[job] = read

    for target in targets:
        visit(target)
    return dag


def evaluations(study: Study, cell: str) -> list[Job]:
    """Return the evaluations of a cell, one per seed."""
    return [evaluate(study, cell=cell, seed=seed) for seed in study.seeds()]


def cell_targets(study: Study, cell: str) -> list[Job]:
    """Return what a path `results/STUDY/cells/CELL/BENCHMARK.json` asks for."""
    return [score_cell(study, cell=cell)]
