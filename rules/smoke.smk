"""A trial of the machine before a night of it.

INPUTS:  the base model's model.json, examples.jsonl of two stages, a benchmark's problems.jsonl
OUTPUTS: none that Snakemake keeps; results/{study}/smoke.json, whose speeds `plan` reads
"""

from scripts.lib.smoke.plan import smoke_inputs, smoke_model


rule smoke:
    """Generate, train, preempt and resume on this machine's device, and say what passed."""
    input:
        **smoke_inputs(STUDY, RESULTS),
    log:
        f"logs/{STUDY.name}/smoke.log",
    conda:
        conda_file("study")
    resources:
        gpu=1,
        engine="transformers",
    params:
        cell=smoke_model(STUDY),
        examples=lambda _, input: json.dumps(
            {stage: path for stage, path in input.items() if stage not in ("model", "problems")}
        ),
        tokens_per_pass=tokens_per_pass,
    message:
        "smoke"
    shell:
        "python -m scripts.launch --gpus {resources.gpu} scripts.smoke"
        f" --config {RESULTS}/config.json --cell {{params.cell}}"
        " --model-record {input.model:q} --problems {input.problems:q}"
        " --examples {params.examples:q} --tokens-per-pass {params.tokens_per_pass:q}"
        f" --engine {{resources.engine}} --output {RESULTS}/smoke.json"
        " 2> {log:q}"
