"""Evaluations: a cell and a seed on every benchmark, each benchmark on its own (evaluate.smk)."""

from scripts.lib.dag.data import grader_of, load_problems
from scripts.lib.dag.jobs import Inputs, Settings, entry
from scripts.lib.dag.models import template_settings
from scripts.lib.dag.train import model
from scripts.lib.study.cells import Study, model_of

FOLDER = "eval/{cell}/seed-{seed}"


@entry(
    "evaluate",
    {
        "scores": f"{FOLDER}/{{benchmark}}.json",
        "details": f"{FOLDER}/{{benchmark}}.parquet",
        "record": f"{FOLDER}/{{benchmark}}.run.json",
    },
    by_benchmark=True,
)
def evaluate(study: Study, cell: str, seed: int, benchmark: str) -> tuple[Settings, Inputs]:
    """Return how one benchmark is evaluated, the cell's model, and the benchmark's problems."""
    evaluation = study.config["evaluation"]
    definition = study.config["benchmarks"][benchmark]
    of_model = study.config["models"][model_of(cell)]
    settings = {
        **evaluation,
        **{
            name: min(evaluation[name], of_model.get(name, evaluation[name]))
            for name in ("max_model_length", "batch_size")
        },
        "chat_template_kwargs": template_settings(study, model_of(cell)),
        "prompt": study.config["prompts"][evaluation["prompt"]],
        "num_samples": definition["num_samples"],
        "grader": grader_of(study, definition["dataset"]),
        "seed": seed,
    }
    return settings, {
        "model": model(study, cell, seed)["record"],
        "problems": load_problems(study, dataset=definition["dataset"])["rows"],
    }
