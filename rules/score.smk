"""From evaluation records to table cells and one tidy table of scores.

INPUTS:  results/{study}/eval/{cell}/seed-{seed}/{benchmark}.json and .parquet
OUTPUTS: results/{study}/cells/{cell}/{benchmark}.json
         results/{study}/cells/{cell}/{prompt}/{benchmark}.json  under another prompt
         results/{study}/scores.csv       one row per cell, benchmark and seed
         results/{study}/costs.csv        time, memory, tokens and energy, one row per job
         results/{study}/comparisons.csv  every trained cell against parent, root, direct RL, full training
         results/{study}/conclusions.csv .md .html  which of these hold under every prompt
         results/{study}/reproduction.csv           the paper's printed accuracies beside this study's
"""


rule score_cell:
    """Average a cell's seeds and samples, with 95% intervals, for every benchmark."""
    input:
        inputs_of("score_cell"),
    output:
        expand(
            "results/{{study}}/cells/{{cell}}/{task}.{ending}",
            task=STUDY.benchmarks(),
            ending=["json", "record.json"],
        ),
    log:
        "logs/{study}/score_cell/{cell}.log",
    benchmark:
        "logs/{study}/score_cell/{cell}.tsv"
    wildcard_constraints:
        cell=under_one_prompt(),
    conda:
        conda_file("data")
    params:
        key=key_of("score_cell"),
    message:
        "score_cell {wildcards.cell}"
    shell:
        "exec python -m scripts.score_cell"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --cell {wildcards.cell} &> {log:q}"


use rule score_cell as score_cell_prompts with:
    output:
        expand(
            "results/{{study}}/cells/{{cell}}/{task}.{ending}",
            task=tasks_of("prompts"),
            ending=["json", "record.json"],
        ),
    wildcard_constraints:
        cell=one_of(UNDER_PROMPTS["prompts"]),


use rule score_cell as score_cell_untrained with:
    output:
        expand(
            "results/{{study}}/cells/{{cell}}/{task}.{ending}",
            task=tasks_of("untrained"),
            ending=["json", "record.json"],
        ),
    wildcard_constraints:
        cell=one_of(UNDER_PROMPTS["untrained"]),


rule collect_scores:
    """Every table cell as one tidy table."""
    input:
        inputs_of("collect_scores"),
    output:
        scores=report(
            "results/{study}/scores.csv",
            category="Numbers",
            labels={"numbers": "scores by cell, benchmark and seed"},
            caption="../paper/report/scores.rst",
        ),
        legend="results/{study}/scores.columns.csv",
        record="results/{study}/scores.record.json",
    log:
        "logs/{study}/collect_scores.log",
    benchmark:
        "logs/{study}/collect_scores.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("collect_scores"),
    message:
        "collect_scores"
    shell:
        "exec python -m scripts.collect_scores"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --scores {output.scores:q} --legend {output.legend:q} --output {output.record:q} &> {log:q}"


rule collect_costs:
    """What every training, evaluation and sampling of traces took."""
    input:
        inputs_of("collect_costs"),
    output:
        costs=report(
            "results/{study}/costs.csv",
            category="Numbers",
            labels={"numbers": "costs by job"},
            caption="../paper/report/costs.rst",
        ),
        columns="results/{study}/costs.columns.csv",
        record="results/{study}/costs.record.json",
    log:
        "logs/{study}/collect_costs.log",
    benchmark:
        "logs/{study}/collect_costs.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("collect_costs"),
    message:
        "collect_costs"
    shell:
        "exec python -m scripts.collect_costs"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --costs {output.costs:q} --output {output.record:q} &> {log:q}"


rule compare_parents:
    """Every trained cell against its parent, its root, direct RL and full training."""
    input:
        inputs_of("compare_parents"),
    output:
        comparisons=report(
            "results/{study}/comparisons.csv",
            category="Numbers",
            labels={"numbers": "comparisons of trained cells"},
            caption="../paper/report/comparisons.rst",
        ),
        legend="results/{study}/comparisons.columns.csv",
        record="results/{study}/comparisons.record.json",
    log:
        "logs/{study}/compare_parents.log",
    benchmark:
        "logs/{study}/compare_parents.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("compare_parents"),
    message:
        "compare_parents"
    shell:
        "exec python -m scripts.compare_parents"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --comparisons {output.comparisons:q} --legend {output.legend:q} --output {output.record:q} &> {log:q}"


rule compare_reported:
    """The accuracies that the paper prints, beside this study's."""
    input:
        inputs_of("compare_reported"),
    output:
        reproduction=report(
            "results/{study}/reproduction.csv",
            category="Numbers",
            labels={"numbers": "the paper's beside this study's"},
            caption="../paper/report/reproduction.rst",
        ),
        legend="results/{study}/reproduction.columns.csv",
        record="results/{study}/reproduction.record.json",
    log:
        "logs/{study}/compare_reported.log",
    benchmark:
        "logs/{study}/compare_reported.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("compare_reported"),
    message:
        "compare_reported"
    shell:
        "exec python -m scripts.compare_reported"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --reproduction {output.reproduction:q} --legend {output.legend:q}"
        " --output {output.record:q} &> {log:q}"


rule draw_conclusions:
    """Which comparisons hold under every prompt, as numbers and in words."""
    input:
        inputs_of("draw_conclusions"),
    output:
        conclusions="results/{study}/conclusions.csv",
        text="results/{study}/conclusions.md",
        html=report(
            "results/{study}/conclusions.html",
            category="Numbers",
            labels={"numbers": "conclusions under every prompt"},
            caption="../paper/report/conclusions.rst",
        ),
        legend="results/{study}/conclusions.columns.csv",
        record="results/{study}/conclusions.record.json",
    log:
        "logs/{study}/draw_conclusions.log",
    benchmark:
        "logs/{study}/draw_conclusions.tsv"
    conda:
        conda_file("paper")
    params:
        key=key_of("draw_conclusions"),
    message:
        "draw_conclusions"
    shell:
        "exec python -m scripts.draw_conclusions"
        " --config results/{wildcards.study}/config.json --key {params.key}"
        " --conclusions {output.conclusions:q} --legend {output.legend:q} --text {output.text:q} --html {output.html:q}"
        " --output {output.record:q} &> {log:q}"
