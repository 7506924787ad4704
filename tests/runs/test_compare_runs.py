"""Packing a run and comparing it: keys, what differed, verdicts, numbers, and forged archives."""

import re
import shutil
import sys

import pyarrow.parquet as pq
import pytest
import yaml

from scripts import compare_runs, pack
from scripts.lib.evaluation.completions import SCHEMA, parquet_bytes
from scripts.lib.files import read_json, sha256_of, write_json
from scripts.lib.runs.bag import unpacked, write_bag
from scripts.lib.runs.numbers import DIFFERS, IDENTICAL, OTHER_PROBLEMS, SAME, compare_numbers
from scripts.lib.runs.side import read_side
from tests.finished_study import finished_study
from tests.workflow import ROOT

TRAINED = "qwen2.5-0.5b+kd-lora+rl"
GSM8K = "eval/qwen2.5-0.5b/seed-1/gsm8k"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the folder of results of a finished study, and its archive."""
    folder = tmp_path_factory.mktemp("ours")
    results = finished_study(folder)[1]
    return results, packed(results, folder / "run.tar")


@pytest.fixture
def theirs(finished, tmp_path):
    """Return a copy of the study's results, to be another run's."""
    return shutil.copytree(finished[0], tmp_path / "theirs" / "synthetic")


def packed(results, archive):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["pack", str(results), "--output", str(archive)])
        pack.main()
    return archive


@pytest.fixture
def compared(monkeypatch, capsys, tmp_path):
    def run(archive, *flags):
        capsys.readouterr()
        monkeypatch.chdir(tmp_path)  # no results/synthetic of ours, unless a flag names them
        monkeypatch.setattr(sys, "argv", ["compare_runs", *map(str, (archive, *flags))])
        compare_runs.main()
        return capsys.readouterr().out

    return run


def edit(path, **fields):
    write_json(path, read_json(path) | fields)


def with_rows(results, evaluation, change):
    """Change the completions of an evaluation, and the digest that vouches for them."""
    path = results / f"{evaluation}.parquet"
    rows = change(pq.read_table(path).to_pylist())
    path.write_bytes(parquet_bytes(rows))
    run = results / f"{evaluation}.run.json"
    edit(run, files=read_json(run)["files"] | {path.name: sha256_of(path)})
    for cell in (results / "cells").glob("*/**/*.record.json"):
        name = path.relative_to(results).as_posix()
        inputs = read_json(cell)["inputs"]
        if name in inputs:
            edit(cell, inputs=inputs | {name: sha256_of(path)})


def test_two_packs_of_one_run_are_the_same_bytes_without_weights_and_rows(finished, tmp_path):
    results, archive = finished
    again = packed(results, tmp_path / "again.tar")
    assert again.read_bytes() == archive.read_bytes()
    with unpacked(archive, 10**9) as payload:
        files = {path.relative_to(payload).as_posix() for path in payload.rglob("*.*")}
    assert "results/synthetic/config.json" in files
    assert f"results/synthetic/{GSM8K}.parquet" in files
    assert f"results/synthetic/models/{TRAINED}/seed-0/training.json" in files
    assert "envs/gpu.lock" in files
    assert "results/synthetic/data/gsm8k/clean.json" in files
    assert not [name for name in files if name.endswith(("safetensors", "clean.jsonl"))]


def test_a_file_that_was_changed_by_hand_is_not_packed(theirs, tmp_path):
    (theirs / "cells/qwen2.5-0.5b/gsm8k.json").write_text("{}")
    with pytest.raises(SystemExit, match="not the file that .*record.json vouches for"):
        packed(theirs, tmp_path / "run.tar")
    assert not (tmp_path / "run.tar").exists()


def test_a_run_is_identical_to_itself(finished, compared):
    results, archive = finished
    text = compared(archive, "--ours", results)
    assert "10 table cells: identical 10\n" in text
    assert "72 jobs have the same key, 0 another; 0 are theirs alone, 0 ours alone" in text
    assert "engines, devices and versions are the same" in text
    assert "engine vllm, device made-up GPU" in text
    assert "are not those of their completions" not in text


def test_the_graders_own_verdicts_do_not_differ(theirs, compared, tmp_path):
    """Of completions that the grader judged, none is judged otherwise; of a forged verdict, one."""

    def judged(rows):
        made = [{**row, "completion": f"\\boxed{{{row['gold']}}}", "correct": True} for row in rows]
        return [{**r, "strict_correct": True, "status": "ok", "strict_status": "ok"} for r in made]

    def forged(rows):
        return [{**rows[0], "completion": "\\boxed{12345}"}, *rows[1:]]

    for path in sorted(theirs.glob("eval/**/*.parquet")):
        name = path.relative_to(theirs).with_suffix("").as_posix()
        with_rows(theirs, name, judged)
    text = compared(packed(theirs, tmp_path / "run.tar"))
    assert "2,720 completions judged again: 0 verdicts differ, of the strict ones 0" in text
    assert "numbers are not those of their completions" in text  # the accuracies are as before
    with_rows(theirs, GSM8K, forged)
    text = compared(packed(theirs, tmp_path / "run.tar"))
    assert "2,720 completions judged again: 1 verdicts differ, of the strict ones 1" in text
    assert "qwen2.5-0.5b, seed 1, gsm8k: 1 of 16, strict 1; accuracy 100.0, by this" in text
    text = compared(tmp_path / "run.tar", "--completions", "4")
    assert "80 completions judged again: 1 verdicts differ" in text


def test_other_settings_and_seeds_are_named_where_they_are(finished, tmp_path, compared):
    recipes = yaml.safe_load((ROOT / "config.yaml").read_text())["recipes"]
    recipes["grpo"]["learning_rate"] = 1e-5
    results = finished_study(tmp_path / "b", recipes=recipes, seeds=[1, 2])[1]
    text = compared(packed(results, tmp_path / "b.tar"), "--ours", finished[0])
    assert (
        f"train_grpo, 1 jobs, models/{TRAINED}/seed-1/training.json: recipe.learning_rate: "
        "1e-05, here 1e-06" in text
    )
    assert "the configs differ in 2 values, theirs first:" in text
    assert "  seeds: [1, 2], here [0, 1]" in text
    assert "table cells: same 10" in text
    assert "\n  evaluate, " not in text  # these differ by the model that they read
    assert "jobs differ by what they read alone" in text


def test_code_packages_and_versions_are_named(finished, theirs, compared, tmp_path):
    results, archive = finished
    for run in theirs.glob("eval/**/*.run.json"):
        edit(run, device="another GPU", cpu_capability="AVX2", versions={"torch": "2.0"})
    packed(theirs, archive_of := tmp_path / "run.tar")
    with unpacked(archive_of, 10**9) as payload:
        plan = read_json(payload / "plan.json")
        plan["rules"]["train_sft"]["code"] = "other"
        plan["rules"]["evaluate"]["environment"] = "other"
        for job in plan["jobs"].values():
            if job["rule"] in ("train_sft", "evaluate"):
                job["key"] = "0" * 64
        write_json(payload / "plan.json", plan)
        study = payload / "envs" / "study.yaml"
        study.write_text(study.read_text().replace("- torch==", "- torch==1."))
        files = {p.relative_to(payload).as_posix(): p for p in payload.rglob("*") if p.is_file()}
        write_bag(archive_of, "run", files, {})
    text = compared(archive_of, "--ours", results)
    assert f"train_sft, 2 jobs, models/{TRAINED[:-3]}/seed-0/training.json: its code" in text
    assert re.search(r"\n  evaluate, 20 jobs, eval/\S+\.run\.json: its pinned packages\n", text)
    rows = [re.split(r"  +", line) for line in text.splitlines()]
    assert ["device", "another GPU, made-up GPU", "made-up GPU"] in rows
    assert ["cpu_capability", "AVX2", "-"] in rows
    assert ["torch", "2.0", "-"] in rows
    assert "envs/study.yaml pins 1 packages otherwise:\n  torch 1." in text
    assert "\n50 of its 72 jobs" not in text


def test_a_number_that_lies_outside_differs(finished, theirs):
    """The verdict follows the interval of the difference, or equal completions."""
    edit(theirs / f"{GSM8K}.run.json", files={"gsm8k.parquet": "another"})
    there, here = read_side(theirs), read_side(finished[0])
    cell = ("qwen2.5-0.5b", "gsm8k")
    for accuracies, verdict in (((0.5, 0.56), SAME), ((0.5, 0.6), DIFFERS)):
        for side, accuracy in zip((there, here), accuracies, strict=True):
            ends = [accuracy - 0.05, accuracy + 0.05]  # of the difference: 0.071 to each side
            side.cells[cell] |= {"accuracy": accuracy, "same_problems_interval": ends}
        found = {of.cell: of for of in compare_numbers(there, here)}
        assert found[cell].verdict == verdict
        assert found[cell].interval == pytest.approx(
            (accuracies[0] - accuracies[1] - 0.0707, accuracies[0] - accuracies[1] + 0.0707),
            abs=1e-4,
        )
        assert {of.verdict for name, of in found.items() if name != cell} == {IDENTICAL}


def test_the_intervals_of_one_seed_hold_the_spread_of_problems(finished):
    there, here = (read_side(finished[0]) for _ in range(2))
    cell = ("qwen2.5-0.5b", "gsm8k")
    there.cells[cell]["same_problems_interval"] = None
    found = {of.cell: of.interval for of in compare_numbers(there, here)}
    low, high = here.cells[cell]["interval"]
    accuracy = here.cells[cell]["accuracy"]
    half = ((accuracy - low) ** 2 + (high - accuracy) ** 2) ** 0.5
    assert found[cell] == pytest.approx((-half, half))


def test_numbers_on_other_problems_are_not_compared(finished, theirs):
    for seed in (0, 1):
        run = theirs / f"eval/qwen2.5-0.5b/seed-{seed}/gsm8k.run.json"
        inputs = dict.fromkeys(read_json(run)["inputs"], "other")
        edit(run, inputs=inputs)
    verdicts = {of.cell: of for of in compare_numbers(read_side(theirs), read_side(finished[0]))}
    found = verdicts["qwen2.5-0.5b", "gsm8k"]
    assert (found.verdict, found.difference) == (OTHER_PROBLEMS, None)


def test_without_results_of_ours_its_own_config_is_planned(finished, compared):
    text = compared(finished[1])
    assert "with its own config, as we have no results of it:\n72 jobs have the same key" in text
    assert "Numbers (results/synthetic is not here)" in text
    assert "10 table cells: not here 10" in text
    assert "1 of 2 printed numbers lie in the interval of theirs, by LightEval" in text
    assert "note of the study: Synthetic" in text


def test_a_config_that_this_checkout_does_not_take_is_said(theirs, compared, tmp_path):
    archive = packed(theirs, tmp_path / "run.tar")
    with unpacked(archive, 10**9) as payload:
        edit(payload / "results/synthetic/config.json", no_such_key=1)
        files = {p.relative_to(payload).as_posix(): p for p in payload.rglob("*") if p.is_file()}
        write_bag(archive, "run", files, {})
    text = compared(archive)
    assert "not compared: this checkout does not take its config: " in text
    assert "no_such_key" in text


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("plan.json", b"[]", "not those of a study's run"),
        ("plan.json", b'{"jobs": {"../x": {}}, "rules": {}}', "not those of a study's run"),
        ("plan.json", b"[" * 100_000, "not those of a study's run"),
        ("plan.json", b"\xff", "not a JSON file"),
        (f"results/synthetic/{GSM8K}.json", b"{}", "KeyError"),
        (f"results/synthetic/{GSM8K}.parquet", b"PAR1", "not those of a study's run"),
        ("results/synthetic/cells/qwen2.5-0.5b/gsm8k.json", b"[1]", "not those of a study's run"),
        ("results/other/config.json", b"{}", "not those of a study's run"),
    ],
)
def test_a_forged_file_gets_one_line(file, content, why, finished, compared, tmp_path):
    forged = tmp_path / "forged.tar"
    with unpacked(finished[1], 10**9) as payload:
        files = {p.relative_to(payload).as_posix(): p for p in payload.rglob("*") if p.is_file()}
        write_bag(forged, "run", {**files, file: content}, {})
    with pytest.raises(SystemExit) as stopped:
        compared(forged)
    assert why in str(stopped.value)
    assert "\n" not in str(stopped.value)


def test_completions_that_unfold_beyond_their_record_are_refused(theirs, compared, tmp_path):
    with_rows(theirs, GSM8K, lambda rows: rows * 2)
    with pytest.raises(SystemExit, match="gsm8k.parquet has 32 rows, not 16"):
        compared(packed(theirs, tmp_path / "run.tar"))
    with_rows(theirs, GSM8K, lambda rows: rows[:16])
    table = pq.read_table(theirs / f"{GSM8K}.parquet").drop_columns("gold")
    pq.write_table(table, theirs / f"{GSM8K}.parquet")
    with_rows_digest(theirs)
    with pytest.raises(SystemExit, match="has other columns"):
        compared(packed(theirs, tmp_path / "run.tar"))
    assert len(SCHEMA.names) == len(table.column_names) + 1


def with_rows_digest(results):
    path = results / f"{GSM8K}.parquet"
    run = results / f"{GSM8K}.run.json"
    edit(run, files=read_json(run)["files"] | {path.name: sha256_of(path)})


def test_what_a_model_wrote_does_nothing_to_the_terminal(finished, compared, tmp_path):
    hostile = tmp_path / "hostile.tar"
    with unpacked(finished[1], 10**9) as payload:
        plan = read_json(payload / "plan.json")
        write_json(payload / "plan.json", plan | {"commit": "\x1b[2Jgone"})
        files = {p.relative_to(payload).as_posix(): p for p in payload.rglob("*") if p.is_file()}
        write_bag(hostile, "run", files, {})
    text = compared(hostile)
    assert "\x1b" not in text
    assert "<U+001B>[2Jgone" in text
