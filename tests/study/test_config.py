"""Every mistake in a config is named with its file, line and key, before a DAG is built."""

import copy
from pathlib import Path

import pytest
import yaml

from scripts.lib.study.validation import validated_study
from tests.workflow import ROOT

PAPER = yaml.safe_load((ROOT / "config.yaml").read_text())
DEMO = yaml.safe_load((ROOT / "demo" / "study.yaml").read_text())


TRACES = DEMO["datasets"]["toy-gsm8k-distilled"]


def mistakes_of(change, files=(ROOT / "config.yaml",)) -> str:
    """Return the message about a changed copy of the paper's config."""
    config = copy.deepcopy(PAPER)
    change(config)
    with pytest.raises(SystemExit) as ending:
        validated_study(config, list(files))
    return str(ending.value)


def rows_of(config):
    return config["tables"]["table2"]["sections"][1]["rows"]


def test_the_papers_config_is_valid():
    assert validated_study(PAPER, [ROOT / "config.yaml"]).name == "paper"


@pytest.mark.parametrize("row", ["base+sfft", "bsae+sft", "base+../x", "base+sft+", "base++rl"])
def test_an_unknown_name_in_a_row_is_named(row):
    message = mistakes_of(lambda config: rows_of(config).append(row))
    assert "tables.table2.sections[1].rows[5]: unknown" in message


def test_the_nearest_stage_and_role_are_suggested():
    assert "did you mean 'sft'?" in mistakes_of(lambda c: rows_of(c).append("base+sfft"))
    assert "did you mean 'base'?" in mistakes_of(lambda c: rows_of(c).append("bsae+sft"))


def test_a_misspelt_key_is_named_with_the_nearest_one():
    message = mistakes_of(lambda c: c["recipes"]["sft"].update(learning_rte=1.0))
    assert "recipes.sft.learning_rte: unknown key; did you mean 'learning_rate'?" in message


@pytest.mark.parametrize(
    ("section", "value"),
    [("evaluate", ["gsm9k"]), ("tabulate", ["table9"]), ("roles", {"base": "qwen9"})],
)
def test_an_unknown_reference_is_named(section, value):
    message = mistakes_of(lambda config: config.update({section: value}))
    assert section in message
    assert "unknown" in message


def test_a_number_that_yaml_reads_as_text_is_explained():
    message = mistakes_of(lambda c: c["recipes"]["sft"].update(learning_rate="4e-5"))
    assert "recipes.sft.learning_rate: must be number, not the text '4e-5'" in message
    assert "4.0e-5" in message


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], "must not be empty"),
        ([None], "rows[0]: must be string or object, not null"),
        (["base", "base"], "given twice: base"),
        (["base", "qwen2.5-0.5b"], "cell qwen2.5-0.5b stands in this table already"),
    ],
)
def test_wrong_rows_are_named(rows, text):
    def change(config):
        config["tables"]["table2"]["sections"][0]["rows"] = rows

    message = mistakes_of(change)
    assert "tables.table2.sections[0].rows" in message
    assert text in message


def test_an_empty_table_is_named():
    assert "tables.table2.sections: must not be empty" in mistakes_of(
        lambda config: config["tables"]["table2"].update(sections=[])
    )


@pytest.mark.parametrize("name", ["../paper", "a/b", "", "A b"])
def test_a_name_with_a_path_in_it_is_refused(name):
    message = mistakes_of(lambda config: config.update(study=name))
    assert "study: the text" in message
    assert "file name" in message


def test_a_wrong_type_is_named():
    assert "seeds: must be array, not 3" in mistakes_of(lambda config: config.update(seeds=3))


def test_a_role_must_not_hide_a_model():
    message = mistakes_of(lambda c: c["roles"].update({"qwen2.5-0.5b": "qwen2.5-0.5b"}))
    assert "is the name of a model too" in message


def test_a_model_has_exactly_one_source():
    message = mistakes_of(lambda c: c["models"]["qwen2.5-0.5b"].update(path="here"))
    assert "exactly one of: repo and revision; path; build" in message


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda c: c["stages"]["sft"].update(recipe="grpo"), "'grpo' has no max_length"),
        (lambda c: c["stages"]["rl"].update(recipe="sft"), "'sft' has no num_generations"),
        (lambda c: c["recipes"]["sft"].pop("weight_decay"), "'sft-lora' has no weight_decay"),
        (lambda c: c["recipes"]["sft-lora"]["lora"].pop("r"), "'sft-lora-tokens' has no lora.r"),
        (
            lambda c: c["stages"]["sft"].update(override={"inherit": "grpo"}),
            "stages.sft.override.inherit: a stage inherits by `recipe` alone",
        ),
        (
            lambda c: c["stages"]["sft"].update(override={"learning_rte": 1.0}),
            "stages.sft.override.learning_rte: unknown key; did you mean 'learning_rate'?",
        ),
        (
            lambda c: c["recipes"].update(grpo={"learning_rate": 1.0, "num_generations": 8}),
            "stages.rl.recipe: recipe 'grpo' has no num_train_epochs, global_batch_size",
        ),
        (
            lambda c: c["stages"]["rl"].update(override={"global_batch_size": 16 * 7474}),
            "stages.rl.data: 'gsm8k' has 7473 problems at most, and a step of recipe 'grpo' takes "
            "7474 (global_batch_size / num_generations): it would train 0 steps",
        ),
        (
            lambda c: c["recipes"]["grpo"].update(num_generations=7),
            "recipes.grpo.num_generations: global_batch_size 512 must be a multiple of its "
            "num_generations 7 (stage 'rl')",
        ),
        (
            lambda c: c["cleaning"]["decontaminate"].append("gsm8k"),
            "cleaning.decontaminate[5]: 'gsm8k' is what stage 'sft' trains on: all of it",
        ),
        (lambda c: c["recipes"]["sft-lora"].update(inherit="sfft"), "did you mean 'sft'?"),
        (
            lambda c: c["recipes"]["sft"].update(inherit="sft-lora-tokens"),
            "recipes.sft.inherit: inherits from itself",
        ),
        (lambda c: c["benchmarks"]["amc23"].update(dataset="gsm8k-distilled"), "not of traces"),
        (
            lambda c: c["stages"]["sft"].update(data="math500"),
            "stages.sft.data: 'math500' has no solutions, which SFT trains on",
        ),
        (
            lambda c: c["datasets"]["amc23"].update(columns={"question": "q", "gold": "a"}),
            "datasets.amc23: needs `columns`, or `schema` (gsm8k, ",
        ),
        (lambda c: c["datasets"]["amc23"].pop("schema"), "datasets.amc23: needs `columns`, or"),
        (
            lambda c: c["datasets"]["amc23"].update(schema="amc32"),
            "datasets.amc23.schema: unknown schema 'amc32'; did you mean 'amc23'?",
        ),
        (
            lambda c: c["schemas"]["amc23"]["columns"].pop("gold"),
            "datasets.amc23: its columns must name a `gold`",
        ),
        (
            lambda c: c["schemas"]["camel"]["columns"].pop("trace"),
            "datasets.gsm8k-distilled: has `problems`, so its columns must name a `trace`",
        ),
        (
            lambda c: c["datasets"]["olympiadbench"].update(rules=[]),
            "datasets.olympiadbench: has a column of tolerances; add `rules: [tolerance]`",
        ),
        (lambda c: c["datasets"]["amc23"].update(file="my.txt"), "datasets.amc23"),
        (
            lambda c: (
                c.update(tokenizers=DEMO["tokenizers"]),
                c["models"].update(DEMO["models"]),
                c["datasets"].update(toy={**TRACES, "problems": "toy"}),
                c["stages"]["rl"].update(data="toy"),
            ),
            "datasets.toy.problems: must be a set of problems, not of traces",
        ),
        (lambda c: c["models"].update(DEMO["models"]), "unknown tokenizer 'toy'"),
    ],
)
def test_definitions_that_do_not_fit_together_are_named(change, expected):
    assert expected in mistakes_of(change)


def test_a_range_the_wrong_way_round_is_named():
    generate = copy.deepcopy(DEMO["datasets"]["toy-amc23"])
    generate["generate"]["tiers"][0]["factor"] = [4, 2]
    message = mistakes_of(lambda c: c["datasets"].update({"toy-amc23": generate}))
    assert "datasets.toy-amc23.generate.tiers[0].factor: the lowest value 4" in message


def test_a_key_that_is_no_text_is_named(tmp_path: Path):
    file = tmp_path / "mine.yaml"
    file.write_text("seeds: [0]\non: 3\n")
    assert f"{file}, line 2: the key 'on' must be text" in mistakes_of(lambda config: None, [file])


def test_models_that_start_from_each_other_are_refused():
    def change(config):
        config["tokenizers"] = DEMO["tokenizers"]
        config["models"] |= copy.deepcopy(DEMO["models"])
        config["models"]["toy-base"]["build"]["start"] = "toy-instruct"

    assert "models.toy-base.build.start: starts from itself" in mistakes_of(change)


def test_a_key_given_twice_is_named_with_its_line(tmp_path: Path):
    file = tmp_path / "mine.yaml"
    file.write_text("seeds: [0]\nevaluate: [gsm8k]\nseeds: [1]\n")
    message = mistakes_of(lambda config: None, [ROOT / "config.yaml", file])
    assert f"{file}, line 3: seeds: given twice" in message


def test_a_mistake_is_placed_in_the_file_it_comes_from(tmp_path: Path):
    file = tmp_path / "mine.yaml"
    file.write_text("recipes:\n  sft:\n    learning_rate: 4e-5\n")
    message = mistakes_of(
        lambda c: c["recipes"]["sft"].update(learning_rate="4e-5"), [ROOT / "config.yaml", file]
    )
    assert f"{file}, line 3: recipes.sft.learning_rate" in message


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path):
    file = tmp_path / "mine.yaml"
    file.write_text("seeds: [0\n")
    assert f"{file}: not YAML" in mistakes_of(lambda config: None, [file])


def test_a_best_row_without_trained_cells_is_named():
    def change(config):
        config["tabulate"] = ["table1"]
        config["tables"]["table1"]["sections"][3]["rows"] = [{"best": "instruct"}]

    message = mistakes_of(change)
    assert "tables.table1.sections[3].rows[0].best: no tabulated cell is trained" in message


def test_the_best_row_of_an_unknown_root_is_named():
    def change(config):
        config["tables"]["table1"]["sections"][3]["rows"] = [{"best": "bas"}]

    assert "rows[0].best: unknown model or role 'bas'; did you mean 'base'?" in mistakes_of(change)


def test_what_the_command_line_says_is_blamed_on_it(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(PAPER))
    changed = PAPER | {"evaluate": ["gsm8kk"], "seeds": ["0"]}
    with pytest.raises(SystemExit) as ended:
        validated_study(changed, [file], {"evaluate": ["gsm8kk"], "seeds": ["0"]})
    assert "--config: seeds[0]: must be integer, not the text '0'" in str(ended.value)
    assert "give them in a --configfile" in str(ended.value)
    with pytest.raises(SystemExit, match=r"--config: evaluate\[0\]: unknown benchmark 'gsm8kk'"):
        validated_study(PAPER | {"evaluate": ["gsm8kk"]}, [file], {"evaluate": ["gsm8kk"]})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda c: c["recipes"]["sft"].update(learning_rate=float("inf")), "recipes.sft.learning"),
        (lambda c: c["recipes"]["sft"].update(warmup_steps=float("nan")), "recipes.sft.warmup"),
        (lambda c: c["evaluation"].update(temperature=float("nan")), "evaluation.temperature"),
        (lambda c: c["rewards"].update(format=float("-inf")), "rewards.format"),
    ],
)
def test_a_number_that_is_none_is_refused(change, path):
    message = mistakes_of(change)
    assert path in message
    assert "is no finite number" in message


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["benchmarks"]["gsm8k"].update(dataset="gsm8k"),
        lambda c: c["datasets"]["gsm8k-test"]["hub"].update(split="train"),
        lambda c: c["datasets"]["gsm8k-test"]["mirror"].update(file="gsm8k_train.jsonl"),
        lambda c: c["stages"].update(sft={**c["stages"]["sft"], "data": "gsm8k-test"}),
    ],
)
def test_a_benchmark_on_the_training_set_is_refused(change):
    message = mistakes_of(change)
    assert "benchmarks.gsm8k.dataset: 'gsm8k" in message
    assert "trains on" in message


def test_a_benchmark_that_is_not_evaluated_may_be_of_training_problems():
    config = copy.deepcopy(PAPER)
    config["benchmarks"]["seen"] = {"label": "Seen", "dataset": "gsm8k", "num_samples": 1}
    assert validated_study(config, []).name == "paper"


def test_generated_problems_of_one_seed_and_split_are_one_set():
    def change(config):
        config["datasets"] |= copy.deepcopy(DEMO["datasets"])
        del config["datasets"]["toy-gsm8k-distilled"]
        config["stages"]["sft"]["data"] = "toy-gsm8k"
        config["benchmarks"]["gsm8k"]["dataset"] = "toy-amc23"
        config["datasets"]["toy-amc23"]["generate"] = {
            **config["datasets"]["toy-gsm8k"]["generate"],
            "rows": 9,
        }

    message = mistakes_of(change)
    assert "'toy-amc23', whose rows are those of 'toy-gsm8k', is what stage 'sft'" in message


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("sensitivity/prompts", ["trainig"], "unknown prompt 'trainig'; did you mean 'training'?"),
        ("sensitivity/tables", ["table9"], "sensitivity.tables[0]: unknown table 'table9'"),
        ("sensitivity/own", {"bas": "plain"}, "unknown role 'bas'; did you mean 'base'?"),
        ("sensitivity/own", {"base": "plian"}, "unknown prompt 'plian'; did you mean 'plain'?"),
        (
            "sensitivity/settings",
            {"plain": {"num_samples": {"gsm9k": 1}}},
            "sensitivity.settings.plain.num_samples.gsm9k: unknown benchmark 'gsm9k'",
        ),
        (
            "sensitivity/settings",
            {"boxed": {}},
            "sensitivity.settings.boxed: is the tables' prompt",
        ),
        ("sensitivity/untrained", [], "untrained models are not asked with 'plain'; add it to"),
        ("examples/prompt", "plain", "has `chat_template: false`; training examples are chats"),
        ("prompts/gsm8k", PAPER["prompts"]["boxed"], "is the name of a benchmark"),
        ("prompts/own", PAPER["prompts"]["boxed"], "stands for each cell's own prompt"),
        ("tables/prompts", PAPER["tables"]["table2"], "is the name of the table of prompts"),
        ("tables/costs", PAPER["tables"]["table2"], "is the name of the table of costs"),
    ],
)
def test_a_mistake_in_the_prompts_is_named(path, value, message):
    def change(config):
        *above, last = path.split("/")
        for name in above:
            config = config[name]
        config[last] = value

    assert message in mistakes_of(change)
