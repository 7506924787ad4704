"""The report: a folder of pages from the tables down to every verdict, opened from disk.

INPUTS:  tables, figures, frames, evaluations and records of results/{study}; report/ for its pages
OUTPUTS: results/{study}/report/index.html, and beside it assets/, data/, figures/, files/
"""


rule make_report:
    """The report of this study."""
    input:
        inputs_of("make_report"),
    output:
        index="results/{study}/report/index.html",
        record="results/{study}/report.record.json",
    log:
        "logs/{study}/make_report.log",
    benchmark:
        "logs/{study}/make_report.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("make_report"),
    message:
        "make_report"
    shell:
        "exec python -m scripts.make_report"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --index {output.index:q} --output {output.record:q} &> {log:q}"
