"""Untrained models: fetched from the hub, taken from a local folder, or built here.

INPUTS:  none but the config
OUTPUTS: results/{study}/tokenizers/{tokenizer}/tokenizer.json
         results/{study}/models/{model}/model.json (beside it, or named in it: the checkpoint)
"""


rule fetch_model:
    """Download a model at its pinned revision, or take the checkpoint of a local path."""
    input:
        inputs_of("fetch_model"),
    output:
        "results/{study}/models/{model}/model.json",
    log:
        "logs/{study}/fetch_model/{model}.log",
    benchmark:
        "logs/{study}/fetch_model/{model}.tsv"
    wildcard_constraints:
        model=models_made_by("fetch_model"),
    conda:
        conda_file("study")
    params:
        key=key_of("fetch_model"),
    message:
        "fetch_model {wildcards.model}"
    shell:
        "HF_HUB_OFFLINE=0 exec python -m scripts.fetch_model"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --model {wildcards.model} --downloads downloads/models --check --output {output:q} &> {log:q}"


rule build_tokenizer:
    """Train a byte-level BPE tokenizer with Qwen's ChatML tokens on the toy corpus."""
    input:
        inputs_of("build_tokenizer"),
    output:
        "results/{study}/tokenizers/{tokenizer}/tokenizer.json",
    log:
        "logs/{study}/build_tokenizer/{tokenizer}.log",
    benchmark:
        "logs/{study}/build_tokenizer/{tokenizer}.tsv"
    priority: 2
    conda:
        conda_file("study")
    params:
        key=key_of("build_tokenizer"),
    message:
        "build_tokenizer {wildcards.tokenizer}"
    shell:
        "exec python -m scripts.build_tokenizer"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --tokenizer {wildcards.tokenizer} --output {output:q} &> {log:q}"


rule build_model:
    """Train a toy model of Qwen2's architecture by next-token prediction."""
    input:
        inputs_of("build_model"),
    output:
        "results/{study}/models/{model}/model.json",
    log:
        "logs/{study}/build_model/{model}.log",
    benchmark:
        "logs/{study}/build_model/{model}.tsv"
    wildcard_constraints:
        model=models_made_by("build_model"),
    priority: 2
    conda:
        conda_file("study")
    resources:
        gpu=1,
    params:
        key=key_of("build_model"),
    message:
        "build_model {wildcards.model}"
    shell:
        "exec python -m scripts.launch --gpus {resources.gpu} scripts.build_model"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --model {wildcards.model} --tokenizer {input.tokenizer:q} --start {input.start:q}"
        " --checkpoints checkpoints/{wildcards.study}/build_model/{wildcards.model}"
        " --output {output:q} &> {log:q}"
