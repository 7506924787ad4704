"""The reproduction report as a PDF. Not part of `all`: it needs LaTeX.

INPUTS:  paper/main.tex; scores, conclusions, tables and figures of results/{study}
OUTPUTS: results/{study}/paper/macros.tex
         results/{study}/paper.pdf
"""


rule write_macros:
    """The facts of this study as LaTeX macros."""
    input:
        inputs_of("write_macros"),
    output:
        macros="results/{study}/paper/macros.tex",
        record="results/{study}/paper/macros.record.json",
    log:
        "logs/{study}/write_macros.log",
    benchmark:
        "logs/{study}/write_macros.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("write_macros"),
    message:
        "write_macros"
    shell:
        "exec python -m scripts.write_macros"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --macros {output.macros:q} --output {output.record:q} &> {log:q}"


rule typeset:
    """The report of this study, typeset by latexmk."""
    input:
        inputs_of("typeset"),
    output:
        pdf="results/{study}/paper.pdf",
        record="results/{study}/paper.record.json",
    log:
        "logs/{study}/typeset.log",
    benchmark:
        "logs/{study}/typeset.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("typeset"),
    message:
        "typeset"
    shell:
        "exec python -m scripts.typeset"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --pdf {output.pdf:q} --output {output.record:q} &> {log:q}"
