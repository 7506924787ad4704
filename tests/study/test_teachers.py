"""Traces of own teachers, as the config names them: what is planned, and what is refused."""

import copy
from collections import Counter

import pytest
import yaml
from snakemake.utils import update_config

from scripts.lib.dag.data import make_data_card, raw, select_traces
from scripts.lib.dag.jobs import job
from scripts.lib.dag.targets import targets
from scripts.lib.price.costs import Costs
from scripts.lib.price.total import price_of
from scripts.lib.price.walk import dag_of
from scripts.lib.study.names import most_rows
from scripts.lib.study.validation import validated_study
from scripts.plan import endpoint_lines
from tests.dag.edits import changed, config_of, units
from tests.workflow import planned

R1 = "deepseek-r1-distill-qwen-7b"
MATH = "qwen2.5-math-7b-instruct"
ENDPOINT = {"base_url": "https://host/v1", "model": "r1", "api_key_env": "R1_KEY"}


def config_with(text):
    config = copy.deepcopy(config_of("paper"))
    config["models"]["r1"] = {"label": "R1", "endpoint": copy.deepcopy(ENDPOINT)}
    update_config(config, yaml.safe_load(text))
    return config


def distilled(text):
    """Return the paper's study with these lines in the `distill` of its traces."""
    lines = yaml.safe_load(f"{{{text}}}")
    config = config_with("{}")
    config["datasets"]["gsm8k-distilled"]["distill"] |= lines
    return validated_study(config, [])


def jobs_of(study):
    return Counter(job.rule for job in dag_of(study, targets(study)["all"]))


def test_without_a_teacher_the_published_traces_are_fetched_and_verified_as_they_were():
    study = distilled("num_samples: 4")
    jobs = jobs_of(study)
    assert (jobs["verify_traces"], jobs["select_traces"], jobs["sample_traces"]) == (1, 0, 0)
    assert raw(study, "gsm8k-distilled").rule == "fetch_dataset"
    assert changed(units(config_of("paper")), units(study.config)) == {}


def test_one_line_names_a_teacher_and_nothing_is_fetched_from_the_unpinned_set():
    jobs = jobs_of(distilled(f"teacher: {R1}"))
    assert (jobs["sample_traces"], jobs["select_traces"], jobs["verify_traces"]) == (1, 1, 0)
    assert jobs["fetch_dataset"] == jobs_of(distilled(""))["fetch_dataset"] - 1


def test_each_of_several_teachers_has_a_job_of_its_own_and_one_more_samples_itself_alone():
    two, three = distilled(f"teacher: [{R1}, r1]"), distilled(f"teacher: [{R1}, r1, {MATH}]")
    jobs = jobs_of(two)
    assert (jobs["sample_traces"], jobs["fetch_traces"], jobs["select_traces"]) == (1, 1, 1)
    beyond = changed(units(two.config), units(three.config))
    assert beyond["sample_traces"] == 1
    assert "fetch_traces" not in beyond
    paths = [file.path for file in select_traces(three, dataset="gsm8k-distilled").inputs["traces"]]
    assert paths == [f"data/gsm8k-distilled/{t}/raw.jsonl" for t in (R1, "r1", MATH)]


def test_another_selection_asks_no_teacher_again():
    beyond = changed(
        units(distilled(f"teacher: [{R1}, r1], select: all").config),
        units(distilled(f"teacher: [{R1}, r1], select: shortest").config),
    )
    assert not {"sample_traces", "fetch_traces"} & beyond.keys()
    assert beyond["select_traces"] == 1


def test_what_changes_no_completion_of_an_endpoint_is_in_no_key():
    study = distilled("teacher: r1")
    costly = copy.deepcopy(study.config)
    costly["models"]["r1"]["endpoint"] |= {
        "api_key_env": "OTHER",
        "concurrency": 1,
        "timeout": 5,
        "retries": 0,
        "prices": {"currency": "EUR", "prompt": 1, "completion": 2},
    }
    assert changed(units(study.config), units(costly)) == {}
    for name, value in {"base_url": "https://other/v1", "model": "r2", "request": {"n": 1}}.items():
        other = copy.deepcopy(study.config)
        other["models"]["r1"]["endpoint"][name] = value
        assert changed(units(study.config), units(other))["fetch_traces"] == 1


def test_the_api_keys_variable_is_named_in_the_config_and_its_value_nowhere(monkeypatch):
    monkeypatch.setenv("R1_KEY", "sk-secret")
    fetched = job(distilled("teacher: r1"), "fetch_traces", dataset="gsm8k-distilled")
    assert "sk-secret" not in str(fetched.settings)


def test_a_set_has_as_many_examples_as_its_teachers_and_selection_allow(tmp_path):
    for lines, rows in {
        f"teacher: {R1}": 7473,
        f"teacher: [{R1}, r1], num_samples: 2": 4 * 7473,
        f"teacher: [{R1}, r1], num_samples: 2, select: shortest": 7473,
    }.items():
        study = distilled(lines)
        assert most_rows(study.config, "gsm8k-distilled") == rows
        assert Costs(study, 0.02, tmp_path).rows("gsm8k-distilled") == rows


def test_the_price_of_a_teacher_is_that_of_its_own_traces(tmp_path):
    study = distilled(f"teacher: [{R1}, {MATH}]")
    costs = Costs(study, 0.02, tmp_path)
    one, other = (costs.seconds(raw(study, f"gsm8k-distilled/{t}")) for t in (R1, MATH))
    assert one > other > 60  # a model that thinks at length, and one that does not


def test_the_price_of_an_endpoint_is_reckoned_before_it_is_asked(tmp_path):
    study = distilled("teacher: r1, num_problems: 1000, num_samples: 2")
    study.config["costs"]["tokens"]["completions"]["r1"] = 500
    costs = Costs(study, 0.02, tmp_path)
    asked = raw(study, "gsm8k-distilled")
    assert costs.seconds(asked) == pytest.approx(10 + 2000 * 500 / (8 * 50))
    assert "not priced" in endpoint_lines(price_of(study, tmp_path))[0]
    study.config["models"]["r1"]["endpoint"]["prices"] = {
        "currency": "USD",
        "prompt": 1.0,
        "completion": 2.0,
    }
    (line,) = endpoint_lines(price_of(study, tmp_path))
    assert "2,000 completions, 0.4 million tokens read, 1.0 million written" in line
    assert line.endswith(f"about {2000 * 196e-6 + 2:.2f} USD")


def test_the_data_card_has_who_wrote_what_for_which_prompt():
    settings = make_data_card(distilled(f"teacher: [{R1}, r1]"), dataset="gsm8k-distilled").settings
    assert [t["model"].split(" at ")[0] for t in settings["teachers"]] == [
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
        "r1",
    ]
    assert settings["source"]["teacher"] == f"{R1}, r1"
    assert "boxed" in settings["teachers"][0]["prompt"]["user"]


REFUSED = {
    f"datasets: {{gsm8k-distilled: {{distill: {{teacher: {MATH}, max_new_tokens: 4096}}}}}}": (
        "max_new_tokens: leaves no token for the prompt in the 4096"
    ),
    "datasets: {gsm8k-distilled: {distill: {teacher: qwen}}}": "distill.teacher: unknown model",
    "datasets: {gsm8k-distilled: {distill: {teacher: []}}}": "must not be empty",
    "datasets: {gsm8k-distilled: {distill: {teacher: [r1, r1]}}}": "given twice: r1",
    "datasets: {gsm8k-distilled: {distill: {select: best}}}": "unknown: the text 'best'",
    "roles: {base: r1}": "roles.base: 'r1' is at an endpoint: it can be a teacher",
    "models: {r1: {endpoint: {base_url: 'https://me:secret@host/v1'}}}": "without /chat/comple",
    "models: {r1: {endpoint: {base_url: 'https://host/v1?key=secret'}}}": "without /chat/comple",
    "models: {r1: {endpoint: {api_key: sk-1}}}": "did you mean 'api_key_env'?",
    "models: {r1: {repo: a/b, revision: 060db6499f32faf8b98477b0a26969ef7d8b9987}}": "exactly one",
    "tables: {table1: {sections: [{section: s, rows: [r1]}]}}": "rows[0]: 'r1' is at an endpoint",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_is_refused_before_anything_runs(text):
    with pytest.raises(SystemExit) as refused:
        validated_study(config_with(text), [])
    assert REFUSED[text] in str(refused.value)


@pytest.mark.parametrize("teacher", ["r1", f"[{R1}]"])
def test_several_teachers_or_an_endpoint_need_a_selection(teacher):
    config = config_with("{}")
    distill = config["datasets"]["gsm8k-distilled"]["distill"]
    distill["teacher"] = yaml.safe_load(teacher)
    del distill["select"]
    with pytest.raises(SystemExit, match="need `select`"):
        validated_study(config, [])


def test_a_set_without_a_source_is_refused():
    config = config_with("{}")
    for source in ("hub", "mirror"):
        del config["datasets"]["gsm8k-distilled"][source]
    with pytest.raises(SystemExit, match="names no teacher, and the set has no `hub`"):
        validated_study(config, [])


def test_snakemake_plans_two_teachers_on_the_laptop_as_it_does_one(tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "datasets: {toy-gsm8k-distilled: {distill: {teacher: [toy-teacher, toy-instruct],"
        " select: best-teacher}}}\n"
    )
    jobs = planned("--configfile", "demo/study.yaml", mine, "--", "all", folder=tmp_path)
    assert (jobs["sample_traces"], jobs["select_traces"]) == (2, 1)
    assert "verify_traces" not in jobs
