"""A step that is split into passes of like length has TRL's own loss and gradient."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch

from benchmarks.step_ratios import trl_alone
from scripts.lib.training.passes import split_by_tokens, split_further
from scripts.lib.training.rollouts import RolloutTrainer, without_left_padding
from scripts.lib.training.split_step import weigh_means
from tests.training_case import GRPO, LORA, SFT, case, record_of, tiny_model, train_alone

WITHOUT_DROPOUT = {"lora": LORA | {"lora_dropout": 0.0}}
KINDS = {
    "sft": ("train_sft", SFT),
    "sft-lora": ("train_sft", SFT | WITHOUT_DROPOUT),
    "grpo": ("train_grpo", GRPO),
    "grpo-lora": ("train_grpo", GRPO | WITHOUT_DROPOUT),
    "grpo-iterations": ("train_grpo", GRPO | {"num_iterations": 2}),
    "dr-grpo": ("train_grpo", GRPO | {"loss_type": "dr_grpo"}),
    "dapo": ("train_grpo", GRPO | {"loss_type": "dapo"}),
    "bnpo": ("train_grpo", GRPO | {"loss_type": "bnpo"}),
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The record of a tiny random model."""
    return tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_split_step_is_trls_own_step(kind, tiny, tmp_path):
    rule, recipe = KINDS[kind]
    with trl_alone():
        whole = record_of(train_alone(case(tmp_path / "whole", tiny, rule, recipe)))
    split = record_of(
        train_alone(
            case(
                tmp_path / "split",
                tiny,
                rule,
                recipe,
                tokens_per_pass=480 if rule == "train_sft" else 150,
            )
        )
    )
    assert all(entry["passes"] > 1 for entry in split["log"])
    names = ["loss", "grad_norm", "entropy", "mean_token_accuracy", "kl"]
    for one, other in zip(whole["log"], split["log"], strict=True):
        for name in names:
            if name in one:
                assert other[name] == pytest.approx(one[name], rel=1e-6, abs=1e-6), name
    assert split["tokens"] == whole["tokens"]


def test_sequences_of_like_length_share_a_pass_and_all_are_in_one():
    lengths = [300, 5, 290, 7, 40, 6, 310, 8]
    passes = split_by_tokens(lengths, 620)
    assert passes == [[6, 0], [2, 4], [7, 3, 5, 1]]
    assert split_by_tokens([700, 1], 620) == [[0], [1]]


def test_processes_that_need_fewer_passes_split_theirs_further():
    passes = split_by_tokens([5, 4, 4, 1], 8)
    assert passes == [[0], [1, 2], [3]]
    assert split_further(passes, 4) == [[0], [1], [2], [3]]


def test_without_the_gap_between_prompt_and_completion_each_token_is_found_again():
    """Two rows, `.` is padding: `..ab|cd.` and `efgh|i..`; the wider has five tokens."""
    ids = torch.tensor([[0, 0, 1, 2, 3, 4, 0], [5, 6, 7, 8, 9, 0, 0]])
    mask = (ids > 0).long()
    moved, mask_moved, at = without_left_padding(ids, mask, completion=3)
    assert moved.tolist() == [[1, 2, 3, 4, 0], [5, 6, 7, 8, 9]]
    assert mask_moved.tolist() == [[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]
    assert moved[0, at[0, :2]].tolist() == [3, 4]
    assert moved[1, at[1, :1]].tolist() == [9]


def test_a_model_with_a_table_of_positions_reads_a_padded_prompt_as_it_is():
    from transformers import GPT2Config, GPT2LMHeadModel
    from trl.trainer.utils import add_fused_lm_head

    torch.manual_seed(0)
    sizes = {"vocab_size": 64, "n_positions": 32, "n_embd": 32, "n_layer": 2, "n_head": 2}
    model = GPT2LMHeadModel(GPT2Config(**sizes)).eval()
    add_fused_lm_head(model, outputs=("log_probs", "entropy"))
    trainer = object.__new__(RolloutTrainer)
    trainer.accelerator = SimpleNamespace(autocast=nullcontext, is_main_process=False)
    alone = torch.tensor([[5, 6, 7, 8]])
    padded = torch.tensor([[0, 0, 0, 5, 6, 7, 8], [9, 10, 11, 12, 13, 14, 15]])
    found = [
        trainer._scores(model, ids, (ids > 0).long(), 2)[0][0].detach() for ids in (alone, padded)
    ]
    assert torch.allclose(*found, atol=1e-6)
    assert found[0].abs().min() > 0


def test_a_mean_over_tokens_weighs_passes_by_their_tokens():
    metrics = {"kl": [7.0, 1.0, 4.0], "clip_ratio/low_min": [0.2, 0.1], "num_tokens": [30]}
    weigh_means(metrics, {"kl": 1}, [10.0, 20.0])
    assert metrics == {"kl": [7.0, 3.0], "clip_ratio/low_min": [0.1], "num_tokens": [30]}


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"top_entropy_quantile": 0.8}, "top_entropy_quantile"),
        ({"entropy_coef": 0.1}, "entropy_coef"),
    ],
)
def test_what_trl_computes_from_a_pass_alone_is_refused(recipe, message, tiny, tmp_path):
    with pytest.raises(SystemExit, match=message):
        train_alone(case(tmp_path, tiny, "train_grpo", GRPO | recipe))
