"""The paper's research questions as comparisons of the study's cells (sections 1 and 4)."""

from typing import Any

from scripts.lib.study.cells import Study, model_of, stages_of
from scripts.lib.study.columns import kind_of


def research_questions(study: Study) -> list[dict[str, Any]]:
    """Return the paper's questions; each group names the comparisons by cells and benchmarks."""
    cells, benchmarks = study.cells(), study.benchmarks()
    roots = [study.cell_of_row(role) for role in study.config["roles"]]
    others = [cell for cell in cells if not stages_of(cell) and cell not in roots]
    single = [cell for cell in cells if len(stages_of(cell)) == 1]
    hybrids = [cell for cell in cells if len(stages_of(cell)) > 1]
    home = [name for name in benchmarks if _is_trained_on(study, name)]
    away = [name for name in benchmarks if name not in home]
    labels = {name: stage["label"] for name, stage in study.config["stages"].items()}
    stages = dict.fromkeys(stages_of(cell)[0] for cell in single)

    def against(question: str, label: str, asked: list[str], on: list[str]) -> dict[str, Any]:
        return {"label": label, "against": question, "cells": asked, "benchmarks": on}

    small = [cell for cell in cells if model_of(cell) in roots]
    pairs = {
        "untrained": [[cell, other] for cell in small if not stages_of(cell) for other in others],
        "trained": [[cell, other] for cell in small if stages_of(cell) for other in others],
    }
    return [
        {
            "name": "RQ1",
            "asked": "do the small models reach the other models?",
            "groups": [
                {"label": f"{name} against the other models", "pairs": of, "benchmarks": benchmarks}
                for name, of in pairs.items()
            ],
        },
        {
            "name": "RQ2",
            "asked": "what does each stage change alone?",
            "groups": [
                against(
                    "parent",  # which is the untrained model; conclusions.md tells them there
                    f"{labels[stage]} against the untrained model",
                    [cell for cell in single if stages_of(cell) == [stage]],
                    benchmarks,
                )
                for stage in stages
            ],
        },
        {
            "name": "RQ3",
            "asked": "are combinations better than one stage?",
            "groups": [
                against("parent", "hybrids against their first stage", hybrids, benchmarks),
                against("direct RL", "hybrids against RL alone", hybrids, benchmarks),
            ],
        },
        {
            "name": "Transfer",
            "asked": "does training on one kind of problem help on others?",
            "groups": [
                against(
                    "root", "trained cells, on problems as in training", single + hybrids, home
                ),
                against("root", "trained cells, on other problems", single + hybrids, away),
            ],
        },
    ]


def _is_trained_on(study: Study, benchmark: str) -> bool:
    """Say whether a benchmark's problems are of the kind that the study trains on."""
    datasets, stages = study.config["datasets"], study.config["stages"]
    used = {stages[stage]["data"] for cell in study.cells() for stage in stages_of(cell)}
    problems = {datasets[name].get("problems", name) for name in used}
    kinds = {kind_of(study.config, name) for name in problems}
    return kind_of(study.config, study.config["benchmarks"][benchmark]["dataset"]) in kinds
