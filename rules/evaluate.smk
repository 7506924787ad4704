"""LightEval on every selected benchmark, under every prompt, one process per cell and seed (paper 3.4).

INPUTS:  the cell's model.json or training.json, results/{study}/data/{dataset}/problems.jsonl
OUTPUTS: results/{study}/eval/{cell}/seed-{seed}/{benchmark}.json     scores
         results/{study}/eval/{cell}/seed-{seed}/{benchmark}.parquet  every completion and verdict
         results/{study}/eval/{cell}/seed-{seed}/{benchmark}.lighteval.json  LightEval's own file
         results/{study}/eval/{cell}/seed-{seed}/{benchmark}.run.json times, host, versions
         results/{study}/eval/{cell}/seed-{seed}/{prompt}/...         the same under another prompt
"""


rule evaluate:
    """Evaluate a cell; what was evaluated before is taken from evaluations/, not repeated."""
    input:
        inputs_of("evaluate"),
    output:
        expand(
            "results/{{study}}/eval/{{cell}}/seed-{{seed}}/{task}.{ending}",
            task=STUDY.benchmarks(),
            ending=["json", "parquet", "lighteval.json", "run.json"],
        ),
    log:
        "logs/{study}/evaluate/{cell}_seed-{seed}.log",
    benchmark:
        "logs/{study}/evaluate/{cell}_seed-{seed}.tsv"
    wildcard_constraints:
        cell=under_one_prompt(),
    conda:
        conda_file("study")
    resources:
        gpu=1,
        engine="transformers",
        judges=1,
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
        " --judges {resources.judges} --engine {resources.engine} &> {log:q}"


use rule evaluate as evaluate_prompts with:
    output:
        expand(
            "results/{{study}}/eval/{{cell}}/seed-{{seed}}/{task}.{ending}",
            task=tasks_of("prompts"),
            ending=["json", "parquet", "lighteval.json", "run.json"],
        ),
    wildcard_constraints:
        cell=one_of(UNDER_PROMPTS["prompts"]),


use rule evaluate as evaluate_untrained with:
    output:
        expand(
            "results/{{study}}/eval/{{cell}}/seed-{{seed}}/{task}.{ending}",
            task=tasks_of("untrained"),
            ending=["json", "parquet", "lighteval.json", "run.json"],
        ),
    wildcard_constraints:
        cell=one_of(UNDER_PROMPTS["untrained"]),
