"""A job's key changes when, and only when, something that can change its result changed."""

import copy
import subprocess
import sys

import pytest
import yaml

from scripts.lib.dag import code, environment, rules
from scripts.lib.dag.jobs import job
from scripts.lib.study.validation import validated_study
from tests.workflow import ROOT

PAPER = yaml.safe_load((ROOT / "config.yaml").read_text())
CELL = "qwen2.5-0.5b+kd+rl"


def study_with(change=lambda config: None):
    config = copy.deepcopy(PAPER)
    change(config)
    return validated_study(config, [])


def key(rule, change=lambda config: None, **wildcards):
    return job(study_with(change), rule, **wildcards).key


def test_a_key_is_the_same_in_two_plans():
    assert key("train_grpo", cell=CELL, seed=0) == key("train_grpo", cell=CELL, seed="0")


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["recipes"]["grpo"].update(learning_rate=2.0e-6),
        lambda c: c["recipes"]["sft"].update(learning_rate=2.0e-6),  # its parent's recipe
        lambda c: c["models"]["qwen2.5-0.5b"].update(revision="0" * 40),
        lambda c: c["datasets"]["gsm8k"]["hub"].update(revision="0" * 40),
        lambda c: c["prompts"]["training"].update(user="Q: {question}"),
        lambda c: c["rewards"].update(format=0.5),
    ],
)
def test_what_can_change_a_training_changes_its_key(change):
    assert key("train_grpo", change, cell=CELL, seed=0) != key("train_grpo", cell=CELL, seed=0)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["recipes"]["sft-lora"].update(learning_rate=1.0),
        lambda c: c["evaluation"].update(temperature=0.7),
        lambda c: c["benchmarks"]["amc23"].update(num_samples=8),
        lambda c: c["models"]["qwen2.5-0.5b-instruct"].update(revision="0" * 40),
        lambda c: c.update(seeds=[0], evaluate=["gsm8k"], tabulate=["table3"]),
        lambda c: c["tables"]["table2"].update(caption="Another."),
        lambda c: c["prompts"]["boxed"].update(user="Q: {question}"),
    ],
)
def test_what_cannot_change_a_training_leaves_its_key(change):
    assert key("train_grpo", change, cell=CELL, seed=0) == key("train_grpo", cell=CELL, seed=0)


def test_seeds_and_cells_have_keys_of_their_own():
    keys = {key("train_grpo", cell=CELL, seed=seed) for seed in (0, 1)}
    keys.add(key("train_grpo", cell="qwen2.5-0.5b+rl", seed=0))
    assert len(keys) == 3


def test_one_benchmarks_samples_change_no_other_benchmarks_evaluation():
    def keys(rule, change=lambda config: None, **named):
        parts = job(study_with(change), rule, **named).parts
        return {name: part.key for name, part in parts.items()}

    def changed(rule, **named):
        after = keys(rule, lambda c: c["benchmarks"]["amc23"].update(num_samples=8), **named)
        return {name for name, key in keys(rule, **named).items() if after[name] != key}

    assert changed("evaluate", cell=CELL, seed=0) == {"amc23", "training/amc23"}
    untrained = {"amc23", "training/amc23", "plain/amc23"}
    assert changed("score_cell", cell="qwen2.5-0.5b") == untrained
    assert len(changed("score_cell", cell=CELL)) == 10  # a collapse is marked by all benchmarks


def test_the_graders_rules_are_those_of_the_data_set_whatever_its_benchmark_is_called():
    def change(config):
        config["benchmarks"]["physics"] = config["benchmarks"].pop("olympiadbench")
        config["evaluate"] = ["physics", "gsm8k"]
        config["datasets"]["olympiads"] = config["datasets"]["gsm8k"] | {"rules": ["tolerance"]}
        config["stages"]["rl"]["data"] = "olympiads"
        config["stages"]["rl"]["override"] = {"global_batch_size": 64}

    study = study_with(change)
    for benchmark, named in {"physics": "number-lists tolerance", "gsm8k": "glued-units"}.items():
        settings = job(study, "evaluate", cell=CELL, seed=0, task=benchmark).settings
        assert settings["grader"] == {"timeout": 5.0, "rules": named}
    trained = job(study, "train_grpo", cell=CELL, seed=0).settings
    assert trained["grader"]["rules"] == "tolerance"
    traces = job(study, "verify_traces", dataset="gsm8k-distilled").settings
    assert traces["grader"]["rules"] == "glued-units"


def test_what_a_mapping_says_reruns_what_reads_it_alone():
    def columns(config):
        config["schemas"]["gsm8k"]["columns"]["question"] = ["question", "problem"]

    def rules(config):
        config["schemas"]["gsm8k"]["rules"] = []

    def changed(rule, change, **wildcards):
        return key(rule, change, **wildcards) != key(rule, **wildcards)

    assert not changed("fetch_dataset", columns, dataset="gsm8k")
    assert changed("load_problems", columns, dataset="gsm8k")
    assert not changed("load_problems", columns, dataset="math500")
    assert not changed("make_examples", rules, dataset="gsm8k")
    assert changed("train_grpo", rules, cell="qwen2.5-0.5b+rl", seed=0)
    assert not changed("train_sft", rules, cell="qwen2.5-0.5b+sft", seed=0)


def test_a_table_follows_its_cells():
    assert key("make_table", table="table2") != key(
        "make_table", lambda c: c["recipes"]["grpo"].update(beta=0.0), table="table2"
    )


def digest_of(source, tmp_path, monkeypatch):
    """Return the fingerprint of a script with this source and one imported module."""
    (tmp_path / "scripts" / "lib").mkdir(parents=True, exist_ok=True)
    for name, text in source.items():
        (tmp_path / "scripts" / name).write_text(text)
    monkeypatch.setattr(code, "ROOT", tmp_path)
    for cached in (code.code_fingerprint, code._module):
        cached.cache_clear()
    digest = code.code_fingerprint("scripts.one")
    for cached in (code.code_fingerprint, code._module):
        cached.cache_clear()
    return digest


SOURCE = {
    "one.py": "from scripts.lib.two import f\nRESULT = f(1)\n",
    "lib/two.py": "def f(x):\n    return x\n",
}


def test_comments_docstrings_and_format_leave_the_fingerprint(tmp_path, monkeypatch):
    before = digest_of(SOURCE, tmp_path, monkeypatch)
    same = {
        "one.py": '"""What it is."""\nfrom scripts.lib.two import f\n\n\nRESULT = f( 1 )  # why\n',
        "lib/two.py": 'def f(x):\n    """Return x."""\n    return x\n',
    }
    assert digest_of(same, tmp_path, monkeypatch) == before


def test_code_of_an_imported_module_changes_the_fingerprint(tmp_path, monkeypatch):
    before = digest_of(SOURCE, tmp_path, monkeypatch)
    other = SOURCE | {"lib/two.py": "def f(x):\n    return -x\n"}
    assert digest_of(other, tmp_path, monkeypatch) != before


def test_an_import_inside_a_function_counts(tmp_path, monkeypatch):
    late = {"one.py": "def g():\n    from scripts.lib import two\n    return two.f(1)\n"}
    before = digest_of(SOURCE | late, tmp_path, monkeypatch)
    other = late | {"lib/two.py": "def f(x):\n    return -x\n"}
    assert digest_of(other, tmp_path, monkeypatch) != before


def test_a_module_that_is_run_by_name_counts(tmp_path, monkeypatch):
    named = {"one.py": "COMMAND = ['python', '-m', 'scripts.lib.two']\n"}
    before = digest_of(SOURCE | named, tmp_path, monkeypatch)
    other = named | {"lib/two.py": "def f(x):\n    return -x\n"}
    assert digest_of(other, tmp_path, monkeypatch) != before


def test_an_environment_counts_by_its_pins(tmp_path, monkeypatch):
    (tmp_path / "envs").mkdir()
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    digests = []
    for version, digest in (("2.13.0", "aa"), ("2.13.0", "bb"), ("2.14.0", "aa")):
        pin = f"# {digest}\n      - torch=={version}\n        --hash=sha256:{digest}\n"
        (tmp_path / "envs" / "one.yaml").write_text(pin)
        environment.pins.cache_clear()
        environment.environment_fingerprint.cache_clear()
        digests.append(environment.environment_fingerprint("one"))
    environment.pins.cache_clear()
    environment.environment_fingerprint.cache_clear()
    assert digests[0] == digests[1] != digests[2]


def test_a_rule_without_an_entry_is_named():
    assert rules.environment_of("score_cell") == "data"
    assert rules.command_of("score_cell").startswith("exec python -m scripts.score_cell")
    with pytest.raises(SystemExit, match="no rule three"):
        rules.environment_of("three")


def test_what_a_collapse_is_marked_by_stands_in_no_trainings_key():
    def change(config):
        config["collapse"]["kl"] = 7.0

    for rule, cell in (("train_grpo", CELL), ("evaluate", CELL)):
        named = {"cell": cell, "seed": 0}
        assert key(rule, change, **named) == key(rule, **named)
    assert key("score_cell", change, cell=CELL) != key("score_cell", cell=CELL)
    untrained = "qwen2.5-0.5b"
    assert key("score_cell", change, cell=untrained) == key("score_cell", cell=untrained)


def test_rollouts_are_read_where_the_last_stage_has_some():
    sft, rl, untrained = (
        job(study_with(), "score_cell", cell=cell, task="gsm8k")
        for cell in ("qwen2.5-0.5b+sft", "qwen2.5-0.5b+sft+rl", "qwen2.5-0.5b")
    )
    paths = [file.path for file in rl.inputs["rollouts"]]
    folder = "models/qwen2.5-0.5b+sft+rl"
    assert paths == [f"{folder}/seed-{seed}/rollouts.jsonl" for seed in (0, 1, 2)]
    assert not {"rollouts"} & (sft.inputs.keys() | untrained.inputs.keys())


def test_the_content_of_an_unpinned_mirror_file_counts(tmp_path):
    file = tmp_path / "gsm8k_distilled.jsonl"
    keys = []
    for text in ("{}\n", "{}\n{}\n"):
        file.write_text(text)
        change = lambda config: config.update(mirror=str(tmp_path))  # noqa: E731
        keys.append(key("fetch_dataset", change, dataset="gsm8k-distilled"))
    assert keys[0] != keys[1]


def evaluation_settings(cell, change=lambda config: None):
    return job(study_with(change), "evaluate", cell=cell, seed=0, task="gsm8k").settings


def test_a_model_of_short_context_is_evaluated_within_it():
    assert evaluation_settings("qwen2.5-math-7b-instruct")["max_model_length"] == 4096
    assert evaluation_settings("qwen2.5-7b-instruct")["max_model_length"] == 32768


def test_the_two_rows_of_qwen3_differ_in_their_chat_template_alone():
    thinking, plain = (evaluation_settings(name) for name in ("qwen3-0.6b-thinking", "qwen3-0.6b"))
    assert thinking["chat_template_kwargs"] == {"enable_thinking": True}
    differing = {name for name in thinking if thinking[name] != plain[name]}
    assert differing == {"chat_template_kwargs"}


@pytest.mark.parametrize("name", ["parameters", "cache_bytes_per_token"])
def test_what_plan_and_memory_check_read_reruns_nothing(name):
    def change(config):
        config["models"]["qwen2.5-0.5b"][name] = 1

    assert key("evaluate", change, cell=CELL, seed=0) == key("evaluate", cell=CELL, seed=0)


@pytest.mark.parametrize(
    "files",
    [
        {
            "one.py": "try:\n    from scripts.lib.two import f\n"
            "except ImportError:\n    from scripts.lib.three import f\nRESULT = f(1)\n",
            "lib/three.py": "def f(x):\n    return 0\n",
        },
        {"one.py": "import scripts.lib.two\nRESULT = scripts.lib.two.f(1)\n"},
        {"one.py": "from scripts.lib.two import *\nRESULT = f(1)\n"},
        {"one.py": "from scripts.lib.two import f as g\ng = print and g\nRESULT = g(1)\n"},
        {
            "one.py": "from scripts.lib.two import f\nclass C:\n"
            "    def a(self):\n        return f(1)\n"
            "    def b(self):\n        from scripts.lib.three import f\n        return f(2)\n"
            "RESULT = C()\n",
            "lib/three.py": "def f(x):\n    return 0\n",
        },
    ],
)
def test_however_a_definition_is_imported_it_counts(files, tmp_path, monkeypatch):
    before = digest_of(SOURCE | files, tmp_path, monkeypatch)
    other = SOURCE | files | {"lib/two.py": "def f(x):\n    return -x\n"}
    assert digest_of(other, tmp_path, monkeypatch) != before


def test_what_is_printed_into_a_file_counts(tmp_path, monkeypatch):
    digests = []
    for text in ("a", "b"):
        writes = f"with open('f', 'w') as f:\n    print('{text}', file=f)\n"
        digests.append(digest_of(SOURCE | {"one.py": writes}, tmp_path, monkeypatch))
    assert digests[0] != digests[1]


def test_every_job_is_planned_without_a_large_library():
    """Each job and each dry run imports this; NumPy and SciPy alone would take 0.6 s of each."""
    code = "import sys, scripts.lib.dag; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    large = {"numpy", "scipy", "pandas", "pyarrow", "matplotlib", "torch", "pyparsing"}
    assert not large & {*run.stdout.split()}
