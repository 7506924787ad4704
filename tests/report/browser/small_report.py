"""A small report with all that can go wrong in it: hostile text, a collapsed cell, a cut text."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scripts.lib.report.writing import put
from tests.workflow import ROOT

PAGES = ROOT / "report"
SEEDS = [0, 1]
BENCHMARKS = {"math500": (60, 1, 25), "amc23": (4, 3, 25)}  # problems, samples, problems of a chunk
PROMPTS = {
    "base": ["boxed", "training"],
    "base+sft": ["boxed"],
    "base+sft+rl": ["boxed", "training"],
    "base+rl": ["boxed"],
}
PARENTS = {"base": None, "base+sft": "base", "base+sft+rl": "base+sft", "base+rl": "base"}
STATUSES = ["ok", "no_answer"]

HOSTILE = (
    "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
    "<a href='javascript:window.hacked = 1'>here</a> $\\href{javascript:alert(1)}{x}$ "
    "$\\includegraphics{https://example.org/x.png}$ \\(\\def\\a{\\a\\a}\\a\\) "
    "\u202egnp.exe \x1b[31m"
)
REASONED = "<think>" + "First I add one and one. " * 40 + "</think>The answer is $\\frac{1}{2}$."
TEXTS = ["The answer is \\boxed{7}.", REASONED, "It costs $5 and then $10, so 15."]


def label(cell: str) -> str:
    return "+".join(part.upper() if at else part.title() for at, part in enumerate(cell.split("+")))


def ids(benchmark: str) -> list[str]:
    return [f"{benchmark}/{number}.json" for number in range(BENCHMARKS[benchmark][0])]


def verdicts_of(cell: str, prompt: str, benchmark: str) -> dict[str, Any]:
    """Return the columns of a cell's completions; the same at every call."""
    problems, samples, _ = BENCHMARKS[benchmark]
    chance = random.Random(f"{cell} {prompt} {benchmark}")
    total = len(SEEDS) * problems * samples
    status = [int(chance.random() < 0.2) for _ in range(total)]
    correct = [int(not bad and chance.random() < 0.5) for bad in status]
    cut_off = [int(bad and chance.random() < 0.5) for bad in status]
    lighteval = [str(one ^ (chance.random() < 0.1)) for one in correct]
    lighteval[5] = "?"
    kept = ["1"] * total
    kept[3] = "0"
    return {
        "seeds": SEEDS,
        "samples": samples,
        "problems": problems,
        "correct": "".join(map(str, correct)),
        "strict": "".join(map(str, correct)),
        "lighteval": "".join(lighteval),
        "cut_off": "".join(map(str, cut_off)),
        "kept": "".join(kept),
        "status": status,
        "statuses": STATUSES,
        "tokens": [chance.randrange(10, 500) for _ in range(total)],
    }


def completion_of(at: int) -> dict[str, Any]:
    """Return the text of the completion at an index of the columns."""
    if at == 0:
        return {"completion": HOSTILE}
    if at == 1:
        return {"completion": "a" * 70_000}
    if at == 2:
        return {"completion": "It starts", "omitted": 9_000_000, "end": "and it ends."}
    return {"completion": TEXTS[at % len(TEXTS)]}


def write_data(folder: Path) -> None:
    """Write the data files of the report, as docs/report.md describes them."""
    cells = []
    for cell, prompts in PROMPTS.items():
        collapsed = SEEDS if cell == "base+rl" else []
        tasks = {prompt: list(BENCHMARKS) for prompt in prompts}
        accuracy: dict[str, Any] = {}
        for prompt in prompts:
            for benchmark in BENCHMARKS:
                of = verdicts_of(cell, prompt, benchmark)
                share = None if collapsed else of["correct"].count("1") / len(of["correct"])
                accuracy.setdefault(prompt, {})[benchmark] = number_of(share, of)
                if not collapsed:
                    write_task(folder, cell, prompt, benchmark, of)
        stages = [{"stage": one, "label": one.upper(), "trainer": "grpo", "data": "toy"}
                  for one in cell.split("+")[1:]]  # fmt: skip
        info = {"cell": cell, "label": label(cell), "parent": PARENTS[cell], "stages": stages}
        cells.append(
            info
            | {"prompts": tasks, "trained": bool(stages), "seeds": SEEDS, "collapsed": collapsed}
            | {"accuracy": accuracy}
        )
        write_cell(folder, info, collapsed)
    for benchmark, (problems, _, chunk) in BENCHMARKS.items():
        rows = [
            {"id": one, "question": f"What is ${number} + 1$, of $5 and $10?", "gold": str(number)}
            for number, one in enumerate(ids(benchmark))
        ]
        put(folder, f"data/problems/{benchmark}/titles",
            [[row["id"], row["question"][:120], row["gold"]] for row in rows])  # fmt: skip
        for number, start in enumerate(range(0, problems, chunk)):
            put(folder, f"data/problems/{benchmark}/{number}", rows[start : start + chunk])
    named = [
        {"name": name, "label": name.upper(), "problems": of[0], "chunk": of[2]}
        for name, of in BENCHMARKS.items()
    ]
    study = {"name": "tiny", "note": None, "main_prompt": "boxed", "prompts": ["boxed", "training"]}
    put(folder, "data/study", study | {"seeds": SEEDS, "benchmarks": named, "cells": cells})


def number_of(share: float | None, of: dict[str, Any]) -> dict[str, Any]:
    names = ("lighteval_accuracy", "strict_accuracy", "pass_at_k", "maj_at_k", "unreadable",
             "in_format", "cut_off", "mean_tokens")  # fmt: skip
    return {
        "status": "collapsed" if share is None else "ok",
        "accuracy": share,
        "interval": None if share is None else [share - 0.1, share + 0.1],
        **dict.fromkeys(names, share),
        "problems": of["problems"],
        "samples": of["samples"],
    }


def write_task(folder: Path, cell: str, prompt: str, benchmark: str, of: dict[str, Any]) -> None:
    put(folder, f"data/verdicts/{cell}/{prompt}/{benchmark}", of)
    problems, samples, size = BENCHMARKS[benchmark]
    chunks: dict[int, list[dict[str, Any]]] = {}
    for at in range(len(of["correct"])):
        seed, rest = divmod(at, problems * samples)
        problem, sample = divmod(rest, samples)
        if of["kept"][at] == "1":
            where = {"seed": SEEDS[seed], "problem": ids(benchmark)[problem], "sample": sample}
            status = STATUSES[of["status"][at]]
            judged = {"status": status, "strict_status": status, "finish_reason": "stop"}
            extracted = {"extracted": None if status == "no_answer" else "\\frac{1}{2}"}
            row = where | completion_of(at) | extracted | judged
            chunks.setdefault(problem // size, []).append(row)
    for number, rows in chunks.items():
        around = {"before": "<|user|>", "after": "\nBox it.<|assistant|>", "completions": rows}
        put(folder, f"data/completions/{cell}/{prompt}/{benchmark}/{number}", around)


def write_cell(folder: Path, info: dict[str, Any], collapsed: list[int]) -> None:
    cell, trained = info["cell"], bool(info["stages"])
    node = {"rule": "train_grpo", "name": cell, "keys": {"0": "ab" * 32}, "status": "ok",
            "record": f"models/{cell}/seed-0/training.json", "made_from": []}  # fmt: skip
    curve = {str(seed): [[step, step / 10, None] for step in range(1, 9)] for seed in SEEDS}
    ends = [{"cell": cell, "label": info["label"], "seed": seed, "reason": "NaN", "evidence": []}
            for seed in collapsed]  # fmt: skip
    rollouts = SEEDS if cell.endswith("rl") and not collapsed else []
    for seed in rollouts:
        rows = [
            {"step": step, "prompt": "1+1? <b>", "completion": HOSTILE if step == 1 else REASONED,
             "rewards": {"accuracy_reward": step % 2, "format_reward": 1}, "advantage": 0.5}
            for step in range(1, 41)
        ]  # fmt: skip
        put(folder, f"data/rollouts/{cell}/seed-{seed}", rows)
    page = {
        "lineage": [node],
        "recipe": {"learning_rate": 3e-6, "model_init_kwargs": {"dtype": "float32"}},
        "training_settings": {"seed": 0},
        "seeds": [{"seed": seed, "status": "ok", "steps": 8, "key": "cd" * 32} for seed in SEEDS],
        "curve": {"columns": ["step", "reward", "kl"], "seeds": curve},
        "settings": {"boxed": {name: {"temperature": 0.6} for name in BENCHMARKS}},
        "records": [{"seed": 0, "prompt": "boxed", "benchmark": "math500", "key": "ef" * 32}],
    }
    if not trained:
        page |= {"recipe": None, "training_settings": None, "seeds": [], "curve": None}
    put(folder, f"data/cells/{cell}", info | page | {"collapsed": ends, "rollouts": rollouts})


def context() -> dict[str, Any]:
    """Return what the template is rendered with."""
    link = "#cell=base%2Bsft%2Brl&amp;prompt=boxed&amp;benchmark=math500"
    table = f"<table><thead><tr><th>Method</th><th>MATH500</th></tr></thead><tbody><tr><td>RL</td><td><a href='{link}'>54.0</a></td></tr></tbody></table>"  # noqa: E501
    ends = [{"cell": "base+rl", "label": "Base+RL", "seed": 0, "reason": "NaN", "evidence": []}]
    return {
        "study": {
            "name": "tiny", "note": "A study for tests.", "made": "2026-01-01", "seeds": SEEDS,
            "prompts": ["boxed", "training"], "main_prompt": "boxed", "cells": 4, "trained": 3,
            "hosts": ["host"],
            "benchmarks": [{"name": name, "label": name.upper(), "problems": of[0]}
                           for name, of in BENCHMARKS.items()],
            "versions": {"torch": ["2"]}, "commits": ["0123456789abcdef"],
        },
        "collapsed": ends,
        "labels": {"base+sft+rl": "Base+SFT+RL", "base+sft": "Base+SFT"},
        "missing": [{"what": "a row", "reason": "not evaluated"}],
        "conclusions_html": Markup("<h3>What holds</h3><p>RL helps.</p>"),
        "claims_html": Markup("<p>All claims.</p>"),
        "audit_html": Markup("<p>The audit.</p>"),
        "costs_html": Markup("<p>The costs.</p>"),
        "tables": [{"name": "table2", "title": "Single <i>strategies</i>", "html": Markup(table),
                    "files": ["files/table2.csv"]}],
        "figures": [],
        "others": [
            {"archive": "torn.tar", "refused": "<img src=x onerror='window.hacked = 1'>"},
            {"archive": "run.tar", "refused": None, "compared": True, "sha256": "a" * 64,
             "study": "tiny", "seeds": [2], "engine": "vllm", "device": "<b>GPU</b>",
             "planned": {"same": 3, "other": 1, "not_theirs": 2}, "verdicts": "same 1",
             "judged": {"completions": 9, "lenient": 1, "strict": 0, "timeouts": 0},
             "wrong_verdicts": 1, "evaluations": 4, "table_cells": 4, "commit": "c" * 40,
             "jobs": 9, "current": 8, "versions": {"torch": "2", "trl": "1"},
             "reasons": [{"reason": "recipe.x: 1, here 2", "rules": ["train_sft"], "jobs": 1}],
             "reasons_left_out": 1, "not_of_their_completions": ["cells/base/math500.json"],
             "differ": [{"name": "git_commit", "theirs": "c", "ours": "d"}],
             "numbers": [{"cell": "base", "task": "math500", "theirs": "1.0 [0.0, 2.0]",
                          "ours": "1.0 [0.0, 2.0]", "difference": "+0.0 [-1.0, +1.0]",
                          "verdict": "same"}]},
            {"archive": "other.tar", "refused": None, "compared": False, "sha256": "b" * 64,
             "study": "other", "seeds": [0], "engine": "vllm", "device": "GPU", "evaluations": 1,
             "table_cells": 1, "commit": "unknown", "jobs": 1, "current": 1, "versions": {}},
        ],
        "data_cards": [{"name": "toy", "html": Markup("<h4>Rows</h4>")}],
        "environment": {"host": ["host"], "device": "cpu", "versions": {"torch": "2"}},
        "config_yaml": "study: tiny # <script>window.hacked = 1</script>",
        "assumptions_html": Markup("<p>None.</p>"),
        "comparisons": [
            {"against": "parent", "prompts": "boxed", "cell": "base+sft+rl", "other": "base+sft",
             "benchmark": "math500", "cell_prompt": "boxed", "other_prompt": "boxed",
             "difference": "0.05", "mark": "*"}
        ],
        "sampling": "A sample of the completions is kept.",
        "files": ["files/table2.csv"],
        "size_bytes": 1_000_000,
    }  # fmt: skip


def write(folder: Path) -> Path:
    """Write the report; return its page."""
    templates = Environment(
        loader=FileSystemLoader(PAGES / "templates"), autoescape=True, undefined=StrictUndefined
    )
    folder.mkdir(parents=True)
    page = folder / "index.html"
    page.write_text(templates.get_template("index.html.j2").render(context()), encoding="utf-8")
    shutil.copytree(PAGES / "assets", folder / "assets")
    shutil.copytree(PAGES / "vendor", folder / "assets" / "vendor")
    write_data(folder)
    return page
