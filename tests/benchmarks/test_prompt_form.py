"""The benchmark of prompts counts what the grader says."""

import subprocess
import sys
from argparse import Namespace

import pytest

from benchmarks.prompt_form import SHARES, ask, judged, read_prompts, shares
from scripts.lib.data.prompts import messages
from scripts.lib.files import read_json, write_jsonl
from scripts.lib.grading.grader import Grader
from scripts.lib.model.chat_template import load_tokenizer
from tests.training_case import tiny_model
from tests.workflow import ROOT, planned

PROMPTS = ROOT / "benchmarks" / "prompts.yaml"
PROBLEMS = [
    {"question": "What is 2 + 1?", "answer": "2 + 1 = 3\n#### 3"},
    {"question": "What is 2 + 2?", "answer": "2 + 2 = 4\n#### 4"},
]


@pytest.fixture(scope="module")
def grader():
    with Grader() as started:
        yield started


@pytest.mark.parametrize(
    ("text", "true"),
    [
        (
            "<think>2 + 1</think><answer>\\boxed{3}</answer>",
            {"in_format", "readable", "right", "strict_right", "boxed"},
        ),
        ("<think>2 + 1</think><answer>4</answer>", {"in_format", "readable"}),
        ("It is 3.", {"readable", "right"}),
        ("So it is \\boxed{3}.", {"readable", "right", "strict_right", "boxed"}),
        ("<think>I wonder", set()),
    ],
)
def test_a_completion_is_judged_as_by_the_rewards(text, true, grader):
    row = judged("gsm8k", "3", text, False, grader)
    assert {name for name in SHARES if row[name]} == true


def test_a_share_has_wilsons_interval():
    rows = [dict.fromkeys(SHARES, number < 5) for number in range(20)]
    found = shares(rows)["in_format"]
    assert found["count"] == 5 and found["share"] == 0.25
    assert found["low"] == pytest.approx(0.1119, abs=1e-4)
    assert found["high"] == pytest.approx(0.4687, abs=1e-4)


def test_a_name_that_is_no_wording_is_an_error():
    with pytest.raises(SystemExit, match=r"--only: .*prompts\.yaml has no other, only "):
        read_prompts(PROMPTS, ["other"])


@pytest.mark.parametrize("name", read_prompts(PROMPTS, None))
def test_every_wording_asks_the_question_and_names_both_tags(name):
    asked = messages(read_prompts(PROMPTS, [name])[name], "What is 2 + 1?")
    text = "\n".join(message["content"] for message in asked)
    assert text.count("What is 2 + 1?") == 1 and "{question}" not in text
    assert all(tag in text for tag in ("<think>", "</think>", "<answer>", "</answer>"))


class Echo:
    """An engine that answers with the prompt; a second wording's answers end with a stop token."""

    def generate(self, requests, sampling):
        stop = sampling.stop_ids[0]
        ids = [
            [token for token in request.prompt if token not in sampling.stop_ids]
            for request in requests
        ]
        return [tokens + [stop] * (number % 2) for number, tokens in enumerate(ids)]


def test_an_answer_is_of_its_wording_and_problem(tmp_path):
    tiny_model(tmp_path)
    prompts = [{"system": None, "user": f"{name} {{question}}"} for name in ("one", "two")]
    problems = [{"question": question} for question in ("2 + 1?", "2 + 2?", "2 + 3?")]
    args = Namespace(model=tmp_path / "checkpoint", max_new_tokens=9, temperature=0.0, top_p=1.0)
    tokenizer = load_tokenizer(args.model)
    for name, rows in zip(
        ("one", "two"), ask(Echo(), tokenizer, prompts, problems, args), strict=True
    ):
        assert [row["cut_off"] for row in rows] == [name == "one"] * 3
        for problem, row in zip(problems, rows, strict=True):
            assert f"{name} {problem['question']}" in row["completion"]


@pytest.mark.slow
def test_a_finished_wording_is_kept_and_other_settings_are_refused(tmp_path):
    tiny_model(tmp_path)
    write_jsonl(tmp_path / "problems.jsonl", PROBLEMS)
    output = tmp_path / "out.json"
    program = [sys.executable, "-m", "benchmarks.prompt_form", "--prompts", PROMPTS]
    command = [*program, "--model", tmp_path / "checkpoint", "--output", output]
    command += ["--problems", tmp_path / "problems.jsonl", "--max-new-tokens"]
    subprocess.run([*command, "4", "--only", "form-system"], cwd=ROOT, check=True)
    first = read_json(output)["cases"]["form-system"]
    assert first["problems"] == 2 and first["shares"]["in_format"]["count"] == 0
    subprocess.run([*command, "4", "--only", "form-system", "form-user"], cwd=ROOT, check=True)
    cases = read_json(output)["cases"]
    assert list(cases) == ["form-system", "form-user"] and cases["form-system"] == first
    refused = subprocess.run([*command, "5"], cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode == 1
    assert f"{output}: measured with another max_new_tokens" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_study_of_a_real_root_is_one_training_of_a_folders_model(tmp_path):
    model = tiny_model(tmp_path / "model").parent / "checkpoint"
    (tmp_path / "real-root").symlink_to(model)
    layers = [ROOT / "config.yaml", ROOT / "benchmarks" / "real_root.yaml"]
    target = "results/real-root/models/real-root+rl/seed-0/training.json"
    jobs = planned("--configfile", *layers, "--", target, folder=tmp_path)
    assert jobs["train_grpo"] == 1 and jobs.keys().isdisjoint({"train_sft", "evaluate"})
