"""Write all that a study's evaluations and trainings leave, made up, as if it had run on GPUs.

    python -m benchmarks.synthetic_study FOLDER                     the study of config.yaml
    python -m benchmarks.synthetic_study FOLDER --problems 12 --seeds 0 1
    python -m benchmarks.synthetic_study FOLDER --characters 5000   with completions of 5 KB

The study is that of config.yaml: its cells, benchmarks, prompts, seeds, numbers of problems and of
samples. No number was measured. Its name is `synthetic`, and its `note`, which stands on every
table, figure and page made from it, says so. The records have the keys of the planned jobs, so that

    snakemake --directory FOLDER --configfile FOLDER/study.yaml --cores 2 -- scores report

runs what follows an evaluation, and nothing before it. After a change of the code that trains or
evaluates, or of config.yaml, the folder is to be written anew. benchmarks.after_evaluation does
both, and measures.
"""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from benchmarks.synthetic_runs import (
    VOCABULARY,
    completion_rows,
    endings,
    generator,
    rollouts,
    training_log,
)
from scripts.cli import Run
from scripts.count_tokens import histogram, statistics
from scripts.lib.dag.data import source_of
from scripts.lib.dag.jobs import Job
from scripts.lib.dag.pdf import typeset
from scripts.lib.dag.report import make_report
from scripts.lib.dag.targets import targets
from scripts.lib.evaluation.completions import NO_NUMBERS, parquet_bytes, summary
from scripts.lib.evaluation.store import write_evaluation
from scripts.lib.files import read_json, read_jsonl, sha256_of, write_json, write_jsonl, write_text
from scripts.lib.model.weights import weights_digest
from scripts.lib.price.walk import dag_of
from scripts.lib.study.cells import Study, parent_of, stages_of
from scripts.lib.study.recipes import recipe_of
from scripts.lib.study.validation import validated_study

CONFIG = Path(__file__).parents[1] / "config.yaml"
NOTE = (
    "Synthetic: every number here is drawn at random, to test the programs behind the tables. "
    "Nothing was trained or evaluated."
)
ENGINE, DEVICE = "vllm", "made-up GPU"
CHARACTERS = 120
STEPS = 234  # of a training: about those of the study's recipes
MADE = (
    "fetch_model", "fetch_dataset", "load_problems", "clean_dataset", "make_examples",
    "verify_traces", "count_tokens", "make_data_card", "train_sft", "train_grpo", "evaluate",
)  # fmt: skip


class Sizes(NamedTuple):
    """How large the study is where config.yaml does not say it."""

    problems: int | None  # at most so many of each benchmark
    characters: int  # of a completion, median
    steps: int  # of each training


def synthetic_study(folder: Path, **changed: Any) -> Study:
    """Return config.yaml's study under its own name, and write FOLDER/study.yaml.

    `changed` replaces keys of the config, such as `seeds`; None leaves one as it is.
    """
    own = {"study": "synthetic", "note": NOTE}
    own |= {name: value for name, value in changed.items() if value is not None}
    path = folder / "study.yaml"
    write_text(path, yaml.safe_dump(own, sort_keys=False, allow_unicode=True))
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8")) | own
    return validated_study(config, [CONFIG, path])


def write_study(folder: Path, study: Study, sizes: Sizes) -> None:
    """Write the files of every job up to the evaluations, below FOLDER/results/synthetic."""
    root = folder / "results" / study.name
    wanted = [job for name in ("scores", "tables", "figures") for job in targets(study)[name]]
    for job in dag_of(study, [*wanted, typeset(study), make_report(study)]):
        if job.rule in MADE:
            _write_job(job, study, root, sizes)


def _write_job(job: Job, study: Study, root: Path, sizes: Sizes) -> None:
    engine = ENGINE if job.rule in ("train_grpo", "evaluate") else None
    run = Run(job, study, root, job.key, {}, engine)
    if job.rule == "evaluate":
        for task in job.parts:
            _evaluate(run.part(task), task, sizes)
    elif job.rule.startswith("train_"):
        _train(run, sizes)
    elif job.rule == "fetch_model":
        name = job.wildcards["model"]
        files = {"model.safetensors": sha256_of(CONFIG)}  # of no weights at all
        facts = {"model": name, "status": "ok", "checkpoint": "nowhere", "files": files}
        write_json(run.output("record"), facts | {"source": {}} | run.record())
    elif job.rule == "count_tokens":
        _tokens(run)
    elif job.rule == "make_data_card":
        write_text(run.output("card"), f"# {job.wildcards['dataset']}\n\n{NOTE}\n")
        run.write_record(run.output("record"), run.output("card"))
    else:
        _data(run, sizes)


# ------------------------------------------------------------------------------------------ data


def _data(run: Run, sizes: Sizes) -> None:
    """Write a data set's rows, and the record that vouches for them."""
    dataset = str(run.job.wildcards["dataset"])
    facts: dict[str, Any] = {"dataset": dataset}
    rows: list[dict[str, Any]] = [{"synthetic": True}]
    if run.job.rule == "fetch_dataset":
        expected = source_of(run.study, dataset)
        facts |= {"rows": expected.get("rows"), "columns": expected["columns"]}
        facts["source_files"] = {"synthetic": expected.get("sha256")}
    elif run.job.rule == "load_problems":
        rows = _problems(run.study, dataset, sizes.problems)
    write_jsonl(run.output("rows"), rows)
    run.write_record(run.output("record"), run.output("rows"), **facts)


def _tokens(run: Run) -> None:
    """Write the token statistics of a data set whose examples are all of one length."""
    lengths = {"prompt": [120], "completion": [100], "prompt_and_completion": [220]}
    run.write_record(
        run.output("record"),
        **{name: str(run.job.wildcards[name]) for name in ("dataset", "model")},
        **{name: statistics(of) for name, of in lengths.items()},
        histogram=histogram(lengths["prompt_and_completion"]),
        untrained_tokens=[],
        over_length={
            name: {"max_length": n, "rows": []} for name, n in run.settings["max_length"].items()
        },
    )


def _problems(study: Study, dataset: str, most: int | None) -> list[dict[str, str]]:
    """Return as many problems as the data set has, or `most` of them."""
    count = study.config["datasets"][dataset]["hub"]["rows"]
    golds = generator("golds", dataset).integers(1, 90, count)
    return [
        {"id": str(number), "question": f"Synthetic problem {number}?", "gold": str(gold)}
        for number, gold in enumerate(golds[:most])
    ]


# ------------------------------------------------------------------------- trainings, evaluations


def _train(run: Run, sizes: Sizes) -> None:
    """Write a training's record with its log, and a sample of rollouts where it generates."""
    cell, seed = str(run.job.wildcards["cell"]), int(run.job.wildcards["seed"])
    ending = endings(run.study).get((cell, seed))
    log = training_log(run.study, cell, seed, sizes.steps, ending)
    ended = ending == "no number"
    record: dict[str, Any] = {
        "cell": cell,
        "stage": stages_of(cell)[-1],
        "parent": parent_of(cell),
        "seed": seed,
        "status": "collapsed" if ended else "ok",
        "reason": f"the loss was no number at step {len(log) + 1}" if ended else None,
        "evidence": [],
        "files": {} if ended else {"model.safetensors": run.job.key},
        "sample_files": {},
        "config": run.settings,
        "steps": len(log),
        "log": log,
        "metrics": log[-1],
        "vocabulary": VOCABULARY,
        "engine": ENGINE,
        **_usage("training", cell, seed, seconds=3_000 if "rollouts" in run.job.outputs else 700),
        "processes": 1,
        "tokens": recipe_of(run.study, stages_of(cell)[-1])["global_batch_size"] * 300 * len(log),
    }
    if "rollouts" in run.job.outputs:
        path = run.output("rollouts")
        write_jsonl(path, rollouts(log, sizes.steps))
        record["sample_files"] = {path.name: sha256_of(path)}
    write_json(run.output("record"), record | run.record())


def _evaluate(run: Run, task: str, sizes: Sizes) -> None:
    """Write the four files of one task's evaluation."""
    cell, seed = str(run.job.wildcards["cell"]), int(run.job.wildcards["seed"])
    model = read_json(run.paths("model")[0])
    problems = read_jsonl(run.paths("problems")[0])
    samples = run.settings["num_samples"]
    record: dict[str, Any] = {
        "key": run.job.key,
        "cell": cell,
        "seed": seed,
        "benchmark": task.rpartition("/")[2],
        "task": task,
        "status": model["status"],
        "reason": model.get("reason"),
        "problems": len(problems),
        "samples": samples,
        "settings": run.settings,
    }
    rows: list[dict[str, Any]] = []
    usage = {"wall_seconds": 0.0, "device_seconds": 0.0, "joules": 0.0}
    if model["status"] == "ok":
        rows = completion_rows(run.study, cell, seed, task, problems, samples, sizes.characters)
        record |= {**summary(rows), "weights": weights_digest(model), "lighteval": {}}
        usage = _usage("evaluation", cell, seed, task, seconds=len(rows) / 20)
        starts = generator("engine", cell, seed)
        usage["engine_start_seconds"] = 60 + 10 * starts.random()
        usage["engine_start_joules"] = 20_000 + 1_000 * starts.random()
    else:
        record |= {**NO_NUMBERS, "weights": None, "lighteval": None}
    folder = run.output("scores").parent
    write_evaluation(
        folder, record["benchmark"], record, parquet_bytes(rows), {}, usage | run.record()
    )


def _usage(*names: object, seconds: float) -> dict[str, Any]:
    """Return time, energy and memory of a job on one GPU that takes about so many seconds."""
    draw = generator("usage", *names)
    taken = round(seconds * (0.8 + 0.4 * draw.random()), 3)
    return {
        "wall_seconds": taken,
        "device_seconds": taken,
        "joules": round(450 * taken, 3),
        "peak_memory_bytes": int(2e10 + 5e9 * draw.random()),
        "device": DEVICE,
        "devices": 1,
    }


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return the flags that say which study is written, and where."""
    flags = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("folder", type=Path, help="folder for study.yaml and results/synthetic")
    flags.add_argument("--characters", type=int, default=CHARACTERS, help="of a completion, median")
    flags.add_argument("--problems", type=int, help="at most so many of each benchmark")
    flags.add_argument("--steps", type=int, default=STEPS, help="of each training")
    flags.add_argument("--seeds", type=int, nargs="+", help="default: those of config.yaml")
    flags.add_argument("--tables", nargs="+", help="default: those of config.yaml")
    return flags


def write_as_told(args: argparse.Namespace) -> Study:
    """Write the study that the flags describe; return it."""
    study = synthetic_study(args.folder, seeds=args.seeds, tabulate=args.tables)
    write_study(args.folder, study, Sizes(args.problems, args.characters, args.steps))
    return study


if __name__ == "__main__":
    write_as_told(parser(__doc__).parse_args())
