"""LightEval over a tiny random model: what is sampled, recorded, kept and never repeated."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
import torch

from scripts import evaluate as script
from scripts.lib.engines.transformers import TransformersEngine
from scripts.lib.evaluation.completions import SCHEMA, mean_over_problems
from tests.evaluation_case import SETTINGS, TRANSFORMERS, make_model, problems, run
from tests.workflow import ROOT

ENDINGS = (
    "json",
    "parquet",
    "lighteval.json",
)  # what must not differ between two runs; run.json may

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return make_model(tmp_path_factory.mktemp("tiny"), seed=0)


@pytest.fixture
def evaluator(tiny):
    checkpoint = tiny.parent / "checkpoint"
    with script.Evaluator(checkpoint, "toy/seed-0", SETTINGS, TRANSFORMERS) as evaluator:
        yield evaluator


def texts_of(out: Path, name: str) -> list[str]:
    return pq.read_table(out / f"{name}.parquet")["completion"].to_pylist()


def test_two_runs_give_the_same_bytes_and_no_benchmark_depends_on_another(tiny, tmp_path):
    both, alone = tmp_path / "both", tmp_path / "alone"
    first = run(both, tiny, {"gsm8k": 5, "amc23": 3})
    second = run(alone, tiny, {"amc23": 3})
    for ending in ENDINGS:
        name = f"amc23.{ending}"
        assert (first / name).read_bytes() == (second / name).read_bytes()
    run(alone, tiny, {"gsm8k": 5, "amc23": 3})
    for ending in ENDINGS:
        name = f"gsm8k.{ending}"
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_the_settings_sample_and_nothing_of_the_checkpoint_does(tiny, tmp_path):
    out = run(tmp_path, tiny, {"amc23": 4}, num_samples=3)
    table = pq.read_table(out / "amc23.parquet")
    assert table.schema.equals(SCHEMA)
    rows = table.to_pylist()
    assert [(row["problem"], row["sample"]) for row in rows] == [
        (str(problem), sample) for problem in range(4) for sample in range(3)
    ]
    # top_k 1 of the checkpoint would make all three alike, its max_new_tokens would end them at 3
    assert all(len({row["completion"] for row in rows[i : i + 3]}) > 1 for i in (0, 3, 6, 9))
    assert max(row["tokens"] for row in rows) > 3
    for row in rows:
        assert row["tokens"] <= SETTINGS["max_new_tokens"]
        assert row["finish_reason"] == "stop" or row["tokens"] == SETTINGS["max_new_tokens"]
        assert row["prompt"].endswith("<|im_start|>assistant\n")
        assert row["question"] in row["prompt"]
    other = run(tmp_path, tiny, {"amc23": 4}, "other", num_samples=3, seed=1, key="of seed 1")
    assert texts_of(other, "amc23") != texts_of(out, "amc23")
    record = json.loads((out / "amc23.json").read_text())
    assert record["samples"] == 3
    assert record["accuracy"] == mean_over_problems(rows, "correct")
    assert record["lighteval"]["results"]["extractive_match"] == pytest.approx(
        mean_over_problems(rows, "lighteval_correct")
    )
    assert record["lighteval"]["generation_parameters"]["temperature"] == 0.6


def test_an_evaluation_records_what_each_task_and_the_engines_start_used(
    tiny, tmp_path, monkeypatch
):
    laps = iter(float(number) for number in range(1, 9))
    meter = SimpleNamespace(lap=lambda: next(laps))
    monkeypatch.setattr(script, "job_meter", lambda: meter)
    out = run(tmp_path, tiny, {"gsm8k": 3, "amc23": 2})
    runs = [json.loads((out / f"{name}.run.json").read_text()) for name in ("gsm8k", "amc23")]
    assert [run["engine_start_joules"] for run in runs] == [1.0, 1.0]
    assert [run["joules"] for run in runs] == [3.0, 5.0]  # 2 and 4: what was between the tasks
    assert all(run["peak_memory_bytes"] > 10**7 for run in runs)
    computes_with = torch.backends.cpu.get_cpu_capability()
    assert [run["cpu_capability"] for run in runs] == [computes_with] * 2
    assert all(run["processor"] for run in runs)


def test_retrained_weights_at_the_same_path_are_evaluated_anew(tmp_path):
    before = texts_of(run(tmp_path, make_model(tmp_path / "m", 0), {"gsm8k": 4}), "gsm8k")
    after = texts_of(run(tmp_path, make_model(tmp_path / "m", 1), {"gsm8k": 4}), "gsm8k")
    assert before != after
    assert texts_of(run(tmp_path, make_model(tmp_path / "m", 0), {"gsm8k": 4}), "gsm8k") == before
    assert {path.name for path in (tmp_path / "m").iterdir()} == {"checkpoint", "training.json"}


def test_killed_evaluation_keeps_its_finished_benchmarks(tiny, tmp_path, monkeypatch):
    names = {"gsm8k": 3, "amc23": 60}
    whole = run(tmp_path / "whole", tiny, names)
    code = (
        "from pathlib import Path; from tests.evaluation_case import run; "
        f"run(Path({str(tmp_path)!r}), Path({str(tiny)!r}), {names!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    limit = time.monotonic() + 120
    while not (tmp_path / "out" / "gsm8k.json").exists() and time.monotonic() < limit:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "out" / "amc23.json").exists()
    shutil.rmtree(tmp_path / "out")  # Snakemake deletes the outputs before it starts a job again

    asked = []
    evaluate = script.Evaluator.evaluate
    monkeypatch.setattr(
        script.Evaluator,
        "evaluate",
        lambda self, name, *rest: asked.append(name) or evaluate(self, name, *rest),
    )
    again = run(tmp_path, tiny, names)
    assert asked == ["amc23"]
    for name in names:
        for ending in ENDINGS:
            file = f"{name}.{ending}"
            assert (again / file).read_bytes() == (whole / file).read_bytes()
    monkeypatch.setattr(script, "Evaluator", None)  # all are there: no engine starts
    run(tmp_path, tiny, names)


def test_a_killed_benchmark_goes_on_behind_its_last_batch_and_ends_in_the_same_bytes(
    tiny, tmp_path, monkeypatch
):
    whole = run(tmp_path / "whole", tiny, {"amc23": 5})
    generate, batches = TransformersEngine._generate_batch, []

    def killed(self, batch, sampling):
        if len(batches) == 2:
            raise KeyboardInterrupt
        batches.append(len(batch))
        return generate(self, batch, sampling)

    monkeypatch.setattr(TransformersEngine, "_generate_batch", killed)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", tiny, {"amc23": 5})
    batches.clear()
    again = run(tmp_path / "killed", tiny, {"amc23": 5})
    assert batches == [2]  # of ten completions, four of them in a batch
    for ending in ENDINGS:
        assert (again / f"amc23.{ending}").read_bytes() == (whole / f"amc23.{ending}").read_bytes()
    assert not list((tmp_path / "killed" / "store").rglob(".*"))


def test_stop_tokens_are_the_checkpoints_own_and_both_of_qwen(evaluator):
    names = evaluator.model.tokenizer.convert_ids_to_tokens(evaluator.model.stop_ids)
    assert {"<|own_stop|>", "<|im_end|>", "<|endoftext|>"} == set(names)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("config.json", {"architectures": ["Qwen2ForTokenClassification"]}, "is not a causal lang"),
        ("chat_template.jinja", None, "has no chat template"),
    ],
)
def test_a_checkpoint_that_cannot_be_evaluated_is_named(file, change, message, tiny, tmp_path):
    folder = Path(shutil.copytree(tiny.parent / "checkpoint", tmp_path / "checkpoint"))
    if change:
        config = json.loads((folder / file).read_text()) | change
        (folder / file).write_text(json.dumps(config))
    else:
        (folder / file).unlink()
    with pytest.raises(SystemExit, match=message):
        script.Evaluator(folder, "toy/seed-0", SETTINGS, TRANSFORMERS)


def rendered(evaluator, question: str) -> list[int]:
    message = {
        "role": "user",
        "content": SETTINGS["prompt"]["user"].replace("{question}", question),
    }
    return evaluator.model.tokenizer.apply_chat_template(
        [message], add_generation_prompt=True, return_dict=False
    )


def test_prompts_reach_the_model_whole(evaluator, tiny, monkeypatch):
    asked = problems(5)
    longest = max(len(rendered(evaluator, problem["question"])) for problem in asked)
    seen = []
    generate = evaluator.model.engine.model.generate

    def spy(input_ids, attention_mask, generation_config):
        for ids, mask in zip(input_ids.tolist(), attention_mask.tolist(), strict=True):
            seen.append([token for token, used in zip(ids, mask, strict=True) if used])
        return generate(
            input_ids=input_ids,
            attention_mask=attention_mask,
            generation_config=generation_config,
        )

    monkeypatch.setattr(evaluator.model.engine.model, "generate", spy)
    tight = {**SETTINGS, "num_samples": 1, "max_model_length": longest + 1}
    rows = evaluator.evaluate("gsm8k", asked, tight).rows
    assert sorted(seen) == sorted(rendered(evaluator, problem["question"]) for problem in asked)
    for problem, row in zip(asked, rows, strict=True):
        room = longest + 1 - len(rendered(evaluator, problem["question"]))
        assert row["tokens"] <= room  # what is generated gives way, never the prompt

    with pytest.raises(SystemExit, match=r"gsm8k, problem \d: .*max_model_length"):
        evaluator.evaluate("gsm8k", asked, {**tight, "max_model_length": longest})
    with pytest.raises(SystemExit, match="128 positions"):
        script.Evaluator(
            tiny.parent / "checkpoint",
            "toy/seed-0",
            {**SETTINGS, "max_model_length": 129},
            TRANSFORMERS,
        )


def test_the_system_prompt_reaches_the_model(evaluator):
    prompt = {"system": "Think, then write \\boxed{result}.", "user": "{question}"}
    rows = evaluator.evaluate("gsm8k", problems(2), {**SETTINGS, "prompt": prompt}).rows
    assert [row["prompt"] for row in rows[::2]] == [
        f"<|im_start|>system\n{prompt['system']}<|im_end|>\n"
        f"<|im_start|>user\n{problem['question']}<|im_end|>\n<|im_start|>assistant\n"
        for problem in problems(2)
    ]


def test_a_prompt_without_a_chat_is_all_that_the_model_reads(evaluator):
    prompt = {"system": None, "user": "Question: {question}\nAnswer:\n", "chat_template": False}
    rows = evaluator.evaluate("gsm8k", problems(2), {**SETTINGS, "prompt": prompt}).rows
    assert [row["prompt"] for row in rows[::2]] == [
        f"Question: {problem['question']}\nAnswer:\n" for problem in problems(2)
    ]


def test_a_prompt_that_is_added_later_evaluates_itself_alone(tiny, tmp_path, monkeypatch):
    first = run(tmp_path, tiny, {"gsm8k": 3, "amc23": 2})
    before = {path.name: path.read_bytes() for path in first.glob("*.*")}
    evaluated = []
    evaluate = script.Evaluator.evaluate

    def watched(self, benchmark, *arguments):
        evaluated.append(benchmark)
        return evaluate(self, benchmark, *arguments)

    monkeypatch.setattr(script.Evaluator, "evaluate", watched)
    out = run(tmp_path, tiny, {"gsm8k": 3, "amc23": 2, "training/gsm8k": 3})
    assert evaluated == ["training/gsm8k"]
    assert {path.name: path.read_bytes() for path in out.glob("*.*")} == before
    record = json.loads((out / "training" / "gsm8k.json").read_text())
    assert (record["task"], record["benchmark"]) == ("training/gsm8k", "gsm8k")
    assert {path.name for path in (out / "training").iterdir()} == {
        "gsm8k.json",
        "gsm8k.parquet",
        "gsm8k.lighteval.json",
        "gsm8k.run.json",
    }


def test_every_completion_is_recorded_with_its_verdicts_under_its_own_problem(
    evaluator, monkeypatch
):
    tags = "<think>\nAll are eaten.\n</think>\n<answer>\n\\boxed{{{}}}\n</answer>"
    said = {
        ("0", 0): (tags.format(0), "stop", "0", (True, True, True)),
        ("0", 1): ("The answer is 0.", "stop", "0", (True, False, True)),
        ("1", 0): ("It is \\boxed{7}.", "stop", "7", (False, False, False)),
        ("1", 1): ("It is \\boxed{1}. It is", "length", "1", (True, True, True)),
        ("2", 0): (tags.format(2), "stop", "2", (True, True, True)),
        ("2", 1): ("Mia has many", "length", None, (False, False, False)),
    }
    tokenizer = evaluator.model.tokenizer
    stop = tokenizer.convert_tokens_to_ids("<|im_end|>")
    tokens = {
        key: tokenizer.encode(text) + [stop] * (reason == "stop")
        for key, (text, reason, _, _) in said.items()
    }

    def generate(
        requests, sampling
    ):  # LightEval shuffles the problems: they are known by their prompts alone
        asked = [re.search(r"(\d+) plums", tokenizer.decode(r.prompt))[1] for r in requests]
        return [tokens[problem, asked[:n].count(problem)] for n, problem in enumerate(asked)]

    monkeypatch.setattr(evaluator.model.engine, "generate", generate)
    rows, numbers, lighteval, facts = evaluator.evaluate("gsm8k", problems(3), SETTINGS)
    assert lighteval["results"]["gsm8k|0"]["extractive_match"] == numbers["lighteval_accuracy"]
    assert not [name for name in lighteval["config_general"] if "time" in name]
    assert facts["lighteval_times"].keys() >= {"start_time", "end_time"}
    assert [(row["problem"], row["sample"]) for row in rows] == list(said)
    for row in rows:
        key = row["problem"], row["sample"]
        text, reason, extracted, (correct, strict, lighteval) = said[key]
        assert (row["completion"], row["finish_reason"]) == (text, reason)
        assert (row["gold"], row["extracted"]) == (row["problem"], extracted)
        assert (row["correct"], row["strict_correct"]) == (correct, strict)
        assert row["lighteval_correct"] is lighteval
        assert row["tokens"] == len(tokens[key])
    assert numbers["accuracy"] == pytest.approx(4 / 6)
    assert numbers["strict_accuracy"] == pytest.approx(3 / 6)
    assert numbers["lighteval_accuracy"] == pytest.approx(4 / 6)
    assert numbers["cut_off"] == pytest.approx(2 / 6)
    assert numbers["mean_tokens"] == pytest.approx(sum(map(len, tokens.values())) / 6)


def test_a_completion_is_recorded_under_the_prompt_that_it_answers(evaluator, monkeypatch):
    answered = {}
    generate, tokenizer = evaluator.model.engine.generate, evaluator.model.tokenizer

    def spy(requests, sampling):
        lengths = [len(request.prompt) for request in requests]
        assert lengths == sorted(lengths, reverse=True)  # similar lengths side by side
        completions = generate(requests, sampling)
        for request, tokens in zip(requests, completions, strict=True):
            text = tokenizer.decode(tokens, skip_special_tokens=True)
            answered.setdefault(tokenizer.decode(request.prompt), []).append(text)
        return completions

    monkeypatch.setattr(evaluator.model.engine, "generate", spy)
    rows = evaluator.evaluate("gsm8k", problems(7), SETTINGS).rows
    assert len(answered) == 7 and len(rows) == 14
    for row in rows:
        assert row["completion"] in answered[row["prompt"]]
        assert row["question"] in row["prompt"]


def test_lighteval_judges_what_follows_a_thought_that_the_prompt_has_opened():
    from lighteval.models.model_output import ModelResponse

    from scripts.lib.evaluation.metric import without_reasoning

    text = "It may be \\boxed{7}.\n</think>\nSo \\boxed{18}."
    opened = ModelResponse(input="<|im_start|>assistant\n<think>\n", text=[text])
    assert without_reasoning(opened) == ["\nSo \\boxed{18}."]
    unfinished = ModelResponse(input="assistant\n<think>\n", text=["It may be 7"])
    assert without_reasoning(unfinished) == ["<think>\nIt may be 7"]
    plain = ModelResponse(input="assistant\n", text=[text], text_post_processed=["after"])
    assert without_reasoning(plain) == ["after"]  # LightEval has done it


def test_lightevals_verdict_is_averaged_over_any_number_of_samples():
    from lighteval.models.model_output import ModelResponse
    from lighteval.tasks.requests import Doc

    from scripts.lib.evaluation.metric import METRIC, sampled_extractive_match

    right, wrong = r"The result is \boxed{18}.", r"\boxed{20}"
    answers = [[right] * 3 + [wrong] * 7, [right] * 10, [wrong] * 10]
    docs = [Doc(query="", choices=["18"], gold_index=0, specific={}) for _ in answers]
    responses = [ModelResponse(text=texts) for texts in answers]
    means = sampled_extractive_match(10).compute_sample(responses=responses, docs=docs)[METRIC]
    assert means == pytest.approx([0.3, 1.0, 0.0])
    assert docs[0].specific[METRIC] == [True] * 3 + [False] * 7


def test_lighteval_is_stopped_where_it_hangs():
    from scripts.lib.evaluation.metric import judge

    pairs = [("18", "$18$"), ("18", "$9^{9^{9^{9}}}$"), ("1,080", r"\boxed{1080}")]
    assert judge(pairs, limit=2.0) == [True, None, True]


def test_a_completion_whose_judge_is_killed_from_outside_is_judged_again():
    from scripts.lib.evaluation.lighteval_judge import Judge

    one = Judge()
    assert one.verdict(("18", "$18$"))
    one.process.kill()
    one.process.join()
    assert one.verdict(("19", "$19$"))
    one.close()
