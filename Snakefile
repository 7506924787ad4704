"""The study behind "A Technical Study into Small Reasoning Language Models" (arXiv 2506.13404)."""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


# The checkout's own folder, so that `--directory` finds it too.
configfile: Path(workflow.basedir, "config.yaml")


report: "paper/report/workflow.rst"


include: "rules/common.smk"
include: "rules/console.smk"


wildcard_constraints:
    study=one_of([STUDY.name]),
    cell=CELL_PATTERN,
    prefix=CELL_PATTERN,
    model=one_of(config["models"]),
    dataset=one_of(config["datasets"]),
    tokenizer=one_of(config.get("tokenizers", {})),
    table=one_of(config["tables"]),
    seed=r"0|[1-9]\d{0,9}",


rule all:
    """Every table, figure and number of the study."""
    input:
        expand("{results}/{file.path}", results=RESULTS, file=target_files(STUDY, "all")),


rule scores:
    """Every number: scores.csv, comparisons.csv, conclusions and costs.csv."""
    input:
        expand("{results}/{file.path}", results=RESULTS, file=target_files(STUDY, "scores")),


rule tables:
    """The tables that the config's `tabulate` selects."""
    input:
        expand("{results}/{file.path}", results=RESULTS, file=target_files(STUDY, "tables")),


rule figures:
    """The figures."""
    input:
        expand("{results}/{file.path}", results=RESULTS, file=target_files(STUDY, "figures")),


rule report:
    """The report: a folder of pages that is opened from disk, report/index.html."""
    input:
        expand("{results}/{file.path}", results=RESULTS, file=target_files(STUDY, "report")),


rule release:
    """Folders for the hub: a model per trained cell, and a data set of the results."""
    input:
        expand("{results}/{file.path}", results=RESULTS, file=target_files(STUDY, "release")),


rule paper:
    """The reproduction report as a PDF; it needs LaTeX, so `all` leaves it out."""
    input:
        expand("{results}/paper.pdf", results=RESULTS),


include: "rules/models.smk"
include: "rules/data.smk"
include: "rules/distill.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/score.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/paper.smk"
include: "rules/pdf.smk"
include: "rules/runs.smk"
include: "rules/report.smk"
include: "rules/release.smk"
include: "rules/plan.smk"
include: "rules/smoke.smk"


check_targets()
check_folders()


# On a cluster these run on the login node: compute nodes often have no network, and a job of seconds
# takes longer to submit than to run. What takes minutes or a GPU is submitted.
localrules:
    all,
    scores,
    tables,
    figures,
    report,
    release,
    paper,
    plan,
    fetch_model,
    fetch_dataset,
    fetch_traces,
    build_tokenizer,
    generate_dataset,
    load_problems,
    make_examples,
    make_data_card,
    score_cell,
    collect_scores,
    collect_costs,
    score_cell_prompts,
    score_cell_untrained,
    draw_conclusions,
    compare_reported,
    make_table,
    make_prompt_table,
    make_answer_table,
    audit_paper,
    plot_scores,
    plot_prompts,
    plot_reported,
    plot_dag,
    plot_curves,
    plot_gains,
    check_claims,
    write_macros,
    typeset,
    make_cost_table,
    plot_costs,
    release_cell,


onstart:
    check_cluster()
    check_engines()
    write_resolved_config(workflow.dag_settings.targets)
    show_run(workflow.dag_settings.targets)


onsuccess:
    show_end()
    show_summary(workflow.dag_settings.targets)
    if late := made_late(targets(STUDY)["all"]):
        print(
            f"{len(late)} files rest on files that were made anew since, {late[0]} among them: "
            "start Snakemake again with the target `all`, and it makes them anew too"
        )


onerror:
    show_end()
