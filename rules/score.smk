"""From evaluation records to table cells and one tidy table of scores.

INPUTS:  results/{study}/eval/{cell}/seed-{seed}/{benchmark}.json and .parquet
OUTPUTS: results/{study}/cells/{cell}/{benchmark}.json
         results/{study}/scores.csv       one row a cell, benchmark and seed
         results/{study}/comparisons.csv  every trained cell against its parent
"""


rule score_cell:
    """Average a cell's seeds and samples, with a 95% interval, for every benchmark."""
    input:
        records=evaluation_records,
        details=evaluation_details,
    output:
        expand(
            "results/{{study}}/cells/{{cell}}/{benchmark}.json",
            benchmark=STUDY.benchmarks(),
        ),
    log:
        "logs/{study}/score_cell/{cell}.log",
    benchmark:
        "logs/{study}/score_cell/{cell}.tsv"
    conda:
        "../envs/paper.yaml"
    params:
        key=key_of("score_cell"),
    message:
        "score_cell {wildcards.cell}"
    shell:
        "exec python -m scripts.score_cell"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --cell {wildcards.cell} --records {input.records:q}"
        " --output-folder results/{wildcards.study}/cells/{wildcards.cell} &> {log:q}"


rule collect_scores:
    """Every table cell as one tidy table."""
    input:
        all_scores,
    output:
        report(
            "results/{study}/scores.csv",
            category="Numbers",
            labels={"numbers": "scores by cell, benchmark and seed"},
            caption="../paper/report/scores.rst",
        ),
    log:
        "logs/{study}/collect_scores.log",
    benchmark:
        "logs/{study}/collect_scores.tsv"
    conda:
        "../envs/paper.yaml"
    params:
        key=key_of("collect_scores"),
    message:
        "collect_scores"
    shell:
        "exec python -m scripts.collect_scores"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --cells results/{wildcards.study}/cells --output {output:q} &> {log:q}"


rule compare_parents:
    """Every trained cell against the cell that it was trained from, on the same problems."""
    input:
        records=all_evaluation_records,
        details=all_evaluation_details,
    output:
        report(
            "results/{study}/comparisons.csv",
            category="Numbers",
            labels={"numbers": "trained cells against their parents"},
            caption="../paper/report/comparisons.rst",
        ),
    log:
        "logs/{study}/compare_parents.log",
    benchmark:
        "logs/{study}/compare_parents.tsv"
    conda:
        "../envs/paper.yaml"
    params:
        key=key_of("compare_parents"),
    message:
        "compare_parents"
    shell:
        "exec python -m scripts.compare_parents"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --records {input.records:q} --output {output:q} &> {log:q}"
