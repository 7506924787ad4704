"""What a study releases (target `release`). Not part of `all`.

INPUTS:  checkpoints, records, completions, tables and frames of results/{study}
OUTPUTS: results/{study}/release/{cell}/README.md, and beside it weights, tokenizer, settings, results
         results/{study}/release/results-dataset/README.md, and beside it completions and tables
"""


rule release_cell:
    """A trained cell as a folder for the hub: weights, tokenizer, adapter, settings, card."""
    input:
        inputs_of("release_cell"),
    output:
        card="results/{study}/release/{cell}/README.md",
        record="results/{study}/release/{cell}.record.json",
    log:
        "logs/{study}/release_cell/{cell}.log",
    benchmark:
        "logs/{study}/release_cell/{cell}.tsv"
    conda:
        conda_file("study")
    params:
        key=key_of("release_cell"),
    message:
        "release_cell {wildcards.cell}"
    shell:
        "exec python -m scripts.release_cell"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --cell {wildcards.cell:q} --card {output.card:q} --output {output.record:q} &> {log:q}"


rule release_results:
    """The study's completions, verdicts, tables and frames as a data set for the hub."""
    input:
        inputs_of("release_results"),
    output:
        card="results/{study}/release/results-dataset/README.md",
        record="results/{study}/release/results-dataset.record.json",
    log:
        "logs/{study}/release_results.log",
    benchmark:
        "logs/{study}/release_results.tsv"
    conda:
        conda_file("study")
    params:
        key=key_of("release_results"),
    message:
        "release_results"
    shell:
        "exec python -m scripts.release_results"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --card {output.card:q} --output {output.record:q} &> {log:q}"
