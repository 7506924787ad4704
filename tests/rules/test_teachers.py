"""Traces from an endpoint through the rules, killed and resumed, selected and carded."""

import json
import os
import signal
import subprocess
import time

import pytest
import yaml

from scripts.lib.files import read_json, read_jsonl
from tests.data.endpoint_server import Answer, Endpoint, completion
from tests.workflow import DEMO, ENVIRONMENT, ROOT, command, snakemake

KEY = "sk-that-is-written-nowhere"
DATA = "results/of-teachers/data/toy-gsm8k-distilled"
EXAMPLES = f"{DATA}/examples.jsonl"
PROBLEMS = 12


def golds(folder):
    """Return {question: gold} of the problems, as they were generated."""
    rows = read_jsonl(folder / "results/of-teachers/data/toy-gsm8k/clean.jsonl")
    return {row["question"]: row["gold"] for row in rows}


@pytest.fixture
def server(tmp_path):
    """Return an endpoint that solves the problems of the study in this folder."""

    def solve(body):
        question = body["messages"][-1]["content"]
        gold = next(gold for asked, gold in golds(tmp_path).items() if asked in question)
        early = len(endpoint.asked) <= 6  # later there is time for a kill
        return Answer(completion(f"It is \\boxed{{{gold}}}."), wait=0.1 if early else 0.5)

    endpoint = Endpoint(solve)
    yield endpoint
    endpoint.close()


def study_file(folder, *servers, **endpoint):
    """Write the config of a toy study whose traces come from these endpoints; return it."""
    names = [f"far-{number}" for number in range(len(servers))]
    models = {
        name: {
            "label": name,
            "license": "mit",
            "endpoint": {"base_url": server.base_url, "model": f"model/{name}"}
            | {"api_key_env": "TEACHER_KEY", "concurrency": 2, "timeout": 30, "retries": 2}
            | {"prices": {"currency": "USD", "prompt": 1.0, "completion": 3.0}}
            | endpoint,
        }
        for name, server in zip(names, servers, strict=True)
    }
    distill = {"num_problems": PROBLEMS, "select": "shortest", "prompt": "boxed"}
    distill |= {"teacher": names if len(names) > 1 else names[0]}
    config = {
        "study": "of-teachers",
        "models": models,
        "datasets": {
            "toy-gsm8k": {"generate": {"rows": 40}},
            "toy-gsm8k-distilled": {"distill": distill},
        },
    }
    file = folder / "mine.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


def run(folder, file, *targets, key=KEY, **environment):
    given = ["--cores", "1", "--configfile", DEMO, file, "--", *targets]
    return snakemake(*given, folder=folder, TEACHER_KEY=key, NO_PROXY="127.0.0.1", **environment)


def log_of(folder):
    return (folder / "logs/of-teachers/fetch_traces/toy-gsm8k-distilled.log").read_text()


def kept_file(folder):
    (file,) = (folder / "downloads" / "traces").glob("model_far-0-*.jsonl")
    return file


def holds(folder, text):
    """Return the files below a folder that hold a text."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if text.encode() in path.read_bytes()]


@pytest.mark.slow
def test_a_killed_job_asks_for_the_rest_alone_and_keeps_what_was_there(server, tmp_path):
    file = study_file(tmp_path, server)
    given = ["--cores", "1", "--configfile", DEMO, file, "--", EXAMPLES]
    process = subprocess.Popen(
        command(*given, folder=tmp_path),
        cwd=ROOT,
        env=ENVIRONMENT | {"TEACHER_KEY": KEY, "NO_PROXY": "127.0.0.1"},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while len(server.asked) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = kept_file(tmp_path).read_bytes()
    there = before[: before.rfind(b"\n") + 1]
    assert 3 <= there.count(b"\n") < PROBLEMS
    time.sleep(0.3)  # those under way are answered to nobody
    asked = len(server.asked)

    snakemake("--unlock", "--configfile", DEMO, file, folder=tmp_path)
    done = run(tmp_path, file, EXAMPLES)
    assert done.returncode == 0, done.stdout + done.stderr + log_of(tmp_path)
    assert kept_file(tmp_path).read_bytes().startswith(there)
    assert len(server.asked) - asked == PROBLEMS - there.count(b"\n")
    assert len(read_jsonl(tmp_path / EXAMPLES)) == PROBLEMS

    # The rows are made of what is kept, whatever became of the outputs: nobody is asked again.
    rows = (tmp_path / DATA / "raw.jsonl").read_bytes()
    (tmp_path / DATA / "raw.json").unlink()
    asked = len(server.asked)
    again = run(tmp_path, file, EXAMPLES, key="")
    assert again.returncode == 0, again.stdout + again.stderr
    assert (tmp_path / DATA / "raw.jsonl").read_bytes() == rows
    assert len(server.asked) == asked
    assert holds(tmp_path, KEY) == []


@pytest.mark.slow
def test_a_bad_server_costs_repeats_and_how_each_answer_ended_is_recorded(server, tmp_path):
    server.answers = [
        Answer(status=429, headers={"Retry-After": "0.01"}),
        Answer(status=500),
        Answer(reset=True),
        Answer(b"<html>"),
        Answer(completion("", usage=None)),
        Answer(completion("It is", "length")),
        Answer(completion(None, refusal="I will not.")),
    ]
    file = study_file(tmp_path, server, concurrency=1, retries=4)
    done = run(tmp_path, file, EXAMPLES)
    assert done.returncode == 0, done.stdout + done.stderr + log_of(tmp_path)
    record = read_json(tmp_path / DATA / "raw.json")
    assert record["counts"] == {"ok": PROBLEMS - 3, "refused": 1, "empty": 1, "cut": 1}
    assert record["tokens"] == {"prompt": 7 * 11, "completion": 5 * 11}
    assert record["uncounted"] == 1
    assert record["cost"]["amount"] == pytest.approx((7 * 11 + 3 * 5 * 11) / 1e6)
    assert record["served"] == ["served-model-1"]
    examples = read_json(tmp_path / DATA / "examples.json")
    assert examples["teachers"]["far-0"] == {
        "traces": PROBLEMS,
        "right": PROBLEMS - 3,
        "selected": PROBLEMS - 3,
    }
    assert len(examples["steps"][0]["removed"]) == 3


@pytest.mark.slow
def test_the_shortest_of_two_teachers_becomes_the_example(server, tmp_path):
    brief = Endpoint()
    try:

        def solve(body):
            question = body["messages"][-1]["content"]
            gold = next(gold for asked, gold in golds(tmp_path).items() if asked in question)
            wrong = gold in ("2", "3", "4", "5", "6", "7")
            return Answer(completion(f"\\boxed{{{'-1' if wrong else gold}}}"))

        brief.usual = solve
        done = run(tmp_path, study_file(tmp_path, server, brief), EXAMPLES)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        brief.close()
    examples = read_jsonl(tmp_path / EXAMPLES)
    record = read_json(tmp_path / DATA / "examples.json")
    right = record["teachers"]["far-1"]["right"]
    assert len(examples) == PROBLEMS
    assert [e["teacher"] for e in examples].count("far-1") == right > 0
    assert record["teachers"]["far-0"] == {
        "traces": PROBLEMS,
        "right": PROBLEMS,
        "selected": PROBLEMS - right,
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"base_url": "http://127.0.0.1:9/v1"}, "it cannot be reached"),
        ({"api_key_env": "NOT_SET_ANYWHERE"}, "variable NOT_SET_ANYWHERE is not set"),
    ],
)
def test_an_endpoint_that_cannot_be_used_ends_the_job_with_one_line(server, tmp_path, change, told):
    done = run(tmp_path, study_file(tmp_path, server, **change), EXAMPLES)
    assert done.returncode == 1
    lines = log_of(tmp_path).splitlines()
    assert told in lines[-1]
    assert "Traceback" not in log_of(tmp_path)
    assert not (tmp_path / DATA / "raw.jsonl").exists()
    assert json.dumps(server.asked) == "[]"
