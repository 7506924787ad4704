"""The trainers' parts: recipes, labels, stop tokens, collapse, checkpoints to resume from."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.lib.files import write_json
from scripts.lib.model.weights import checkpoint_of
from scripts.lib.training import collapse
from scripts.lib.training.passes import batch_of_process, check_longest
from scripts.lib.training.recipes import check_generation, check_names, check_problems
from scripts.lib.training.resume import last_checkpoint, mark_complete
from tests.training_case import GRPO, SFT, case, tiny_model


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """The record of a tiny random model."""
    return tiny_model(tmp_path_factory.mktemp("tiny"))


def test_the_global_batch_does_not_depend_on_the_number_of_processes():
    assert [batch_of_process(128, world) for world in (1, 8)] == [128, 16]
    with pytest.raises(SystemExit, match="128 cannot be shared equally by 3 processes"):
        batch_of_process(128, 3)


def test_a_sequence_that_no_pass_can_hold_is_refused_with_the_profiles_line():
    with pytest.raises(SystemExit) as end:
        check_longest(8_193, 8_192, "train_sft", "max_length")
    for part in (
        "has 8193 tokens",
        "may have 8192",
        "`tokens_per_pass` of train_sft",
        "max_length",
    ):
        assert part in str(end.value)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("learning_rat", "no argument learning_rat; did you mean 'learning_rate'"),
        ("warmup_ratio", "no argument warmup_ratio"),
        ("seed", "seed is set by the training script"),
        ("per_device_train_batch_size", "per_device_train_batch_size is set by the training"),
    ],
)
def test_an_unknown_recipe_key_is_named(key, message):
    known = {"learning_rate", "seed", "per_device_train_batch_size"}
    with pytest.raises(SystemExit, match=message):
        check_names({"global_batch_size": 4, key: 1}, known, "SFTTrainer")


def test_completions_of_one_prompt_stay_together():
    check_generation(GRPO)
    with pytest.raises(SystemExit, match="global_batch_size 8 must be a multiple of num_gener.* 3"):
        check_generation(GRPO | {"num_generations": 3})


def test_fewer_problems_than_prompts_per_step_are_refused():
    recipe = {"global_batch_size": 8, "num_generations": 4}
    check_problems(2, recipe)
    with pytest.raises(SystemExit, match=r"1 problems .* a step takes 2 prompts .* 0 steps"):
        check_problems(1, recipe)


def test_a_checkpoint_between_two_generations_is_refused():
    twice = GRPO | {"num_iterations": 4}
    check_generation(twice | {"save_steps": 8})
    with pytest.raises(SystemExit, match="save_steps 2 ends between two generations"):
        check_generation(twice)


def logged(*rewards: float) -> list[dict]:
    return [
        {"step": step, "loss": 0.1, "grad_norm": 1.0, "reward": reward}
        for step, reward in enumerate(rewards, start=1)
    ]


@pytest.mark.parametrize("name", ["loss", "grad_norm"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_a_collapse_and_fits_into_json(name, value):
    history = [*logged(1.0), {"step": 2, "loss": 0.1, "grad_norm": 1.0} | {name: value}]
    verdict = collapse.found(history)
    assert verdict["reason"] == f"{name} was {value} at step 2"
    json.dumps(verdict, allow_nan=False)


def test_a_healthy_run_and_its_closing_entry_are_no_collapse():
    assert collapse.found([*logged(1.0, 0.0, 0.0), {"train_runtime": 3.0}]) is None


def test_an_engine_that_samples_from_another_policy_ends_the_run():
    from scripts.lib.training.rollouts import check_difference

    check_difference(0.05)
    for mean in (0.051, float("nan")):
        with pytest.raises(SystemExit, match="not synchronised.*engine: transformers"):
            check_difference(mean)


def test_a_torn_checkpoint_is_skipped(tmp_path):
    for step in (2, 10, 12):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "model.safetensors").write_bytes(b"12345")
    mark_complete(tmp_path / "checkpoint-2")
    mark_complete(tmp_path / "checkpoint-10")
    (tmp_path / "checkpoint-10" / "model.safetensors").write_bytes(b"123")
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-2"


@pytest.mark.parametrize(("rule", "recipe"), [("train_sft", SFT), ("train_grpo", GRPO)])
def test_the_child_of_a_collapsed_parent_collapses_without_loading_anything(rule, recipe, tmp_path):
    write_json(tmp_path / "parent.json", {"status": "collapsed", "reason": "loss was nan"})
    path = case(tmp_path, tmp_path / "parent.json", rule, recipe)
    command = (
        "import sys, tests.training_case as t\n"
        "t.run_case(sys.argv[1])\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", command, str(path)], check=True)
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    assert (record["status"], record["files"]) == ("collapsed", {})
    assert record["reason"] == "the parent collapsed: loss was nan"
    rollouts = [file.read_text() for file in (tmp_path / "out").glob("rollouts.jsonl")]
    assert rollouts == ([""] if rule == "train_grpo" else [])


def test_the_loss_covers_the_completion_up_to_the_end_of_the_turn(tiny, tmp_path):
    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.encoding import encode
    from scripts.lib.model.stop_tokens import end_of_turn

    tokenizer = load_tokenizer(checkpoint_of(tiny))
    example = {
        "prompt": [{"role": "user", "content": "2+2?"}],
        "completion": [{"role": "assistant", "content": "<think>\nx\n</think>"}],
    }
    stop = end_of_turn(tokenizer)
    ids, labels = encode(example, tokenizer, stop, opened="")
    assert tokenizer.decode(ids[-1:]) == "<|im_end|>" == tokenizer.decode(labels[-1:])
    assert tokenizer.decode([label for label in labels if label != -100]) == (
        "<think>\nx\n</think><|im_end|>"
    )
    whole = tokenizer.apply_chat_template(
        example["prompt"] + example["completion"], tokenize=True, return_dict=True
    )["input_ids"]
    assert tokenizer.decode(whole[len(ids) :]) == "\n"
    assert ids == whole[: len(ids)]
    prompt, none = encode(example | {"completion": []}, tokenizer, stop, opened="")  # for GRPO
    assert prompt == ids[: len(prompt)] and set(none) == {-100}


THOUGHT = "<think>\n1+1=2\n</think>\n<answer>\n2\n</answer>"


@pytest.mark.parametrize(
    ("opened", "target"),
    [
        ("", THOUGHT),
        ("<think>\n", THOUGHT.removeprefix("<think>\n")),
        ("<think>\n\n", THOUGHT.removeprefix("<think>\n")),
        ("<think>\n\n</think>\n\n", "1+1=2\n<answer>\n2\n</answer>"),
    ],
)
def test_a_target_opens_no_second_thought(opened, target, tiny):
    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.checkpoints import prefill
    from scripts.lib.model.encoding import encode_all

    tokenizer = load_tokenizer(checkpoint_of(tiny))
    tokenizer.chat_template += "{% if add_generation_prompt %}" + opened + "{% endif %}"
    assert prefill(tokenizer) == opened
    example = {
        "prompt": [{"role": "user", "content": "1+1?"}],
        "completion": [{"role": "assistant", "content": THOUGHT}],
    }
    (row,), _ = encode_all([example], tokenizer, max_length=None)
    assert tokenizer.decode(row["input_ids"]).endswith(
        f"<|im_start|>assistant\n{opened}{target}<|im_end|>"
    )


def test_the_format_reward_asks_for_no_second_thought():
    from scripts.lib.grading.rewards import format_reward
    from scripts.train_grpo import with_prefill

    reward = with_prefill(format_reward, "<think>\n\n</think>\n\n")

    def of(text):
        return reward(prompts=[""], completions=[[{"role": "assistant", "content": text}]])

    assert of("1+1=2\n<answer>2</answer>") == [1.0]
    assert of(THOUGHT) == of("<answer>2</answer>") == of("1+1=2") == [0.0]


def test_an_example_over_the_length_is_counted_never_cut(tiny):
    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.encoding import encode_all

    rows = [
        {"prompt": [{"role": "user", "content": "?"}], "completion": [{"content": "a" * length}]}
        for length in (5, 50)
    ]
    tokenizer = load_tokenizer(checkpoint_of(tiny))
    (short, _), _ = encode_all(rows, tokenizer, max_length=None)
    kept, counts = encode_all(rows, tokenizer, max_length=len(short["input_ids"]))
    assert kept == [short]
    assert (counts["given"], counts["used"], counts["over_length"]) == (2, 1, 1)
    assert counts["target_tokens"] == 6
    with pytest.raises(SystemExit, match="all examples are longer than max_length 9 tokens"):
        encode_all(rows, tokenizer, max_length=9)


def test_both_stop_tokens_whatever_the_parent_declares(tiny):
    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.checkpoints import load_model

    folder = checkpoint_of(tiny)
    tokenizer = load_tokenizer(folder)
    stops = load_model(folder, {}, tokenizer).generation_config.eos_token_id
    assert tokenizer.convert_ids_to_tokens(stops) == ["<|im_end|>", "<|endoftext|>"]


# Tokenizer's end, end of a turn in the template, and what the generation config declares.
TEACHERS = {
    "gemma": ("<eos>", "<end_of_turn>", ["<eos>", "<end_of_turn>"]),
    "gemma, undeclared": ("<eos>", "<end_of_turn>", ["<eos>"]),
    "phi": ("<|endoftext|>", "<|end|>", ["<|endoftext|>", "<|assistant|>", "<|end|>"]),
}


@pytest.mark.parametrize("kind", TEACHERS)
def test_training_evaluation_and_distillation_stop_at_the_same_tokens(kind, tiny, tmp_path):
    from transformers import AutoTokenizer

    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.checkpoints import load_model
    from scripts.lib.model.stop_tokens import end_of_turn, stop_ids_of

    end, turn, declared = TEACHERS[kind]
    folder = Path(shutil.copytree(checkpoint_of(tiny), tmp_path / "model"))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    added = list(dict.fromkeys([end, turn, *declared]))
    tokenizer.add_special_tokens({"eos_token": end, "extra_special_tokens": added})
    tokenizer.chat_template = (
        "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content }}" + turn + "\n{% endfor %}"
    )
    tokenizer.save_pretrained(folder)
    ids = tokenizer.convert_tokens_to_ids(declared)
    write_json(folder / "generation_config.json", {"eos_token_id": ids})
    tokenizer = load_tokenizer(folder)
    stops = stop_ids_of(folder, tokenizer)
    assert end_of_turn(tokenizer) in stops
    assert set(added) <= set(tokenizer.convert_ids_to_tokens(stops))
    assert load_model(folder, {}, tokenizer).generation_config.eos_token_id == stops


def test_a_tokenizer_that_cannot_encode_its_own_template_is_an_error(tiny, tmp_path):
    from scripts.lib.model.chat_template import load_tokenizer

    folder = Path(shutil.copytree(checkpoint_of(tiny), tmp_path / "model"))
    load_tokenizer(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(SystemExit, match=r"cannot encode its own chat template: .* vocabulary of"):
        load_tokenizer(folder)


def test_a_parent_that_cannot_be_trained_is_named(tiny, tmp_path):
    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.checkpoints import load_model

    folder = Path(shutil.copytree(checkpoint_of(tiny), tmp_path / "model"))
    tokenizer = load_tokenizer(folder)
    config = json.loads((folder / "config.json").read_text())
    write_json(folder / "config.json", config | {"architectures": ["Qwen2ForTokenClassification"]})
    with pytest.raises(SystemExit, match="is not a causal language model"):
        load_model(folder, {}, tokenizer)
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(SystemExit, match="has no chat template"):
        load_tokenizer(folder)
