"""The price of the study.

INPUTS:  none but the config, and what earlier runs measured
OUTPUTS: none: lines on the console
"""

import json

from scripts.lib.study.cells import parent_of, stages_of


def tokens_per_pass(wildcards):
    """Return, as JSON, how many tokens a pass of each cell's training may have on this machine.

    Rule and profile say it, perhaps as an expression of wildcards.
    """
    tokens = {}
    for cell in STUDY.cells():
        while (prefix := parent_of(cell)) is not None:
            stage = stages_of(cell)[-1]
            names = {"study": STUDY.name, "prefix": prefix, "stage": stage, "seed": "0"}
            train = workflow.get_rule(f"train_{config['stages'][stage]['trainer']}")
            others = set(train.resources) - {"_cores", "tokens_per_pass"}
            found = train.expand_resources(names, [], attempt=1, skip_evaluation=others)
            tokens[cell] = found["tokens_per_pass"]
            cell = prefix
    return json.dumps(tokens)


rule plan:
    """Print what the study costs; nothing is submitted (`costs` in the config)."""
    log:
        f"logs/{STUDY.name}/plan.log",
    conda:
        conda_file("data")
    params:
        config=PLAN_CONFIG,
        tokens_per_pass=tokens_per_pass,
    message:
        "plan"
    shell:
        "exec python -m scripts.plan --config {params.config:q}"
        " --tokens-per-pass {params.tokens_per_pass:q} 2> >(tee {log:q} >&2)"
