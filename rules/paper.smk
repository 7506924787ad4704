"""Tables and figures.

INPUTS:  results/{study}/cells/{cell}/{benchmark}.json
OUTPUTS: results/{study}/tables/{table}.tex .md .html .csv
         results/{study}/figures/scores.pdf .png; gains, curves and dag likewise
         results/{study}/tables/prompts.tex .md .html .csv, figures/prompts.pdf .png
"""


rule make_table:
    """One of the paper's tables with this study's numbers, as LaTeX, Markdown, HTML and CSV."""
    input:
        inputs_of("make_table"),
    output:
        tex="results/{study}/tables/{table}.tex",
        markdown="results/{study}/tables/{table}.md",
        csv="results/{study}/tables/{table}.csv",
        html=report(
            "results/{study}/tables/{table}.html",
            category="Tables",
            labels={"table": "{table}"},
            caption="../paper/report/table.rst",
        ),
        record="results/{study}/tables/{table}.record.json",
    log:
        "logs/{study}/make_table/{table}.log",
    benchmark:
        "logs/{study}/make_table/{table}.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("make_table"),
    message:
        "make_table {wildcards.table}"
    shell:
        "exec python -m scripts.make_table"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --table {wildcards.table} --tex {output.tex:q} --markdown {output.markdown:q}"
        " --csv {output.csv:q} --html {output.html:q} --output {output.record:q} &> {log:q}"


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


rule make_prompt_table:
    """Every cell under every prompt, the differences, and which of them hold."""
    input:
        inputs_of("make_prompt_table"),
    output:
        tex="results/{study}/tables/prompts.tex",
        markdown="results/{study}/tables/prompts.md",
        csv="results/{study}/tables/prompts.csv",
        html=report(
            "results/{study}/tables/prompts.html",
            category="Tables",
            labels={"table": "prompts"},
            caption="../paper/report/prompts.rst",
        ),
        record="results/{study}/tables/prompts.record.json",
    log:
        "logs/{study}/make_prompt_table.log",
    benchmark:
        "logs/{study}/make_prompt_table.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("make_prompt_table"),
    message:
        "make_prompt_table"
    shell:
        "exec python -m scripts.make_prompt_table"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --tex {output.tex:q} --markdown {output.markdown:q} --csv {output.csv:q}"
        " --html {output.html:q} --output {output.record:q} &> {log:q}"


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
