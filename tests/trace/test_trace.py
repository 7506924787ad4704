"""A number's chain: complete to the sources, current or not, and made again by its commands."""

import json
import shlex
import sys

import pytest

from scripts import trace
from scripts.lib.files import read_json, write_json
from tests.finished_study import finished_study
from tests.workflow import planned

TRAINED = "qwen2.5-0.5b+kd-lora+rl"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return results/STUDY of the finished study."""
    return finished_study(tmp_path_factory.mktemp("study"))[1]


@pytest.fixture
def traced(monkeypatch, capsys):
    def run(path, *flags):
        monkeypatch.setattr(sys, "argv", ["trace", str(path), *flags])
        trace.main()
        return capsys.readouterr().out

    return run


def entries(traced, path, *flags):
    """Return {record: entry} of a chain."""
    return {entry["record"]: entry for entry in json.loads(traced(path, "--json", *flags))}


def test_the_chain_holds_every_job_down_to_the_sources(results, traced):
    chain = entries(traced, results / "cells" / TRAINED / "gsm8k.json")
    assert {entry["state"] for entry in chain.values()} == {"current"}
    assert [entry["part"] for entry in chain.values()].count("evaluations") == 2
    models = [name for name, entry in chain.items() if entry["part"] == "models"]
    assert sorted(models) == [
        f"models/qwen2.5-0.5b{stages}"
        for stages in (
            "+kd-lora+rl/seed-0/training.json",
            "+kd-lora+rl/seed-1/training.json",
            "+kd-lora/seed-0/training.json",
            "+kd-lora/seed-1/training.json",
            "/model.json",
        )
    ]
    for step in ("examples", "clean", "problems", "raw"):
        assert f"data/gsm8k/{step}.json" in chain
    assert "data/gsm8k-test/problems.json" in chain
    source = chain["data/gsm8k/raw.json"]["source"]
    assert source.startswith("hub: openai/gsm8k at 740312add88f781978c0658806c59bc2815b9866")
    assert chain["models/qwen2.5-0.5b/model.json"]["source"].startswith("hub: Qwen/Qwen2.5-0.5B at")
    for name, entry in chain.items():  # whatever reads no other job's files says where it is from
        assert bool(entry.get("source")) == (not entry.get("made from")), name
        assert entry["key"] == read_json(results / name)["key"]


def test_what_a_job_is_made_from_stands_in_the_chain(results, traced):
    chain = entries(traced, results / "cells" / TRAINED / "gsm8k.json")
    folders = {name.rpartition("/")[0] for name in chain}
    for entry in chain.values():
        assert {path.rpartition("/")[0] for path in entry.get("made from", [])} <= folders


def test_the_text_says_the_number_its_parts_and_the_run(results, traced):
    path = results / "cells" / TRAINED / "training" / "gsm8k.json"
    record = read_json(path)
    text = traced(path)
    low, high = (100 * end for end in record["interval"])
    number = f"{100 * record['accuracy']:.1f}% [{low:.1f}, {high:.1f}]"
    assert text.startswith(f"{TRAINED} on training/gsm8k: {number}\n")
    for expected in (
        "\nIts evaluations:\n\nevaluate, cell qwen2.5-0.5b+kd-lora+rl, seed 0, task training/gsm8k",
        f"\n  eval/{TRAINED}/seed-0/amc23.run.json: current",
        "\n  device       made-up GPU",
    ):
        assert expected in text


def test_an_untrained_model_has_no_evaluation_in_which_a_collapse_is_looked_for(results, traced):
    assert "collapse" not in traced(results / "cells" / "qwen2.5-0.5b" / "gsm8k.json")


def test_the_command_of_an_entry_makes_it_again(results, traced):
    path = results / "cells" / TRAINED / "gsm8k.json"
    chain = entries(traced, path, "--profile", "demo")
    training = f"models/{TRAINED}/seed-1/training.json"
    commands = [
        shlex.split(chain[name]["again"])
        for name in (f"cells/{TRAINED}/gsm8k.record.json", training)
    ]
    assert commands[0][-4:-2] == ["--directory", str(results.parents[1])]
    assert commands[0][-1] == f"results/synthetic/cells/{TRAINED}/gsm8k.json"

    flags = [words[1 : words.index("--directory")] for words in commands]
    targets = [words[words.index("--") :] for words in commands]
    folder = results.parents[1]
    for run in zip(flags, targets, strict=True):
        assert planned(*run[0], *run[1], folder=folder) == {}
    kept = (results / training).read_bytes()
    try:
        (results / training).unlink()
        assert planned(*flags[1], *targets[1], folder=folder) == {"train_grpo": 1}
        assert entries(traced, path)[training]["state"] == "not made"
    finally:
        (results / training).write_bytes(kept)


def test_what_is_not_current_is_said_with_its_reason(results, traced):
    path = results / "cells" / TRAINED / "gsm8k.json"
    record, rows = results / "data/gsm8k/clean.json", results / "data/gsm8k-test/raw.jsonl"
    kept = {file: file.read_bytes() for file in (record, rows)}
    try:
        write_json(record, read_json(record) | {"key": "0" * 64})
        rows.write_bytes(b"{}\n")
        chain = entries(traced, path)
        text = traced(path)
    finally:
        for file, content in kept.items():
            file.write_bytes(content)
    stale = chain["data/gsm8k/clean.json"]
    assert stale["state"].startswith("stale: its settings, its code or its packages")
    assert stale["key"] == "0" * 64 != stale["planned key"]
    changed = "changed: data/gsm8k-test/raw.jsonl is not the file that the record vouches for"
    assert chain["data/gsm8k-test/raw.json"]["state"] == changed
    assert "26 jobs in its chain, 24 of them current" in text
    assert f"\n  data/gsm8k-test/raw.json: {changed}\n" in text


def test_a_mirror_is_named_with_the_digest_of_its_file(tmp_path, traced):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    names = ("gsm8k_train", "gsm8k_test", "gsm8k_distilled", "math500", "minerva_math", "amc23")
    for name in (*names, "olympiadbench"):
        (mirror / f"{name}.jsonl").write_text("{}\n")
    results = finished_study(tmp_path, mirror=str(mirror))[1]
    chain = entries(traced, results / "cells" / "qwen2.5-0.5b" / "gsm8k.json")
    assert chain["data/gsm8k-test/raw.json"]["source"].startswith("mirror: synthetic 3730d312f6e3")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("x.json", "not a table cell; its path is results/STUDY/cells/CELL/BENCHMARK.json"),
        ("cells/qwen2.5-0.5b/gsm8k.record.json", "is not evaluated on 'gsm8k.record'"),
        ("cells/qwen2.5-0.5b", "not a table cell"),
        ("cells/qwen2.5-0.5b+sfd/gsm8k.json", "no cell 'qwen2.5-0.5b+sfd'"),
        ("cells/qwen2.5-0.5b/gsm.json", "did you mean 'gsm8k'?"),
        ("other/cells/qwen2.5-0.5b/gsm8k.json", "no config.json of a study there"),
    ],
)
def test_a_path_that_is_no_table_cell_gets_one_line(path, message, results, traced):
    with pytest.raises(SystemExit) as stopped:
        traced(results / path)
    assert message in str(stopped.value)
    assert "\n" not in str(stopped.value)
