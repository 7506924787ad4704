"""One rule per trainer, for every stage, cell and seed, by recursion on the cell's prefix.

INPUTS:  the prefix's model.json or training.json, results/{study}/data/{dataset}/examples.jsonl;
         of GKD also the teacher's record; of DPO pairs.jsonl in place of the examples
OUTPUTS: results/{study}/models/{prefix}+{stage}/seed-{seed}/training.json (the checkpoint beside it)
         of GRPO also rollouts.jsonl, a sample
"""

from scripts.lib.training.passes import TOKENS_PER_PASS


rule train_sft:
    """Supervised fine-tuning, full or LoRA, on solutions or on a teacher's traces (paper 3.3)."""
    input:
        inputs_of("train_sft"),
    output:
        "results/{study}/models/{prefix}+{stage}/seed-{seed}/training.json",
    log:
        "logs/{study}/train_sft/{prefix}+{stage}_seed-{seed}.log",
    benchmark:
        "logs/{study}/train_sft/{prefix}+{stage}_seed-{seed}.tsv"
    wildcard_constraints:
        stage=stages_with("sft"),
    priority: 1
    conda:
        conda_file("study")
    resources:
        gpu=1,
        distributed="ddp",
        tokens_per_pass=TOKENS_PER_PASS,
        runtime=0,
    params:
        key=key_of("train_sft"),
    message:
        "train_sft {wildcards.prefix}+{wildcards.stage} seed-{wildcards.seed}"
    shell:
        "exec python -m scripts.launch --gpus {resources.gpu} --distributed {resources.distributed}"
        " scripts.train_sft"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --cell {wildcards.prefix}+{wildcards.stage} --seed {wildcards.seed}"
        " --parent {input.parent:q} --examples {input.examples:q}"
        " --checkpoints checkpoints/{wildcards.study}/train/{wildcards.prefix}+{wildcards.stage}/seed-{wildcards.seed}"
        " --tokens-per-pass {resources.tokens_per_pass}"
        " --runtime {resources.runtime} --output {output:q} &> {log:q}"


rule train_grpo:
    """GRPO with the format and accuracy rewards (paper 3.3, appendix A)."""
    input:
        inputs_of("train_grpo"),
    output:
        record="results/{study}/models/{prefix}+{stage}/seed-{seed}/training.json",
        rollouts="results/{study}/models/{prefix}+{stage}/seed-{seed}/rollouts.jsonl",
    log:
        "logs/{study}/train_grpo/{prefix}+{stage}_seed-{seed}.log",
    benchmark:
        "logs/{study}/train_grpo/{prefix}+{stage}_seed-{seed}.tsv"
    wildcard_constraints:
        stage=stages_with("grpo"),
    priority: 1
    conda:
        conda_file("study")
    resources:
        gpu=1,
        distributed="ddp",
        tokens_per_pass=TOKENS_PER_PASS,
        engine="transformers",
        runtime=0,
    params:
        key=key_of("train_grpo"),
    message:
        "train_grpo {wildcards.prefix}+{wildcards.stage} seed-{wildcards.seed}"
    shell:
        "exec python -m scripts.launch --gpus {resources.gpu} --distributed {resources.distributed}"
        " scripts.train_grpo"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --cell {wildcards.prefix}+{wildcards.stage} --seed {wildcards.seed}"
        " --parent {input.parent:q} --examples {input.examples:q}"
        " --checkpoints checkpoints/{wildcards.study}/train/{wildcards.prefix}+{wildcards.stage}/seed-{wildcards.seed}"
        " --engine {resources.engine}"
        " --tokens-per-pass {resources.tokens_per_pass}"
        " --runtime {resources.runtime} --output {output.record:q} &> {log:q}"


rule train_gkd:
    """On-policy distillation: a teacher's distribution at every token that the student writes."""
    input:
        inputs_of("train_gkd"),
    output:
        "results/{study}/models/{prefix}+{stage}/seed-{seed}/training.json",
    log:
        "logs/{study}/train_gkd/{prefix}+{stage}_seed-{seed}.log",
    benchmark:
        "logs/{study}/train_gkd/{prefix}+{stage}_seed-{seed}.tsv"
    wildcard_constraints:
        stage=stages_with("gkd"),
    priority: 1
    conda:
        conda_file("study")
    resources:
        gpu=1,
        distributed="ddp",
        tokens_per_pass=TOKENS_PER_PASS,
        engine="transformers",
        runtime=0,
    params:
        key=key_of("train_gkd"),
    message:
        "train_gkd {wildcards.prefix}+{wildcards.stage} seed-{wildcards.seed}"
    shell:
        "exec python -m scripts.launch --gpus {resources.gpu} --distributed {resources.distributed}"
        " scripts.train_gkd"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --cell {wildcards.prefix}+{wildcards.stage} --seed {wildcards.seed}"
        " --parent {input.parent:q} --teacher {input.teacher:q} --examples {input.examples:q}"
        " --checkpoints checkpoints/{wildcards.study}/train/{wildcards.prefix}+{wildcards.stage}/seed-{wildcards.seed}"
        " --engine {resources.engine}"
        " --tokens-per-pass {resources.tokens_per_pass}"
        " --runtime {resources.runtime} --output {output:q} &> {log:q}"


rule train_dpo:
    """Direct preference optimisation on pairs of a right and a wrong answer."""
    input:
        inputs_of("train_dpo"),
    output:
        "results/{study}/models/{prefix}+{stage}/seed-{seed}/training.json",
    log:
        "logs/{study}/train_dpo/{prefix}+{stage}_seed-{seed}.log",
    benchmark:
        "logs/{study}/train_dpo/{prefix}+{stage}_seed-{seed}.tsv"
    wildcard_constraints:
        stage=stages_with("dpo"),
    priority: 1
    conda:
        conda_file("study")
    resources:
        gpu=1,
        distributed="ddp",
        tokens_per_pass=TOKENS_PER_PASS,
        runtime=0,
    params:
        key=key_of("train_dpo"),
    message:
        "train_dpo {wildcards.prefix}+{wildcards.stage} seed-{wildcards.seed}"
    shell:
        "exec python -m scripts.launch --gpus {resources.gpu} --distributed {resources.distributed}"
        " scripts.train_dpo"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --cell {wildcards.prefix}+{wildcards.stage} --seed {wildcards.seed}"
        " --parent {input.parent:q} --examples {input.examples:q}"
        " --checkpoints checkpoints/{wildcards.study}/train/{wildcards.prefix}+{wildcards.stage}/seed-{wildcards.seed}"
        " --tokens-per-pass {resources.tokens_per_pass}"
        " --runtime {resources.runtime} --output {output:q} &> {log:q}"
