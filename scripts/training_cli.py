"""The command line that the trainers' scripts share."""

from pathlib import Path
from typing import Any

from scripts.cli import add_engine, job_arguments, planned_run
from scripts.lib.engines.start import EngineSettings
from scripts.lib.study.cells import stages_of
from scripts.lib.study.recipes import recipe_of, rewards_of
from scripts.lib.training.passes import TOKENS_PER_PASS
from scripts.lib.training.run import Training

GENERATING = ("train_grpo", "train_gkd")  # the trainings that sample completions as they go


def planned_training(rule: str, description: str) -> Training:
    """Read the flags; return the training that they name, as it was planned."""
    parser = job_arguments(description)
    parser.add_argument("--cell", required=True, help="the cell that is trained")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument(
        "--parent", type=Path, required=True, help="model.json or training.json of the prefix"
    )
    parser.add_argument("--examples", type=Path, required=True, help="examples.jsonl of the stage")
    parser.add_argument(
        "--checkpoints", type=Path, required=True, help="folder to resume from after a kill"
    )
    parser.add_argument("--output", type=Path, required=True, help="training.json to write")
    parser.add_argument(
        "--runtime",
        type=float,
        default=0,
        help="minutes that the job has: it saves a checkpoint and leaves before; 0: no limit",
    )
    parser.add_argument(
        "--tokens-per-pass",
        type=int,
        default=TOKENS_PER_PASS,
        help="tokens, padding included, that a device has room for in a forward and backward pass; "
        "the profile says it, as a resource of the rule (default: %(default)s)",
    )
    if rule in GENERATING:
        add_engine(parser)
    if rule == "train_gkd":
        parser.add_argument(
            "--teacher", type=Path, required=True, help="model.json or training.json of the teacher"
        )
    args = parser.parse_args()
    run = planned_run(args, rule, cell=args.cell, seed=args.seed)
    files = (args.parent, args.examples, args.checkpoints, args.output)
    engine = EngineSettings()
    if rule in GENERATING:
        engine = EngineSettings(args.engine, run.study.config["vllm"])
    if engine.name == "transformers":
        run.engine = None  # TRL itself generates
    stage = stages_of(args.cell)[-1]
    settings = run.settings | {"recipe": recipe_of(run.study, stage)}  # with what is in no key
    if rule == "train_grpo":
        settings["rewards"] = with_source(settings["rewards"], rewards_of(run.study, stage))
    machine = (args.tokens_per_pass, args.runtime, engine)
    teacher = getattr(args, "teacher", None)
    return Training(rule, run.job.key, args.cell, settings, *files, *machine, run.record(), teacher)


def with_source(planned: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """Return planned rewards; of own ones also their file, and its text for the record."""
    return {
        name: reward | {"file": file, "source": Path(file).read_text(encoding="utf-8")}
        if (file := named[name]["file"] if isinstance(reward, dict) else None)
        else reward
        for name, reward in planned.items()
    }
