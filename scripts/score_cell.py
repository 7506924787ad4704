"""Make a cell's numbers: mean accuracy and its 95% interval, one record per benchmark.

Reads the evaluation records of all seeds with the verdicts beside them, and refuses a record that
was not made by the planned job. A seed whose training collapsed has no number: the cell is then
`collapsed`, and its accuracy is the mean over the other seeds (none left: null).
"""

from pathlib import Path
from statistics import fmean

from scripts.cli import job_arguments, planned_job
from scripts.lib.files import write_json
from scripts.lib.scores.statistics import accuracy, accuracy_interval, chance_level
from scripts.lib.scores.verdicts import Evaluation, read_evaluations, stack_correct


def score_run(evaluation: Evaluation) -> dict:
    """Return the entry of one seed in a cell record."""
    record, verdicts = evaluation
    run = {
        "seed": record["seed"],
        "status": record["status"],
        "reason": record.get("reason"),
        "accuracy": None,
        "interval": None,
        "strict_accuracy": None,
        "lighteval_accuracy": None,
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
        "cut_off": record["cut_off"],
        "mean_tokens": record["mean_tokens"],
        "timeouts": record["statuses"].get("timeout", 0),
    }


def score_benchmark(evaluations: list[Evaluation]) -> dict:
    """Return the cell record of one benchmark from the evaluations of all its seeds."""
    evaluations = sorted(evaluations, key=lambda evaluation: evaluation.record["seed"])
    first = evaluations[0].record
    finished = [evaluation for evaluation in evaluations if evaluation.verdicts is not None]
    record = {
        "cell": first["cell"],
        "benchmark": first["benchmark"],
        "status": "ok" if len(finished) == len(evaluations) else "collapsed",
        "accuracy": None,
        "interval": None,
        "interval_method": None,
        "chance": None,
        "cut_off": None,
        "seeds": [evaluation.record["seed"] for evaluation in evaluations],
        "problems": first["problems"],
        "samples": first["samples"],
        "runs": [score_run(evaluation) for evaluation in evaluations],
    }
    if finished:
        means = stack_correct(finished)
        interval = accuracy_interval(means, first["samples"])
        answer, share = chance_level(finished[0].verdicts.golds)
        record |= {
            "accuracy": accuracy(means),
            "interval": [interval.low, interval.high],
            "interval_method": interval.method,
            "chance": {"answer": answer, "accuracy": share},
            "cut_off": fmean(evaluation.record["cut_off"] for evaluation in finished),
        }
    return record


def main() -> None:
    """Read the flags and write one record per benchmark."""
    parser = job_arguments(__doc__)
    parser.add_argument("--cell", required=True, help="name of the cell")
    parser.add_argument("--records", type=Path, nargs="+", required=True, help="evaluation records")
    parser.add_argument("--output-folder", type=Path, required=True, help="folder of the records")
    args = parser.parse_args()
    job = planned_job(args, "score_cell", cell=args.cell)
    benchmarks = job.settings["benchmarks"]
    found = read_evaluations(args.records, {args.cell: benchmarks})
    scores = {
        name: score_benchmark([found[args.cell, int(seed), name] for seed in seeds])
        for name, seeds in benchmarks.items()
    }
    for name, record in scores.items():
        write_json(args.output_folder / f"{name}.json", {"key": job.key, **record})


if __name__ == "__main__":
    main()
