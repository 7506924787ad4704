"""All files that a report is made of, made up: two prompts, two seeds, one that collapsed."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from snakemake.utils import update_config

from scripts.cli import Run
from scripts.lib.dag.jobs import files_of
from scripts.lib.dag.report import make_report
from scripts.lib.evaluation.completions import SCHEMA
from scripts.lib.files import write_json, write_jsonl, write_text
from scripts.lib.frames import Column, write_frame
from scripts.lib.scores.comparisons import COLUMNS as COMPARISONS
from scripts.lib.study.validation import validated_study
from tests.workflow import DEMO, ROOT

SMALL = {
    "study": "small",
    "note": "Made up & <b>bold</b>.",
    "seeds": [0, 5],
    "evaluate": ["amc23", "gsm8k"],
    "tabulate": ["table2"],
    "sensitivity": {"prompts": ["training"], "untrained": ["plain"]},
    "tables": {"table2": {"sections": [{"section": "All", "rows": ["base", "base+sft+rl"]}]}},
}
COLLAPSED = ("toy-base+sft+rl", 5)
PROBLEMS = {"amc23": 7, "gsm8k": 60}
HOSTILE = "</script><script>alert(1)</script>\u2028\x00 "
FACTS = {"git_commit": "c" * 40, "host": "node1", "versions": {"torch": "2"}, "wall_seconds": 1.0}
FACTS["finished"] = "2024-02-29T23:30:00+00:00"  # long before the files were written


def planned(folder, max_megabytes=500):
    """Return the planned report of the study, whose files are below a folder."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for over in (yaml.safe_load(DEMO.read_text()), SMALL):
        update_config(config, over)
    study = validated_study(config, [])
    study.config["report"]["max_megabytes"] = max_megabytes  # 0, too: room for no text at all
    return Run(make_report(study), study, folder / "results" / study.name, None, {})


def write_inputs(run, characters=40):
    """Write every file that the report reads; a completion has at least so many characters."""
    for given in run.job.inputs.values():
        for file in files_of(given):
            path = run.root / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(run.study, file.job, file.name, path, characters)


def _write(study, job, name, path, characters):
    wildcards = job.wildcards
    if job.rule == "evaluate":
        _write_evaluation(study, wildcards, name, path, characters)
    elif job.rule == "score_cell":
        write_json(path, _cell(study, wildcards))
    elif job.rule == "compare_archive":
        write_json(path, {"archive": f"{wildcards['run']}.tar", "refused": HOSTILE})
    elif name == "rollouts":
        write_jsonl(path, [{"step": 1, "prompt": HOSTILE, "completion": HOSTILE, "rewards": {}}])
    elif job.rule in ("train_sft", "train_grpo"):
        write_json(path, _training(job))
    elif job.rule == "load_problems" and name == "rows":
        write_jsonl(path, _problems(study, wildcards["dataset"]))
    elif name == "record":
        write_json(path, {"key": job.key, "status": "ok"})
    elif job.rule in ("make_table", "make_prompt_table"):
        _write_table(job, name, path)
    elif job.rule == "compare_parents":
        write_frame(path, pd.DataFrame(_comparisons(job)), COMPARISONS)
    elif path.suffix == ".md":
        write_text(path, f"### {path.stem}\n\nText <script>alert(2)</script>.\n")
    else:
        path.write_bytes(b"a file")


def _comparisons(job):
    """Return a row for each pair of the families: better by 12.5 points, or not known."""
    return [
        {
            "against": family["against"],
            "prompts": family["prompts"],
            "cell": cell,
            "other": other,
            "benchmark": benchmark,
            "cell_prompt": prompt,
            "other_prompt": other_prompt,
            "difference": 0.125 if benchmark == "gsm8k" else None,
            "mark": "*",
        }
        for family in job.settings["families"]
        for cell, other, _, prompt, other_prompt in family["pairs"]
        for benchmark in job.settings["benchmarks"]
    ]


def _columns(*names):
    return [Column(name, "text", name) for name in names]


def _problems(study, dataset):
    of = {study.config["benchmarks"][name]["dataset"]: name for name in study.benchmarks()}
    count = PROBLEMS.get(of.get(dataset), 1)
    return [
        {"id": f"p{n}", "question": f"What is {n}? {HOSTILE}", "gold": str(n)} for n in range(count)
    ]


def _numbers(study, cell, seed, task):
    prompt, benchmark = study.prompt_and_benchmark(task)
    samples = study.config["benchmarks"][benchmark]["num_samples"]
    collapsed = (cell, seed) == COLLAPSED
    return prompt, benchmark, samples, collapsed


def rows_of(study, cell, seed, task, characters):
    """Return the completions of an evaluation."""
    prompt, benchmark, samples, collapsed = _numbers(study, cell, seed, task)
    dataset = study.config["benchmarks"][benchmark]["dataset"]
    problems = [] if collapsed else _problems(study, dataset)
    rows = []
    for number, problem in enumerate(problems):
        for sample in range(samples):
            right = (number * 7 + sample + seed + len(cell) + len(prompt)) % 3 == 0
            rows.append(
                {
                    "problem": problem["id"],
                    "sample": sample,
                    "question": problem["question"],
                    "prompt": f"<user>{problem['question']}<end>",
                    "completion": f"{cell} {seed} {task} {number} {HOSTILE}" + "x" * characters,
                    "gold": problem["gold"],
                    "extracted": problem["gold"] if right else None,
                    "correct": right,
                    "strict_correct": False,
                    "status": "ok" if right else "no_answer",
                    "strict_status": "no_answer",
                    "lighteval_correct": right or None,
                    "tokens": 12,
                    "finish_reason": "stop",
                }
            )
    return rows


def _write_evaluation(study, wildcards, name, path, characters):
    cell, seed, task = (wildcards[n] for n in ("cell", "seed", "task"))
    prompt, benchmark, samples, collapsed = _numbers(study, cell, seed, task)
    if name == "details":
        rows = rows_of(study, cell, seed, task, characters)
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    elif name == "scores":
        record = {"cell": cell, "seed": seed, "benchmark": benchmark, "task": task}
        record |= {"status": "collapsed" if collapsed else "ok", "samples": samples}
        record |= {"settings": {"seed": seed, "temperature": 0.6}, "weights": None, "statuses": {}}
        write_json(path, record)
    else:
        write_json(path, {"key": f"{cell} {seed} {task}", "engine": "vllm", **FACTS})


def _cell(study, wildcards):
    cell, task = wildcards["cell"], wildcards["task"]
    prompt, benchmark = study.prompt_and_benchmark(task)
    runs = [
        {"seed": seed, "status": "collapsed", "reason": "KL of 12", "marks": [{"reason": "KL"}]}
        if (cell, seed) == COLLAPSED
        else {"seed": seed, "status": "ok", "reason": None, "marks": []}
        for seed in study.seeds()
    ]
    status = "ok" if all(run["status"] == "ok" for run in runs) else "collapsed"
    record = {"cell": cell, "benchmark": benchmark, "prompt": prompt, "status": status}
    return record | {"accuracy": 1 / 3, "interval": [0.2, 0.4], "runs": runs}


def _training(job):
    config = {"recipe": {"learning_rate": 0.1}, "seed": job.wildcards["seed"]}
    log = [{"step": 1, "loss": 0.5}, {"step": 2, "loss": float("nan")}]
    facts = {"cell": job.wildcards["cell"], "seed": job.wildcards["seed"], "key": job.key}
    return facts | {"status": "ok", "steps": 2, "log": log, "config": config, **FACTS}


def _write_table(job, name, path):
    settings = job.settings
    several = job.rule == "make_prompt_table"
    benchmarks = settings["benchmarks"]
    rows = [
        {"section": section["section"], "cell": row["cell"], "benchmark": of["name"]}
        | ({"prompt": prompt} if several else {})
        for section in settings["sections"]
        for row in (of[0] if isinstance(of, list) else of for of in section["rows"])
        for prompt in (settings["prompts"] if several else [None])
        for of in benchmarks
    ]
    if name != "markdown":
        if name == "csv":
            write_frame(path, pd.DataFrame(rows), _columns(*rows[0]))
        else:
            path.write_text("tex")
        return
    lines = [["Method", *(["Prompt"] if several else []), *(of["label"] for of in benchmarks)]]
    lines.append(["---"] * len(lines[0]))
    for start in range(0, len(rows), len(benchmarks)):
        row = rows[start]
        lines.append([row["cell"], *([row["prompt"]] if several else []), *["33.3"] * 2])
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    write_text(path, f"### Table {path.stem}.\n\n{text}\n\nA note.\n")
