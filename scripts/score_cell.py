"""Make a cell's numbers: mean accuracy and its 95% intervals, one record per benchmark and prompt.

One interval is for problems like these, the other, from several seeds, for these very problems.

Reads the evaluation records of all seeds with the verdicts beside them, and refuses a record that
was not made by the planned job. A cell with a collapsed seed is `collapsed`. The number of the seed
stays in the mean; only a training that ended at a number that is none has left none.
"""

from collections.abc import Mapping
from statistics import fmean
from typing import NamedTuple

from scripts.cli import Run, job_arguments, planned_run
from scripts.lib.files import read_json, read_jsonl, write_json
from scripts.lib.scores.collapse import Mark, Texts, legibility, marks_of_log, marks_of_texts
from scripts.lib.scores.intervals import accuracy_interval, same_problems_interval
from scripts.lib.scores.samples import NAMES, read_samples, sample_shares
from scripts.lib.scores.statistics import accuracy, chance_level
from scripts.lib.scores.verdicts import Evaluation, read_evaluations, stack_correct, verdicts_of

# What a record says of all seeds: the mean over those that left a model.
MEANS = ("strict_accuracy", "lighteval_accuracy", *NAMES, "cut_off", "mean_tokens")


def score_run(evaluation: Evaluation, marks: list[Mark], shares: dict[str, float]) -> dict:
    """Return the entry of one seed in a cell record; `shares` are those of its samples."""
    record, verdicts = evaluation
    run = {
        "seed": record["seed"],
        "status": "collapsed" if marks else record["status"],
        "reason": "; ".join(mark["reason"] for mark in marks) or record.get("reason"),
        "marks": marks,
        "accuracy": None,
        "interval": None,
        "strict_accuracy": None,
        "lighteval_accuracy": None,
        **dict.fromkeys(NAMES),
        "cut_off": None,
        "mean_tokens": None,
        "timeouts": None,
    }
    if verdicts is None:
        return run
    interval = accuracy_interval(verdicts.correct[None, :], record["samples"])
    return run | {
        "accuracy": accuracy(verdicts.correct),
        "interval": [interval.low, interval.high],
        "strict_accuracy": accuracy(verdicts.strict),
        "lighteval_accuracy": record["lighteval_accuracy"],
        **shares,
        "cut_off": record["cut_off"],
        "mean_tokens": record["mean_tokens"],
        "timeouts": record["statuses"].get("timeout", 0),
    }


def score_task(
    evaluations: list[Evaluation],
    prompt: str,
    shares: dict[int, dict[str, float]],
    marks: dict[int, list[Mark]] | None = None,
) -> dict:
    """Return the cell record of a benchmark under a prompt from the evaluations of all its seeds.

    `shares` are those of each seed's samples (lib/scores/samples.py). `marks` says by which rules a
    seed has collapsed, although it left a model.
    """
    evaluations = sorted(evaluations, key=lambda evaluation: evaluation.record["seed"])
    first = evaluations[0].record
    runs = [
        score_run(e, (marks or {}).get(e.record["seed"], []), shares.get(e.record["seed"], {}))
        for e in evaluations
    ]
    finished = [evaluation for evaluation in evaluations if evaluation.verdicts is not None]
    record = {
        "cell": first["cell"],
        "benchmark": first["benchmark"],
        "prompt": prompt,
        "status": "ok" if all(run["status"] == "ok" for run in runs) else "collapsed",
        "accuracy": None,
        "interval": None,
        "interval_method": None,
        "same_problems_interval": None,
        "same_problems_method": None,
        "chance": None,
        **dict.fromkeys(MEANS),
        "seeds": [evaluation.record["seed"] for evaluation in evaluations],
        "problems": first["problems"],
        "samples": first["samples"],
        "runs": runs,
    }
    if finished:
        means = stack_correct(finished)
        interval = accuracy_interval(means, first["samples"])
        if same := same_problems_interval(means, first["samples"]):
            record["same_problems_interval"] = [same.low, same.high]
            record["same_problems_method"] = same.method
        answer, share = chance_level(verdicts_of(finished[0]).golds)
        record |= {
            "accuracy": accuracy(means),
            "interval": [interval.low, interval.high],
            "interval_method": interval.method,
            "chance": {"answer": answer, "accuracy": share},
            **{
                name: fmean(run[name] for run in runs if run["accuracy"] is not None)
                for name in MEANS
            },
        }
    return record


class Read(NamedTuple):
    """What a cell's evaluations on one task say, by seed: shares of samples, and legibility."""

    evaluations: list[Evaluation]
    shares: dict[int, dict[str, float]]
    texts: dict[int, Texts]


def read_task(part: Run) -> Read:
    """Return the evaluations of a task's seeds; the texts of those that left a model are judged.

    The completions are the bulk of the study, and are read once.
    """
    read = Read([*read_evaluations(part.paths("scores")).values()], {}, {})
    for evaluation, path in zip(read.evaluations, part.paths("details"), strict=True):
        if evaluation.verdicts is not None:
            rows, seed = read_samples(path), evaluation.record["seed"]
            read.shares[seed] = sample_shares(rows, evaluation.record["samples"])
            if "collapse" in part.settings:
                read.texts[seed] = legibility(rows)
    return read


def marks_of_seeds(part: Run, tasks: Mapping[str, Read]) -> dict[int, list[Mark]]:
    """Return the marks of every seed of a trained cell that left a model.

    `part` is any of the cell's, and `tasks` are those under the tables' prompt.
    """
    if "trainings" not in part.job.inputs:
        return {}
    limits = part.settings["collapse"]
    trainings = [read_json(path) for path in part.paths("trainings")]
    rollouts = [read_jsonl(path) for path in part.paths("rollouts")] or [[] for _ in trainings]
    return {
        record["seed"]: marks_of_log(record["log"], record["vocabulary"], limits, of_seed)
        + marks_of_texts(
            {n: t.texts[record["seed"]] for n, t in tasks.items() if record["seed"] in t.texts},
            limits,
        )
        for record, of_seed in zip(trainings, rollouts, strict=True)
        if record["status"] == "ok"
    }


def main() -> None:
    """Read the flags and write one record per task."""
    parser = job_arguments(__doc__)
    parser.add_argument("--cell", required=True, help="name of the cell")
    args = parser.parse_args()
    run = planned_run(args, "score_cell", cell=args.cell)
    parts = {name: run.part(name) for name in run.job.parts}
    tasks = {name: read_task(part) for name, part in parts.items()}
    in_tables = {name: tasks[name] for name in run.study.benchmarks()}
    marks = marks_of_seeds(parts[run.study.benchmarks()[0]], in_tables)
    for name, part in parts.items():
        read = tasks[name]
        record = score_task(read.evaluations, part.settings["prompt"], read.shares, marks)
        write_json(part.output("cell"), {"key": part.key, **record})
        part.write_record(part.output("record"), part.output("cell"))


if __name__ == "__main__":
    main()
