"""The tables: the paper's, and three of the study's own.

INPUTS:  results/{study}/cells/{cell}/{benchmark}.json; comparisons, conclusions, costs and
         reproduction of results/{study}
OUTPUTS: results/{study}/tables/{table}.tex .md .html .csv, {table}-wide.tex
         results/{study}/tables/prompts.tex .md .html .csv; costs and answers likewise
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
