"""Evaluations: a cell and a seed on every task, each task on its own (rules/evaluate.smk).

A task is a benchmark under a prompt: `gsm8k` under the tables' one, `training/gsm8k` under another.
"""

from scripts.lib.dag.data import grader_of, load_problems
from scripts.lib.dag.jobs import Inputs, Settings, entry
from scripts.lib.dag.models import model
from scripts.lib.study.cells import Study, model_of
from scripts.lib.study.uses import template_settings

FOLDER = "eval/{cell}/seed-{seed}"


@entry(
    "evaluate",
    {
        "scores": f"{FOLDER}/{{task}}.json",
        "details": f"{FOLDER}/{{task}}.parquet",
        "lighteval": f"{FOLDER}/{{task}}.lighteval.json",
        "record": f"{FOLDER}/{{task}}.run.json",
    },
    by_task=True,
)
def evaluate(study: Study, cell: str, seed: int, task: str) -> tuple[Settings, Inputs]:
    """Return how one task is evaluated, the cell's model, and the benchmark's problems."""
    evaluation = study.config["evaluation"]
    prompt, benchmark = study.prompt_and_benchmark(task)
    definition = study.config["benchmarks"][benchmark]
    of_model = study.config["models"][model_of(cell)]
    settings = {
        **evaluation,
        **{
            name: min(evaluation[name], of_model.get(name, evaluation[name]))
            for name in ("max_model_length", "batch_size")
        },
        "chat_template_kwargs": template_settings(study, model_of(cell)),
        "prompt": study.config["prompts"][prompt],
        **sizes_of(study, task),
        "grader": grader_of(study, definition["dataset"]),
        "seed": seed,
    }
    return settings, {
        "model": model(study, cell, seed)["record"],
        "problems": load_problems(study, dataset=definition["dataset"])["rows"],
    }


def sizes_of(study: Study, task: str) -> dict[str, int]:
    """Return a task's number of samples per problem, and its longest completion in tokens."""
    prompt, benchmark = study.prompt_and_benchmark(task)
    main = prompt == study.main_prompt()
    own = {} if main else study.config["sensitivity"]["settings"].get(prompt, {})
    samples = study.config["benchmarks"][benchmark]["num_samples"]
    limit = study.config["evaluation"]["max_new_tokens"]
    return {
        "num_samples": own.get("num_samples", {}).get(benchmark, samples),
        "max_new_tokens": min(limit, own.get("max_new_tokens", limit)),
    }
