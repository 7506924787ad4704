"""On-policy distillation and DPO in a config: what is planned, and what is refused."""

import copy

import pytest

from scripts.lib.dag.data import all_raw, make_data_card, paired_sets
from scripts.lib.dag.jobs import behind, job
from scripts.lib.dag.models import model
from scripts.lib.dag.score import collect_costs
from scripts.lib.study.validation import validated_study
from tests.dag.edits import config_of


def study_of(rows, change=lambda config: None):
    """Return the demo with one table of these rows."""
    config = copy.deepcopy(config_of("demo"))
    sections = [{"section": "All", "rows": rows}]
    config["tables"] = {"mine": {"caption": "Mine.", "sections": sections}}
    config |= {"tabulate": ["mine"], "seeds": [0, 1]}
    config["sensitivity"] |= {"tables": ["mine"]}
    change(config)
    return validated_study(config, [])


def test_the_teacher_is_an_input_and_a_trained_one_is_trained_with_the_same_seed():
    untrained = model(study_of(["base+gkd"], stage(teacher="toy-teacher")), "toy-base+gkd", 1)
    assert untrained.inputs["teacher"].path == "models/toy-teacher/model.json"
    study = study_of(["base+gkd"], stage(teacher="instruct+rl"))
    trained = model(study, "toy-base+gkd", 1)
    assert trained.inputs["teacher"].path == "models/toy-instruct+rl/seed-1/training.json"
    assert trained.key != untrained.key
    assert study.trained_prefixes() == ["toy-base+gkd", "toy-instruct+rl"]
    costs = {made.wildcards.get("cell") for made in behind(collect_costs(study))}
    assert {"toy-base+gkd", "toy-instruct+rl"} <= costs


def test_every_parent_answers_for_itself_and_an_untrained_one_once():
    study = study_of(["base+dpo", "base+sft+dpo"])
    sets = [
        "toy-gsm8k-answers/toy-base",
        "toy-gsm8k-answers/toy-base+sft/seed-0",
        "toy-gsm8k-answers/toy-base+sft/seed-1",
    ]
    assert paired_sets(study, "toy-gsm8k-answers") == sets
    trained = model(study, "toy-base+sft+dpo", 1)
    (made,) = [j for j in behind(trained) if j.rule == "sample_traces"]
    assert made.wildcards["dataset"] == sets[2]
    assert made.inputs["teacher"].path == "models/toy-base+sft/seed-1/training.json"
    assert trained.inputs["examples"].path == f"data/{sets[2]}/pairs.jsonl"
    card = make_data_card(study, dataset="toy-gsm8k-answers")
    assert [file.path for file in card.inputs["records"]] == [
        f"data/{name}/{file}.json" for file in ("raw", "pairs") for name in sets
    ]


def test_a_named_model_answers_once_for_all_cells():
    def named(config):
        answers = config["datasets"]["toy-gsm8k-answers"]
        answers["distill"]["teacher"] = ["toy-instruct", "toy-teacher"]
        answers["distill"]["select"] = "all"

    study = study_of(["base+dpo", "instruct+dpo"], named)
    (pairs,) = {
        made
        for cell in study.cells()
        for made in behind(model(study, cell, 0))
        if made.rule == "make_pairs"
    }
    assert pairs.outputs["rows"] == "data/toy-gsm8k-answers/pairs.jsonl"
    assert [file.job for file in pairs.inputs["traces"]] == all_raw(study, "toy-gsm8k-answers")
    assert pairs.settings["teachers"] == ["toy-instruct", "toy-teacher"]


def test_the_paper_knows_no_other_keys_by_their_place_in_its_config():
    """The stages stand in config.yaml, in no table: nothing of them is planned."""
    planned = {made.rule for made in behind(job(study_of(["base+rl"]), "collect_scores"))}
    assert not planned & {"train_gkd", "train_dpo", "make_pairs", "sample_traces"}


def stage(**changes):
    return lambda config: config["stages"]["gkd"].update(changes)


def answers(**changes):
    return lambda config: config["datasets"]["toy-gsm8k-answers"]["distill"].update(changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["stages"]["gkd"].pop("teacher"), "stages.gkd: trainer `gkd` needs a `teach"),
        (stage(teacher="toy-techer"), "gkd.teacher: unknown model or role 'toy-techer'; did you"),
        (stage(teacher="base+sfft"), "gkd.teacher: unknown stage 'sfft'; did you mean 'sft'"),
        (stage(teacher="base+gkd"), "gkd.teacher: learns from a cell that is trained by this"),
        (stage(recipe="grpo"), "recipe 'grpo' has no disable_dropout"),
        (stage(override={"beta": 1.5}), "stages.gkd.override.beta: gkd's is 0"),
        (lambda c: c["stages"]["sft"].update(teacher="base"), "stages.sft.teacher: a teacher is"),
        (lambda c: c["stages"]["sft"].update(data="toy-gsm8k-answers"), "own answers: they are"),
        (lambda c: c["stages"]["dpo"].update(data="toy-gsm8k"), "'toy-gsm8k' has no sampled ans"),
        (answers(num_samples=1), "distill.num_samples: a pair takes two answers"),
        (answers(prompt="boxed"), "distill.prompt: pairs are answers as they were sampled, to 'b"),
        (
            lambda c: c["models"].update(parent=copy.deepcopy(c["models"]["toy-base"])),
            "models.parent: stands for each training's parent",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(change, message):
    with pytest.raises(SystemExit) as error:
        study_of(["base+rl"], change)
    assert message in str(error.value)


def test_a_step_of_more_problems_than_there_are_is_refused_where_it_would_be_trained():
    change = stage(override={"global_batch_size": 4096})
    study_of(["base+rl"], change)
    with pytest.raises(SystemExit, match="a step of recipe 'gkd' takes 4096"):
        study_of(["base+gkd"], change)


def test_a_loop_of_two_teachers_is_refused():
    def loop(config):
        other = copy.deepcopy(config["stages"]["gkd"])
        config["stages"]["other"] = other | {"teacher": "base+gkd"}
        config["stages"]["gkd"]["teacher"] = "base+other"

    with pytest.raises(SystemExit, match="learns from a cell that is trained by this stage"):
        study_of(["base+rl"], loop)
