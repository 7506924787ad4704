"""Tables and figures, and the paper's claims.

INPUTS:  results/{study}/cells/{cell}/{benchmark}.json, results/{study}/costs.csv
         paper/*.csv for the audit, paper/claims.yaml for the claims
OUTPUTS: results/{study}/tables/{table}.tex .md .html .csv, {table}-wide.tex
         results/{study}/figures/scores.pdf .png; gains, curves and dag likewise
         results/{study}/tables/prompts.tex .md .html .csv, figures/prompts.pdf .png
         results/{study}/tables/costs.tex .md .html .csv, figures/costs.pdf .png
         results/{study}/paper/audit.csv .md .html .tex
         results/{study}/paper/claims.csv .md .html .tex
"""


rule make_table:
    """One of the paper's tables with this study's numbers, as LaTeX, Markdown, HTML and CSV."""
    input:
        inputs_of("make_table"),
    output:
        tex="results/{study}/tables/{table}.tex",
        wide="results/{study}/tables/{table}-wide.tex",
        markdown="results/{study}/tables/{table}.md",
        csv="results/{study}/tables/{table}.csv",
        legend="results/{study}/tables/{table}.columns.csv",
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
        " --table {wildcards.table} --tex {output.tex:q} --wide {output.wide:q}"
        " --markdown {output.markdown:q} --csv {output.csv:q} --legend {output.legend:q}"
        " --html {output.html:q} --output {output.record:q} &> {log:q}"


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
        legend="results/{study}/tables/prompts.columns.csv",
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
        " --legend {output.legend:q} --html {output.html:q} --output {output.record:q} &> {log:q}"


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


rule make_answer_table:
    """The research questions, and what this study's comparisons answer."""
    input:
        inputs_of("make_answer_table"),
    output:
        tex="results/{study}/tables/answers.tex",
        markdown="results/{study}/tables/answers.md",
        csv="results/{study}/tables/answers.csv",
        legend="results/{study}/tables/answers.columns.csv",
        html=report(
            "results/{study}/tables/answers.html",
            category="Tables",
            labels={"table": "answers"},
            caption="../paper/report/answers.rst",
        ),
        record="results/{study}/tables/answers.record.json",
    log:
        "logs/{study}/make_answer_table.log",
    benchmark:
        "logs/{study}/make_answer_table.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("make_answer_table"),
    message:
        "make_answer_table"
    shell:
        "exec python -m scripts.make_answer_table"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --tex {output.tex:q} --markdown {output.markdown:q} --csv {output.csv:q}"
        " --legend {output.legend:q} --html {output.html:q} --output {output.record:q} &> {log:q}"


rule audit_paper:
    """What the paper's own printed numbers can be: counts, averages, quotations."""
    input:
        inputs_of("audit_paper"),
    output:
        csv="results/{study}/paper/audit.csv",
        legend="results/{study}/paper/audit.columns.csv",
        markdown="results/{study}/paper/audit.md",
        html=report(
            "results/{study}/paper/audit.html",
            category="The paper",
            labels={"page": "audit of the printed numbers"},
            caption="../paper/report/audit.rst",
        ),
        tex="results/{study}/paper/audit.tex",
        record="results/{study}/paper/audit.record.json",
    log:
        "logs/{study}/audit_paper.log",
    benchmark:
        "logs/{study}/audit_paper.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("audit_paper"),
    message:
        "audit_paper"
    shell:
        "exec python -m scripts.audit_paper"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --csv {output.csv:q} --legend {output.legend:q}"
        " --markdown {output.markdown:q} --html {output.html:q} --tex {output.tex:q} --output {output.record:q} &> {log:q}"


rule check_claims:
    """The paper's claims, tested on its own tables and on this study's numbers."""
    input:
        inputs_of("check_claims"),
    output:
        csv="results/{study}/paper/claims.csv",
        legend="results/{study}/paper/claims.columns.csv",
        markdown="results/{study}/paper/claims.md",
        html=report(
            "results/{study}/paper/claims.html",
            category="The paper",
            labels={"page": "its claims"},
            caption="../paper/report/claims.rst",
        ),
        tex="results/{study}/paper/claims.tex",
        record="results/{study}/paper/claims.record.json",
    log:
        "logs/{study}/check_claims.log",
    benchmark:
        "logs/{study}/check_claims.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("check_claims"),
    message:
        "check_claims"
    shell:
        "exec python -m scripts.check_claims"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --csv {output.csv:q} --legend {output.legend:q}"
        " --markdown {output.markdown:q} --html {output.html:q} --tex {output.tex:q} --output {output.record:q} &> {log:q}"


rule make_cost_table:
    """What each cell's last stage took, and what it gained."""
    input:
        inputs_of("make_cost_table"),
    output:
        tex="results/{study}/tables/costs.tex",
        markdown="results/{study}/tables/costs.md",
        csv="results/{study}/tables/costs.csv",
        columns="results/{study}/tables/costs.columns.csv",
        html=report(
            "results/{study}/tables/costs.html",
            category="Tables",
            labels={"table": "costs"},
            caption="../paper/report/costs_table.rst",
        ),
        record="results/{study}/tables/costs.record.json",
    log:
        "logs/{study}/make_cost_table.log",
    benchmark:
        "logs/{study}/make_cost_table.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("make_cost_table"),
    message:
        "make_cost_table"
    shell:
        "exec python -m scripts.make_cost_table"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --tex {output.tex:q} --markdown {output.markdown:q} --csv {output.csv:q}"
        " --html {output.html:q} --output {output.record:q} &> {log:q}"


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
