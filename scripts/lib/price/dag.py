"""The jobs behind a target, as Snakemake would plan them where nothing has been made yet.

Derived from the settings and parents that `plan` knows of every job, without a dry run.
"""

from collections.abc import Iterable

from scripts.lib.study import jobs
from scripts.lib.study.cells import Study, stages_of
from scripts.lib.study.jobs import Job

Dag = dict[Job, list[Job]]  # a job and those whose files it reads, which stand before it


def dag_of(study: Study, targets: Iterable[Job]) -> Dag:
    """Return the DAG of all jobs that these need, themselves included."""
    dag: Dag = {}

    def visit(job: Job) -> None:
        if job not in dag:
            read = list(dict.fromkeys(read_by(study, job)))
            for parent in read:
                visit(parent)
            dag[job] = read

    for target in targets:
        visit(target)
    return dag


def read_by(study: Study, job: Job) -> list[Job]:
    """Return the jobs whose files a job reads.

    The key of a table cell follows its benchmarks one by one and so has no parents, but the job
    waits for the evaluations that hold them.
    """
    if job.rule == "score_cell":
        return evaluations(study, str(job.wildcards["cell"]))
    if job.rule == "compare_parents":
        return [run for cell in study.cells() for run in evaluations(study, cell)]
    return job.reads


def evaluations(study: Study, cell: str) -> list[Job]:
    """Return the evaluations of a cell, one a seed."""
    return [jobs.job(study, "evaluate", cell=cell, seed=seed) for seed in study.seeds()]


def cell_targets(study: Study, cell: str) -> list[Job]:
    """Return what a path `results/STUDY/cells/CELL/BENCHMARK.json` asks for."""
    return [jobs.job(study, "score_cell", cell=cell)]


def study_targets(study: Study) -> list[Job]:
    """Return what the target `all` asks for."""
    used = {study.config["stages"][stage]["data"] for c in study.cells() for stage in stages_of(c)}
    return [
        *(jobs.job(study, "make_table", table=table) for table in study.config["tabulate"]),
        *(jobs.job(study, rule) for rule in ("plot_scores", "collect_scores", "compare_parents")),
        *(jobs.job(study, "make_data_card", dataset=dataset) for dataset in sorted(used)),
    ]
