"""Other people's runs, whose archives lie in runs/: checked, and beside this study's numbers.

INPUTS:  runs/{run}.tar; records, scores and table cells of results/{study}
OUTPUTS: results/{study}/runs/{run}.json, which the report shows
"""


rule compare_archive:
    """An archive of another run: is it whole, what was it made with, are its numbers ours?"""
    input:
        inputs_of("compare_archive"),
    output:
        comparison="results/{study}/runs/{run}.json",
        record="results/{study}/runs/{run}.record.json",
    log:
        "logs/{study}/compare_archive/{run}.log",
    benchmark:
        "logs/{study}/compare_archive/{run}.tsv"
    wildcard_constraints:
        run=one_of(archives()),
    conda:
        conda_file("study")
    params:
        key=key_of("compare_archive"),
    message:
        "compare_archive {wildcards.run}"
    shell:
        "exec python -m scripts.compare_archive"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --run {wildcards.run:q} --comparison {output.comparison:q} --output {output.record:q} &> {log:q}"
