"""What of a study the smoke test takes: one untrained model, one benchmark, a stage per trainer."""

from collections.abc import Mapping

from scripts.lib.study.cells import Study, model_of, stages_of
from scripts.lib.training.passes import TOKENS_PER_PASS

TRAINERS = ("sft", "grpo")


def smoke_model(study: Study) -> str:
    """Return the model that the study's first trained cell starts from, or its first model."""
    cells = study.cells()
    return model_of(next((cell for cell in cells if stages_of(cell)), cells[0]))


def smoke_stages(study: Study) -> dict[str, str]:
    """Return, by trainer, the first stage that trains in full on problems as they are.

    A teacher's traces would have to be sampled first, which takes longer than all the rest.
    """
    found: dict[str, str] = {}
    for name, stage in study.config["stages"].items():
        dataset = study.config["datasets"][stage["data"]]
        full = "lora" not in study.config["recipes"][stage["recipe"]]
        if full and "problems" not in dataset and stage["trainer"] in TRAINERS:
            found.setdefault(stage["trainer"], name)
    return found


def smoke_inputs(study: Study, results: str) -> dict[str, str]:
    """Return the files that the smoke test reads: `model`, `problems`, and examples by stage."""
    benchmark = study.config["benchmarks"][study.benchmarks()[0]]
    stages = smoke_stages(study).values()
    examples = {stage: study.config["stages"][stage]["data"] for stage in stages}
    return {
        "model": f"{results}/models/{smoke_model(study)}/model.json",
        "problems": f"{results}/data/{benchmark['dataset']}/problems.jsonl",
        **{stage: f"{results}/data/{name}/examples.jsonl" for stage, name in examples.items()},
    }


def tokens_of_stage(tokens_per_pass: Mapping[str, int], stage: str) -> int:
    """Return the tokens that a pass of a stage may have, from those by cell."""
    found = (number for cell, number in tokens_per_pass.items() if cell.endswith(f"+{stage}"))
    return next(found, TOKENS_PER_PASS)
