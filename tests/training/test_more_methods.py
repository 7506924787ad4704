"""On-policy distillation and DPO train: a tiny model comes nearer to its teacher, or prefers."""

import shutil
from pathlib import Path
from statistics import fmean

import pytest

from scripts.lib.files import read_json, write_json
from scripts.lib.model.weights import checkpoint_of
from scripts.lib.price.spent import training_row
from tests.training_case import (
    DPO,
    GKD,
    LORA,
    SFT,
    case,
    largest_differences,
    record_of,
    run_case,
    tiny_model,
)

pytestmark = pytest.mark.slow

UNTIL_IT_SHOWS = {"max_steps": 30, "learning_rate": 1.0e-2}
PLAIN_LORA = {"lora": LORA | {"lora_dropout": 0.0}}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """The record of a tiny random model."""
    return tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def student(tiny, tmp_path_factory) -> Path:
    """The record of the model after a short SFT, far enough that LoRA can come after a teacher."""
    return tuned(tmp_path_factory.mktemp("student"), tiny)


@pytest.fixture(scope="module")
def teacher(student, tmp_path_factory) -> Path:
    """The record of the student after more SFT."""
    return tuned(tmp_path_factory.mktemp("teacher"), student)


def tuned(folder: Path, parent: Path) -> Path:
    path = case(folder, parent, "train_sft", SFT | UNTIL_IT_SHOWS)
    run_case(path)
    return path.parent / "out" / "training.json"


def ends(record: dict, name: str) -> tuple[float, float]:
    """Return the mean of a quantity over the first five steps of a log and over the last five."""
    values = [entry[name] for entry in record["log"]]
    return fmean(values[:5]), fmean(values[-5:])


@pytest.mark.parametrize("lora", [{}, PLAIN_LORA], ids=["full", "lora"])
def test_on_policy_distillation_brings_the_student_nearer_to_its_teacher(
    lora, student, teacher, tmp_path
):
    path = case(tmp_path, student, "train_gkd", GKD | UNTIL_IT_SHOWS | lora, teacher=teacher)
    run_case(path)
    record = record_of(path)
    assert (record["status"], record["steps"]) == ("ok", 30)
    first, last = ends(record, "loss")
    assert last < 0.75 * first
    assert record["examples"] == {"given": 24, "used": 24, "over_length": 0}
    record["config"] |= {"trainer": "gkd"}  # as the planned job has it
    row = training_row(record)
    assert row["rule"] == "train_gkd"
    assert 0 < row["tokens_generated"] < row["tokens_trained"]
    assert checkpoint_of(path.parent / "out" / "training.json")


@pytest.mark.parametrize("lora", [{}, PLAIN_LORA], ids=["full", "lora"])
def test_dpo_prefers_the_right_answers(lora, tiny, tmp_path):
    path = case(tmp_path, tiny, "train_dpo", DPO | UNTIL_IT_SHOWS | lora)
    run_case(path)
    record = record_of(path)
    assert (record["status"], record["steps"]) == ("ok", 30)
    assert record["log"][0]["loss"] == pytest.approx(0.6931, abs=1e-3)  # parent and reference: one
    assert ends(record, "loss")[1] < 0.45
    assert ends(record, "rewards/accuracies")[1] == 1.0
    assert ends(record, "rewards/margins")[1] > 0.5
    assert record["examples"]["used"] == 24
    assert record["tokens"] > 30 * 8 * 20
    assert checkpoint_of(path.parent / "out" / "training.json")


@pytest.mark.parametrize("rule", ["train_gkd", "train_dpo"])
def test_passes_of_like_length_change_nothing_but_rounding(rule, tiny, student, tmp_path):
    recipe = {"train_gkd": GKD, "train_dpo": DPO}[rule] | {"global_batch_size": 8}
    learns = {"teacher": student} if rule == "train_gkd" else {}
    paths = [
        case(tmp_path / str(tokens), tiny, rule, recipe, tokens_per_pass=tokens, **learns)
        for tokens in (250, 5_000)
    ]
    for path in paths:
        run_case(path)
    split, whole = (record_of(path)["log"] for path in paths)
    assert split[0]["passes"] > 2 and whole[0]["passes"] == 1
    losses, weights = largest_differences(*paths)
    assert losses < 1e-4 and weights < 1e-4
    for name in ("entropy", "rewards/margins"):
        for one, other in zip(split, whole, strict=True):
            assert one.get(name, 0) == pytest.approx(other.get(name, 0), abs=1e-3)


def test_a_loss_over_a_whole_batch_is_refused_for_dpo(tiny, tmp_path):
    path = case(tmp_path, tiny, "train_dpo", DPO | {"loss_type": "aot"})
    with pytest.raises(SystemExit, match="loss_type aot is not supported"):
        run_case(path)


def test_a_teacher_with_other_tokens_is_refused_with_the_cure(tiny, tmp_path):
    other = tiny_model(tmp_path / "other", seed=1)
    folder = other.parent / "checkpoint"
    text = (folder / "tokenizer.json").read_text()
    (folder / "tokenizer.json").write_text(text.replace("<|im_start|>", "<|begin|>"))
    config = folder / "tokenizer_config.json"
    config.write_text(config.read_text().replace("<|im_start|>", "<|begin|>"))
    vouch(other)
    path = case(tmp_path, tiny, "train_gkd", GKD, teacher=other)
    with pytest.raises(SystemExit, match="tokens are not the student's .* distil its traces"):
        run_case(path)


def test_rows_of_the_output_layer_are_refused_for_on_policy_distillation(tiny, tmp_path):
    recipe = GKD | {"lora": LORA | {"trainable_token_indices": ["<|im_end|>"]}}
    path = case(tmp_path, tiny, "train_gkd", recipe, teacher=tiny)
    with pytest.raises(SystemExit, match="trainable_token_indices would not be trained"):
        run_case(path)


def test_a_collapsed_teacher_is_no_teacher(tiny, tmp_path):
    shutil.copytree(tiny.parent, tmp_path / "gone")
    gone = tmp_path / "gone" / "model.json"
    write_json(gone, read_json(gone) | {"status": "collapsed", "reason": "loss was nan"})
    path = case(tmp_path, tiny, "train_gkd", GKD, teacher=gone)
    run_case(path)
    record = record_of(path)
    assert (record["status"], record["steps"]) == ("collapsed", 0)
    assert record["reason"] == "the teacher collapsed: loss was nan"


def vouch(record: Path) -> None:
    """Let a model's record vouch for the files as they are now."""
    from scripts.lib.files import digest_files

    files = digest_files(record.parent / "checkpoint")
    write_json(record, read_json(record) | {"files": files})
