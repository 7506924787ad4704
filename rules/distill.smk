"""Knowledge distillation data (paper 3.3): a teacher's traces, verified, as examples.

INPUTS:  results/{study}/data/{problems}/clean.jsonl, results/{study}/models/{teacher}/model.json
OUTPUTS: results/{study}/data/{dataset}/raw.jsonl       the traces; of several teachers each has
         results/{study}/data/{dataset}/{teacher}/raw.jsonl, and `{dataset}` stands for both folders
         results/{study}/data/{dataset}/examples.jsonl  those that the grader finds right
         results/{study}/data/{answers}/pairs.jsonl     for DPO, of each problem a right and a wrong one;
         `{answers}` is a data set, or of one that a training's parent answers itself
         {dataset}/{model} or {dataset}/{cell}/seed-{n}
"""


rule sample_traces:
    """Sample a teacher's traces on the training problems."""
    input:
        inputs_of("sample_traces"),
    output:
        rows="results/{study}/data/{dataset}/raw.jsonl",
        record="results/{study}/data/{dataset}/raw.json",
    log:
        "logs/{study}/sample_traces/{dataset}.log",
    benchmark:
        "logs/{study}/sample_traces/{dataset}.tsv"
    wildcard_constraints:
        dataset=datasets_made_by("sample_traces"),
    priority: 2
    conda:
        conda_file("study")
    resources:
        gpu=1,
        engine="transformers",
    params:
        key=key_of("sample_traces"),
    message:
        "sample_traces {wildcards.dataset}"
    shell:
        "exec python -m scripts.launch --gpus {resources.gpu} scripts.sample_traces"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --dataset {wildcards.dataset} --teacher {input.teacher:q} --problems {input.problems:q}"
        " --checkpoints checkpoints/{wildcards.study}/traces"
        " --engine {resources.engine}"
        " --rows {output.rows:q} --output {output.record:q} &> {log:q}"


rule fetch_traces:
    """Ask an endpoint for a teacher's traces on the training problems."""
    input:
        inputs_of("fetch_traces"),
    output:
        rows="results/{study}/data/{dataset}/raw.jsonl",
        record="results/{study}/data/{dataset}/raw.json",
    log:
        "logs/{study}/fetch_traces/{dataset}.log",
    benchmark:
        "logs/{study}/fetch_traces/{dataset}.tsv"
    wildcard_constraints:
        dataset=datasets_made_by("fetch_traces"),
    priority: 2
    conda:
        conda_file("study")
    params:
        key=key_of("fetch_traces"),
    message:
        "fetch_traces {wildcards.dataset}"
    shell:
        "exec python -m scripts.fetch_traces"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --dataset {wildcards.dataset} --problems {input.problems:q} --downloads downloads/traces"
        " --rows {output.rows:q} --output {output.record:q} &> {log:q}"


rule verify_traces:
    """Judge traces with the study's grader; keep the right ones as examples."""
    input:
        inputs_of("verify_traces"),
    output:
        rows="results/{study}/data/{dataset}/examples.jsonl",
        record="results/{study}/data/{dataset}/examples.json",
    log:
        "logs/{study}/verify_traces/{dataset}.log",
    benchmark:
        "logs/{study}/verify_traces/{dataset}.tsv"
    wildcard_constraints:
        dataset=datasets_with_examples_by("verify_traces"),
    priority: 2
    conda:
        conda_file("study")
    params:
        key=key_of("verify_traces"),
    message:
        "verify_traces {wildcards.dataset}"
    shell:
        "exec python -m scripts.verify_traces"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --dataset {wildcards.dataset} --traces {input.traces:q} --problems {input.problems:q}"
        " --rows {output.rows:q} --output {output.record:q} &> {log:q}"


rule select_traces:
    """Judge the traces of one teacher or several; keep some of the right ones as examples."""
    input:
        inputs_of("select_traces"),
    output:
        rows="results/{study}/data/{dataset}/examples.jsonl",
        record="results/{study}/data/{dataset}/examples.json",
    log:
        "logs/{study}/select_traces/{dataset}.log",
    benchmark:
        "logs/{study}/select_traces/{dataset}.tsv"
    wildcard_constraints:
        dataset=datasets_with_examples_by("select_traces"),
    priority: 2
    conda:
        conda_file("study")
    params:
        key=key_of("select_traces"),
    message:
        "select_traces {wildcards.dataset}"
    shell:
        "exec python -m scripts.select_traces"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --dataset {wildcards.dataset} --problems {input.problems:q}"
        " --rows {output.rows:q} --output {output.record:q} &> {log:q}"


rule make_pairs:
    """Judge answers with the study's grader; pair a right and a wrong one of each problem (DPO)."""
    input:
        inputs_of("make_pairs"),
    output:
        rows="results/{study}/data/{dataset}/pairs.jsonl",
        record="results/{study}/data/{dataset}/pairs.json",
    log:
        "logs/{study}/make_pairs/{dataset}.log",
    benchmark:
        "logs/{study}/make_pairs/{dataset}.tsv"
    wildcard_constraints:
        dataset=sets_of_answers(),
    priority: 2
    conda:
        conda_file("study")
    params:
        key=key_of("make_pairs"),
    message:
        "make_pairs {wildcards.dataset}"
    shell:
        "exec python -m scripts.make_pairs"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --dataset {wildcards.dataset} --problems {input.problems:q}"
        " --rows {output.rows:q} --output {output.record:q} &> {log:q}"
