"""Ask an endpoint for a teacher's traces on training problems, in the columns of the CAMEL set.

Each completion is kept as it comes, in the folder of downloads: a kill loses those under way alone,
and what has been paid for is never asked for again. The API key is read from the environment
variable that the endpoint names, and written nowhere.
"""

import os
from pathlib import Path
from typing import Any

from scripts.cli import job_arguments, planned_run
from scripts.lib.console import report
from scripts.lib.endpoint.client import ask_all
from scripts.lib.endpoint.completions import SAMPLING, ask_of, digest, spent, trace_of
from scripts.lib.endpoint.kept import Kept
from scripts.lib.files import read_jsonl, write_jsonl
from scripts.lib.study.traces import endpoint_of


def file_of(settings: dict[str, Any], downloads: Path) -> Path:
    """Return the file that keeps the completions of an endpoint, asked in this way."""
    model = settings["endpoint"]["model"].replace("/", "_")
    decides = {name: settings[name] for name in SAMPLING}
    return downloads / f"{model}-{digest(decides)[:16]}.jsonl"


def key_in(variable: str | None, place: str) -> str | None:
    """Return the API key in an environment variable; exit with an error if it is not set."""
    if variable is None:
        return None
    if not (key := os.environ.get(variable, "").strip()):
        raise SystemExit(
            f"{place}.api_key_env: the environment variable {variable} is not set; set it to the "
            "endpoint's API key where Snakemake is started"
        )
    return key


def main() -> None:
    """Ask for the traces of a planned job, as far as they are not there."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--problems", type=Path, required=True, help="clean.jsonl of the problems")
    parser.add_argument("--downloads", type=Path, required=True, help="folder of kept completions")
    parser.add_argument("--rows", type=Path, required=True, help="raw.jsonl to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "fetch_traces", dataset=args.dataset)
    problems = read_jsonl(args.problems)[: run.settings["num_problems"]]
    asked = [
        (problem, ask_of(run.settings, problem["question"], sample))
        for problem in problems
        for sample in range(run.settings["num_samples"])
    ]
    teacher = run.settings["teacher"]
    endpoint, place = endpoint_of(run.study.config, teacher), f"models.{teacher}.endpoint"
    assert endpoint is not None  # the rule has such data sets alone
    with Kept(file_of(run.settings, args.downloads)) as kept:
        # Two problems may ask the same question: it is asked once.
        missing = {ask.key: ask for _, ask in asked if ask.key not in kept.completions}
        if missing:
            report(f"fetch_traces {args.dataset}: {len(missing)} of {len(asked)} to be asked for")
            key = key_in(endpoint.get("api_key_env"), place)
            if wrong := ask_all(endpoint, key, list(missing.values()), kept.add):
                there = sum(ask.key in kept.completions for _, ask in asked)
                raise SystemExit(
                    f"{place} ({endpoint['base_url']}): {wrong}. {there} of {len(asked)} "
                    f"completions are there and kept in {kept.path}; start again, and only the "
                    "others are asked for"
                )
        found = [(problem, kept.completions[ask.key]) for problem, ask in asked]
    rows = [
        {
            "problem": problem["question"],
            "reasoning_solution": trace_of(completion),
            "groud_truth_solution": problem["gold"],  # the published set's own spelling
            "status": completion["status"],
        }
        for problem, completion in found
    ]
    write_jsonl(args.rows, rows)
    completions = [completion for _, completion in found]
    facts = spent(completions, endpoint.get("prices"))
    served = sorted({c["model"] for c in completions if c["model"]})
    run.write_record(
        args.output, args.rows, dataset=args.dataset, rows=len(rows), served=served, **facts
    )
    counted = ", ".join(f"{number} {status}" for status, number in facts["counts"].items())
    report(f"fetch_traces {args.dataset}: {len(rows)} traces ({counted})")


if __name__ == "__main__":
    main()
