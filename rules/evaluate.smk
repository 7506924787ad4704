"""LightEval on every selected benchmark, one process a cell and seed (paper 3.4).

INPUTS:  the cell's model.json or training.json, results/{study}/data/{dataset}/problems.jsonl
OUTPUTS: results/{study}/eval/{cell}/seed-{seed}/{benchmark}.json     scores
         results/{study}/eval/{cell}/seed-{seed}/{benchmark}.parquet  every completion and verdict
         results/{study}/eval/{cell}/seed-{seed}/{benchmark}.run.json times, host, versions
"""


rule evaluate:
    """Evaluate a cell; what was evaluated before is taken from checkpoints/, not repeated."""
    input:
        model=cell_record,
        problems=benchmark_problems,
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
        "../envs/study.yaml"
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
        " --model-record {input.model:q} --problems {input.problems:q}"
        " --store checkpoints/{wildcards.study}/evaluate/{wildcards.cell}/seed-{wildcards.seed}"
        " --output-folder results/{wildcards.study}/eval/{wildcards.cell}/seed-{wildcards.seed}"
        " --engine {resources.engine} &> {log:q}"
