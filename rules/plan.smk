"""The price of the study.

INPUTS:  none but the config, and what earlier runs measured
OUTPUTS: none: lines on the console
"""


rule plan:
    """Print what the study costs; nothing is submitted (`costs` in the config)."""
    log:
        f"logs/{STUDY.name}/plan.log",
    conda:
        conda_file("data")
    params:
        config=PLAN_CONFIG,
        tokens_per_pass=tokens_per_pass,
        gpus=lambda _: machine_at_hand().devices,
        machine=lambda _: machine_at_hand().words,
    message:
        "plan"
    shell:
        "exec python -m scripts.plan --config {params.config:q}"
        " --tokens-per-pass {params.tokens_per_pass:q}"
        " --gpus {params.gpus} --machine {params.machine:q} 2> >(tee {log:q} >&2)"
