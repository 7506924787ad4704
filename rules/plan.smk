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
    message:
        "plan"
    shell:
        "exec python -m scripts.plan --config {params.config:q} 2> >(tee {log:q} >&2)"
