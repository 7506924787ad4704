"""LightEval on every selected benchmark, one process per cell and seed (paper 3.4).

INPUTS:  the cell's model.json or training.json, results/{study}/data/{dataset}/problems.jsonl
OUTPUTS: results/{study}/eval/{cell}/seed-{seed}/{benchmark}.json     scores
         results/{study}/eval/{cell}/seed-{seed}/{benchmark}.parquet  every completion and verdict
         results/{study}/eval/{cell}/seed-{seed}/{benchmark}.run.json times, host, versions
"""


rule evaluate:
    """Evaluate a cell; what was evaluated before is taken from evaluations/, not repeated."""
    input:
        inputs_of("evaluate"),
    output:
        expand(
            "results/{{study}}/eval/{{cell}}/seed-{{seed}}/{benchmark}.{ending}",
            benchmark=STUDY.benchmarks(),
            ending=["json", "parquet", "run.json"],
        ),
    log:
        "logs/{study}/evaluate/{cell}_seed-{seed}.log",
    benchmark:
        "logs/{study}/evaluate/{cell}_seed-{seed}.tsv"
    conda:
        conda_file("study")
    resources:
        gpu=1,
        engine="transformers",
    params:
        key=key_of("evaluate"),
    message:
        "evaluate {wildcards.cell} seed-{wildcards.seed}"
    shell:
        "exec python -m scripts.launch --gpus {resources.gpu} scripts.evaluate"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --cell {wildcards.cell} --seed {wildcards.seed}"
        " --model-record {input.model:q}"
        " --store evaluations/{wildcards.study}/{wildcards.cell}/seed-{wildcards.seed}"
        " --engine {resources.engine} &> {log:q}"
