"""The tables, figures and frames of a study, by the targets that ask for them (Snakefile)."""

from scripts.lib.dag.data import make_data_card
from scripts.lib.dag.figures import (
    gaining_cells,
    plot_costs,
    plot_curves,
    plot_dag,
    plot_gains,
    plot_prompts,
    plot_reported,
    plot_scores,
    trained_cells,
)
from scripts.lib.dag.jobs import Job
from scripts.lib.dag.paper import audit_paper, check_claims
from scripts.lib.dag.score import (
    collect_costs,
    collect_scores,
    compare_parents,
    compare_reported,
    draw_conclusions,
    printed_cells,
)
from scripts.lib.dag.tables import (
    make_answer_table,
    make_cost_table,
    make_prompt_table,
    make_table,
)
from scripts.lib.study.cells import Study, stages_of


def products(study: Study) -> dict[str, list[Job]]:
    """Return the jobs of the targets `scores`, `tables` and `figures`."""
    named = {
        "scores": [
            collect_scores(study),
            collect_costs(study),
            compare_parents(study),
            draw_conclusions(study),
        ],
        "tables": [make_table(study, table=table) for table in study.config["tabulate"]],
        "figures": [plot_scores(study)],
    }
    if printed_cells(study):
        named["scores"].append(compare_reported(study))
        named["figures"].append(plot_reported(study))
    named["tables"].append(audit_paper(study))
    named["tables"].append(check_claims(study))
    named["tables"].append(make_answer_table(study))
    if trained_cells(study):
        named["figures"] += [plot_curves(study), plot_dag(study)]
    if gaining_cells(study):
        named["figures"].append(plot_gains(study))
    if study.sensitivity_cells():
        named["tables"].append(make_prompt_table(study))
        named["figures"].append(plot_prompts(study))
    named["tables"].append(make_cost_table(study))
    named["figures"].append(plot_costs(study))
    return named


def data_cards(study: Study) -> list[Job]:
    """Return the jobs that make the cards of the data that the study's stages train on."""
    used = {study.config["stages"][stage]["data"] for c in study.cells() for stage in stages_of(c)}
    return [make_data_card(study, dataset=dataset) for dataset in sorted(used)]
