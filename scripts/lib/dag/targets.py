"""What the named targets ask for (Snakefile)."""

from scripts.lib.dag.jobs import File, Job
from scripts.lib.dag.products import data_cards, products
from scripts.lib.dag.release import releases
from scripts.lib.dag.report import make_report
from scripts.lib.study.cells import Study


def targets(study: Study) -> dict[str, list[Job]]:
    """Return the jobs that each named target asks for.

    `all` is all of them and the data cards, without `release`: that is asked for by its name.
    """
    named = products(study) | {"report": [make_report(study)]}
    made = [job for jobs in named.values() for job in jobs]
    return named | {"all": [*made, *data_cards(study)], "release": releases(study)}


def target_files(study: Study, target: str) -> list[File]:
    """Return the files that a named target asks for."""
    return [made[name] for made in targets(study)[target] for name in made.outputs]
