"""The figures.

INPUTS:  results/{study}/cells/{cell}/{benchmark}.json, models/{cell}/seed-{seed}/training.json;
         comparisons, costs and reproduction of results/{study}
OUTPUTS: results/{study}/figures/scores.pdf .png; prompts, costs, reported, gains, curves and dag
         likewise
"""


rule plot_scores:
    """All cells and benchmarks at a glance, with their intervals."""
    input:
        inputs_of("plot_scores"),
    output:
        pdf="results/{study}/figures/scores.pdf",
        png=report(
            "results/{study}/figures/scores.png",
            category="Figures",
            labels={"figure": "all cells and benchmarks"},
            caption="../paper/report/scores_figure.rst",
        ),
        record="results/{study}/figures/scores.record.json",
    log:
        "logs/{study}/plot_scores.log",
    benchmark:
        "logs/{study}/plot_scores.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("plot_scores"),
    message:
        "plot_scores"
    shell:
        "exec python -m scripts.plot_scores"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --pdf {output.pdf:q} --png {output.png:q} --output {output.record:q} &> {log:q}"


rule plot_prompts:
    """Every cell under every prompt at a glance, and the differences."""
    input:
        inputs_of("plot_prompts"),
    output:
        pdf="results/{study}/figures/prompts.pdf",
        png=report(
            "results/{study}/figures/prompts.png",
            category="Figures",
            labels={"figure": "prompts"},
            caption="../paper/report/prompts_figure.rst",
        ),
        record="results/{study}/figures/prompts.record.json",
    log:
        "logs/{study}/plot_prompts.log",
    benchmark:
        "logs/{study}/plot_prompts.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("plot_prompts"),
    message:
        "plot_prompts"
    shell:
        "exec python -m scripts.plot_prompts"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --pdf {output.pdf:q} --png {output.png:q} --output {output.record:q} &> {log:q}"


rule plot_costs:
    """Accuracy of each cell against the hours of all its stages."""
    input:
        inputs_of("plot_costs"),
    output:
        pdf="results/{study}/figures/costs.pdf",
        png=report(
            "results/{study}/figures/costs.png",
            category="Figures",
            labels={"figure": "costs"},
            caption="../paper/report/costs_figure.rst",
        ),
        record="results/{study}/figures/costs.record.json",
    log:
        "logs/{study}/plot_costs.log",
    benchmark:
        "logs/{study}/plot_costs.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("plot_costs"),
    message:
        "plot_costs"
    shell:
        "exec python -m scripts.plot_costs"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --pdf {output.pdf:q} --png {output.png:q} --output {output.record:q} &> {log:q}"


rule plot_reported:
    """The accuracies that the paper prints against this study's."""
    input:
        inputs_of("plot_reported"),
    output:
        pdf="results/{study}/figures/reported.pdf",
        png=report(
            "results/{study}/figures/reported.png",
            category="Figures",
            labels={"figure": "reported and reproduced"},
            caption="../paper/report/reproduction.rst",
        ),
        record="results/{study}/figures/reported.record.json",
    log:
        "logs/{study}/plot_reported.log",
    benchmark:
        "logs/{study}/plot_reported.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("plot_reported"),
    message:
        "plot_reported"
    shell:
        "exec python -m scripts.plot_reported"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --pdf {output.pdf:q} --png {output.png:q} --output {output.record:q} &> {log:q}"


rule plot_gains:
    """What each stage added to the cell that it started from."""
    input:
        inputs_of("plot_gains"),
    output:
        pdf="results/{study}/figures/gains.pdf",
        png=report(
            "results/{study}/figures/gains.png",
            category="Figures",
            labels={"figure": "gain per stage"},
            caption="../paper/report/gains_figure.rst",
        ),
        record="results/{study}/figures/gains.record.json",
    log:
        "logs/{study}/plot_gains.log",
    benchmark:
        "logs/{study}/plot_gains.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("plot_gains"),
    message:
        "plot_gains"
    shell:
        "exec python -m scripts.plot_gains"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --pdf {output.pdf:q} --png {output.png:q} --output {output.record:q} &> {log:q}"


rule plot_curves:
    """The training curves of all trained cells."""
    input:
        inputs_of("plot_curves"),
    output:
        pdf="results/{study}/figures/curves.pdf",
        png=report(
            "results/{study}/figures/curves.png",
            category="Figures",
            labels={"figure": "training curves"},
            caption="../paper/report/curves_figure.rst",
        ),
        record="results/{study}/figures/curves.record.json",
    log:
        "logs/{study}/plot_curves.log",
    benchmark:
        "logs/{study}/plot_curves.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("plot_curves"),
    message:
        "plot_curves"
    shell:
        "exec python -m scripts.plot_curves"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --pdf {output.pdf:q} --png {output.png:q} --output {output.record:q} &> {log:q}"


rule plot_dag:
    """The study's cells, from untrained models through their stages."""
    input:
        inputs_of("plot_dag"),
    output:
        pdf="results/{study}/figures/dag.pdf",
        png=report(
            "results/{study}/figures/dag.png",
            category="Figures",
            labels={"figure": "DAG of the cells"},
            caption="../paper/report/dag_figure.rst",
        ),
        record="results/{study}/figures/dag.record.json",
    log:
        "logs/{study}/plot_dag.log",
    benchmark:
        "logs/{study}/plot_dag.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("plot_dag"),
    message:
        "plot_dag"
    shell:
        "exec python -m scripts.plot_dag"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --pdf {output.pdf:q} --png {output.png:q} --output {output.record:q} &> {log:q}"
