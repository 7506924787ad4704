"""What `make demo` must reach, read from its results: run it first, these tests do not."""

import csv
import re

import pytest

from scripts.lib.files import read_json
from scripts.lib.price.measured import logged_seconds
from scripts.lib.price.total import price_of
from scripts.lib.study.config import load_study
from tests.workflow import ROOT, planned

RESULTS = ROOT / "results" / "demo"
BENCHMARKS = ["olympiadbench", "math500", "minerva", "amc23", "gsm8k"]
PROMPTS = ["boxed", "training", "own"]
STAGES = ["", "+kd", "+kd-lora", "+sft", "+sft-lora", "+rl"]
STAGES += ["+kd+rl", "+kd-lora+rl", "+sft+rl", "+sft-lora+rl"]
CELLS = [f"toy-{root}{stages}" for root in ("base", "instruct") for stages in STAGES]


@pytest.fixture(scope="module", autouse=True)
def demo():
    if not (RESULTS / "comparisons.csv").exists():
        pytest.skip(f"no demo in {RESULTS}: run `make demo` first")


def rows_of(file):
    with (RESULTS / file).open() as lines:
        return list(csv.DictReader(lines))


def accuracy(cell, benchmark):
    return read_json(RESULTS / "cells" / cell / f"{benchmark}.json")["accuracy"]


def test_all_table_cells_hold_measured_numbers():
    scores = rows_of("scores.csv")
    prompts = {cell: ["boxed", "training"] for cell in CELLS} | {"toy-teacher": ["boxed"]}
    for root in ("toy-base", "toy-instruct"):
        prompts[root] = ["boxed", "training", "plain"]
    assert [(row["cell"], row["prompt"], row["benchmark"]) for row in scores] == [
        (cell, prompt, benchmark)
        for cell in dict.fromkeys(row["cell"] for row in scores)
        for prompt in prompts[cell]
        for benchmark in BENCHMARKS
    ]
    assert len(scores) == 5 * (20 * 2 + 2 + 1)
    assert all(row["status"] == "ok" and 0 <= float(row["accuracy"]) <= 1 for row in scores)


def test_reinforcement_learning_learns():
    """In accuracy by the lenient verdict, for which the format does not count."""
    direct = [
        row
        for row in rows_of("comparisons.csv")
        if (row["against"], row["prompts"], row["benchmark"]) == ("parent", "boxed", "gsm8k")
        and row["cell"] in ("toy-base+rl", "toy-instruct+rl")
    ]
    assert sorted(row["other"] for row in direct) == ["toy-base", "toy-instruct"]
    assert all(int(row["n"]) >= 300 for row in direct)
    assert any(float(row["difference"]) > 0 and row["mark"] for row in direct)


def test_one_seed_is_marked_as_runs_and_not_as_a_method():
    rows = rows_of("comparisons.csv")
    assert {(row["basis"], row["method_p"]) for row in rows} == {("this run", "")}
    sizes = {(row["against"], row["prompts"]): row["family_size"] for row in rows}
    assert sizes == {
        **{(against, p): "90" for against in ("parent", "root") for p in PROMPTS},
        **{(against, p): "40" for against in ("direct RL", "full") for p in PROMPTS[:2]},
    }


def test_every_comparison_has_a_conclusion_under_all_prompts():
    rows = rows_of("conclusions.csv")
    assert len(rows) == 90 + 90 + 40 + 40
    assert {row["conclusion"] for row in rows} <= {
        "holds",
        "reverses",
        "depends on the prompt",
        "undecided",
    }
    text = (RESULTS / "conclusions.md").read_text()
    # A single stage's parent is its root, too: told is what holds against the parent.
    first: dict[tuple[str, ...], str] = {}
    for row in rows:
        first.setdefault((row["cell"], row["other"], row["benchmark"]), row["conclusion"])
    decided = [name for name, conclusion in first.items() if conclusion != "undecided"]
    assert decided
    told = [line for line in text.splitlines() if " against Toy" in line]
    assert len(told) < len(decided)  # a pair has one sentence per word
    assert sum(len(re.findall(r"[+-][\d.]+ to [+-]", line)) for line in told) == len(decided)


def test_reinforcement_learning_holds_under_every_prompt():
    held = {
        row["cell"]
        for row in rows_of("conclusions.csv")
        if (row["against"], row["benchmark"], row["conclusion"]) == ("parent", "gsm8k", "holds")
        and float(row["lowest"]) > 0
    }
    assert held & {"toy-base+rl", "toy-instruct+rl"}


@pytest.mark.parametrize("root", ["toy-base", "toy-instruct"])
def test_untrained_models_leave_room_on_the_easiest_tier(root):
    assert 0.10 <= accuracy(root, "gsm8k") <= 0.85


@pytest.mark.parametrize("cell", CELLS)
def test_the_tiers_spread(cell):
    row = [accuracy(cell, benchmark) for benchmark in BENCHMARKS]
    assert max(row) > 0
    assert min(row) < 1
    # gsm8k's tier is the easiest, but for what one run can tell.
    intervals = {
        benchmark: read_json(RESULTS / "cells" / cell / f"{benchmark}.json")["interval"]
        for benchmark in BENCHMARKS
    }
    assert max(low for low, _ in intervals.values()) <= intervals["gsm8k"][1]


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_every_tier_tells_cells_from_chance(benchmark):
    cells = [*CELLS, "toy-teacher"]
    records = {cell: read_json(RESULTS / "cells" / cell / f"{benchmark}.json") for cell in cells}
    above = [cell for cell, r in records.items() if r["interval"][0] > r["chance"]["accuracy"]]
    assert "toy-teacher" in above
    assert len(above) >= len(cells) / 2


@pytest.mark.parametrize("root", ["toy-base", "toy-instruct"])
def test_tokens_that_a_root_never_read_are_in_no_target(root):
    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.embeddings import input_embedding, untrained_tokens

    checkpoint = RESULTS / "models" / root / "checkpoint"
    tokenizer, weight = load_tokenizer(checkpoint), input_embedding(checkpoint)
    unread = {tokenizer.decode([t]) for t in untrained_tokens(weight, range(len(weight)))}
    assert {"!", "#", "@", "Q"} <= unread  # in no text of the toy corpus
    assert not unread & {"<|im_start|>", "<|im_end|>", "<think>", " +", " ="}
    for dataset in ("toy-gsm8k", "toy-gsm8k-distilled"):
        counted = read_json(RESULTS / "data" / dataset / "tokens" / f"{root}.json")
        assert counted["untrained_tokens"] == []


def test_every_process_stays_below_3_gb():
    peaks = {}
    for file in (ROOT / "logs" / "demo").rglob("*.tsv"):
        header, *lines = file.read_text().splitlines()
        column = header.split("\t").index("max_rss")
        peaks[str(file.relative_to(ROOT))] = max(float(line.split("\t")[column]) for line in lines)
    assert peaks
    assert max(peaks.values()) < 3 * 1024, peaks


def test_the_plan_predicted_the_demo():
    """By a wide margin: machines differ; `snakemake --profile demo plan` prints the ratio."""
    price = price_of(load_study(RESULTS / "config.json"), ROOT / "results")
    times = {job: logged_seconds(job, ROOT / "logs" / "demo") for job in price.dag}
    not_logged = [job.rule for job, seconds in times.items() if seconds is None]
    assert not_logged == []
    ratio = sum(price.predicted.values()) / sum(times.values())
    assert 1 / 4 < ratio < 4


def test_the_demo_has_nothing_left_to_do():
    assert planned("--profile", "demo", "all", folder=ROOT) == {}
