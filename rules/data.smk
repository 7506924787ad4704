"""Problems: fetched or generated, loaded, cleaned, written as training examples, counted.

INPUTS:  none but the config
OUTPUTS: results/{study}/data/{dataset}/raw.jsonl       the source's own columns
         results/{study}/data/{dataset}/problems.jsonl  id, question, gold
         results/{study}/data/{dataset}/clean.jsonl     without (near) duplicates and test questions
         results/{study}/data/{dataset}/examples.jsonl  prompt and completion
         results/{study}/data/{dataset}/tokens/{model}.json  lengths
         results/{study}/data/{dataset}/card.md         what was removed and why
"""


rule fetch_dataset:
    """Fetch a data set at its pinned revision from the hub, or from the mirror."""
    input:
        inputs_of("fetch_dataset"),
    output:
        rows="results/{study}/data/{dataset}/raw.jsonl",
        record="results/{study}/data/{dataset}/raw.json",
    log:
        "logs/{study}/fetch_dataset/{dataset}.log",
    benchmark:
        "logs/{study}/fetch_dataset/{dataset}.tsv"
    wildcard_constraints:
        dataset=datasets_made_by("fetch_dataset"),
    conda:
        conda_file("study")
    params:
        key=key_of("fetch_dataset"),
    message:
        "fetch_dataset {wildcards.dataset}"
    shell:
        "HF_HUB_OFFLINE=0 HF_DATASETS_OFFLINE=0 exec python -m scripts.fetch_dataset"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --dataset {wildcards.dataset} --downloads downloads/datasets"
        " --rows {output.rows:q} --output {output.record:q} &> {log:q}"


rule generate_dataset:
    """Generate word problems in the schema of the real set that they stand in for."""
    input:
        inputs_of("generate_dataset"),
    output:
        rows="results/{study}/data/{dataset}/raw.jsonl",
        record="results/{study}/data/{dataset}/raw.json",
    log:
        "logs/{study}/generate_dataset/{dataset}.log",
    benchmark:
        "logs/{study}/generate_dataset/{dataset}.tsv"
    wildcard_constraints:
        dataset=datasets_made_by("generate_dataset"),
    conda:
        conda_file("data")
    params:
        key=key_of("generate_dataset"),
    message:
        "generate_dataset {wildcards.dataset}"
    shell:
        "exec python -m scripts.generate_dataset"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --dataset {wildcards.dataset}"
        " --rows {output.rows:q} --output {output.record:q} &> {log:q}"


rule load_problems:
    """Turn the rows of any schema into problems: id, question and gold answer."""
    input:
        inputs_of("load_problems"),
    output:
        rows="results/{study}/data/{dataset}/problems.jsonl",
        record="results/{study}/data/{dataset}/problems.json",
    log:
        "logs/{study}/load_problems/{dataset}.log",
    benchmark:
        "logs/{study}/load_problems/{dataset}.tsv"
    conda:
        conda_file("data")
    params:
        key=key_of("load_problems"),
    message:
        "load_problems {wildcards.dataset}"
    shell:
        "exec python -m scripts.load_problems"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --dataset {wildcards.dataset} --raw {input.raw:q}"
        " --rows {output.rows:q} --output {output.record:q} &> {log:q}"


rule clean_dataset:
    """Remove duplicates and questions that share an n-gram with a test set (paper 3.1)."""
    input:
        inputs_of("clean_dataset"),
    output:
        rows="results/{study}/data/{dataset}/clean.jsonl",
        record="results/{study}/data/{dataset}/clean.json",
    log:
        "logs/{study}/clean_dataset/{dataset}.log",
    benchmark:
        "logs/{study}/clean_dataset/{dataset}.tsv"
    conda:
        conda_file("data")
    params:
        key=key_of("clean_dataset"),
    message:
        "clean_dataset {wildcards.dataset}"
    shell:
        "exec python -m scripts.clean_dataset"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --dataset {wildcards.dataset} --problems {input.problems:q}"
        " --rows {output.rows:q} --output {output.record:q} &> {log:q}"


rule make_examples:
    """Write problems as chain-of-thought examples: <think> solution, <answer> result."""
    input:
        inputs_of("make_examples"),
    output:
        rows="results/{study}/data/{dataset}/examples.jsonl",
        record="results/{study}/data/{dataset}/examples.json",
    log:
        "logs/{study}/make_examples/{dataset}.log",
    benchmark:
        "logs/{study}/make_examples/{dataset}.tsv"
    wildcard_constraints:
        dataset=datasets_with_examples_by("make_examples"),
    conda:
        conda_file("data")
    params:
        key=key_of("make_examples"),
    message:
        "make_examples {wildcards.dataset}"
    shell:
        "exec python -m scripts.make_examples"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --dataset {wildcards.dataset} --problems {input.problems:q}"
        " --rows {output.rows:q} --output {output.record:q} &> {log:q}"


rule count_tokens:
    """Measure the lengths of training examples with a model's own tokenizer."""
    input:
        inputs_of("count_tokens"),
    output:
        "results/{study}/data/{dataset}/tokens/{model}.json",
    log:
        "logs/{study}/count_tokens/{dataset}_{model}.log",
    benchmark:
        "logs/{study}/count_tokens/{dataset}_{model}.tsv"
    conda:
        conda_file("study")
    params:
        key=key_of("count_tokens"),
    message:
        "count_tokens {wildcards.dataset} with the tokenizer of {wildcards.model}"
    shell:
        "exec python -m scripts.count_tokens"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --dataset {wildcards.dataset} --model {wildcards.model}"
        " --examples {input.examples:q} --record {input.model:q} --output {output:q} &> {log:q}"


rule make_data_card:
    """A training set's card: its source, every removed row with its reason, its lengths."""
    input:
        inputs_of("make_data_card"),
    output:
        card=report(
            "results/{study}/data/{dataset}/card.md",
            category="Data",
            labels={"data set": "{dataset}"},
            caption="../paper/report/data_card.rst",
        ),
        record="results/{study}/data/{dataset}/card.record.json",
    log:
        "logs/{study}/make_data_card/{dataset}.log",
    benchmark:
        "logs/{study}/make_data_card/{dataset}.tsv"
    conda:
        conda_file("data")
    params:
        key=key_of("make_data_card"),
    message:
        "make_data_card {wildcards.dataset}"
    shell:
        "exec python -m scripts.make_data_card"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --dataset {wildcards.dataset} --card {output.card:q} --output {output.record:q}"
        " &> {log:q}"
