"""What a checkout plans for a study: every job's key, and all that the key stands for."""

from collections.abc import Iterable
from typing import Any

from scripts.lib.dag.jobs import Job, rule_facts
from scripts.lib.dag.targets import targets
from scripts.lib.price.walk import dag_of
from scripts.lib.provenance import git_commit
from scripts.lib.study.cells import Study

Plan = dict[str, Any]


def planned_parts(study: Study) -> list[Job]:
    """Return every job of the target `all` but the report and what it alone reads.

    Each part of a job stands on its own.
    """
    wanted = [job for job in targets(study)["all"] if job.rule != "make_report"]
    return [part for job in dag_of(study, wanted) for part in job.parts.values() or [job]]


def plan_of(study: Study) -> Plan:
    """Return the plan of a whole study."""
    return plan_of_parts(planned_parts(study))


def plan_of_parts(parts: Iterable[Job]) -> Plan:
    """Return the commit, what the jobs of each rule share, and every job by its record's path."""
    parts = list(parts)
    return {
        "commit": git_commit(),
        "rules": {rule: rule_facts(rule) for rule in sorted({part.rule for part in parts})},
        "jobs": {
            part.outputs["record"]: {
                "rule": part.rule,
                "key": part.key,
                "settings": part.settings,
                "inputs": [parent.outputs["record"] for parent in part.parents],
            }
            for part in parts
        },
    }
