"""The paper's own numbers and claims.

INPUTS:  paper/*.csv for the audit, paper/claims.yaml for the claims
         results/{study}/cells/{cell}/{benchmark}.json
OUTPUTS: results/{study}/paper/audit.csv .md .html .tex
         results/{study}/paper/claims.csv .md .html .tex
"""


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
