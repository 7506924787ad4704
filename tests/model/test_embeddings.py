"""Tokens that a model has hardly read are told from its embeddings, and named where they matter."""

import pytest
import torch

from scripts.count_tokens import unread, warning
from scripts.lib.model.embeddings import untrained_tokens

WIDTH, READ, NEVER = 64, 300, 12


@pytest.fixture
def weight():
    """Return rows that were read (0 to 299), and behind them rows that were not."""
    torch.manual_seed(0)
    rows = torch.randn(READ, WIDTH) * torch.linspace(0.5, 2, READ)[:, None]
    shared = torch.randn(WIDTH)
    return torch.cat([rows, shared + 0.01 * torch.randn(NEVER, WIDTH)])


def test_rows_that_only_moved_together_look_untrained(weight):
    never = list(range(READ, READ + NEVER))
    assert untrained_tokens(weight, range(len(weight))) == never
    assert untrained_tokens(weight, [3, READ + 1]) == [READ + 1]
    assert untrained_tokens(weight, []) == []  # of problems without solutions


def test_rows_that_weight_decay_shrank_look_untrained(weight):
    weight[7] *= 0.01
    assert untrained_tokens(weight, range(READ)) == [7]


def test_similar_tokens_that_were_read_do_not(weight):
    digits = torch.randn(WIDTH) + 0.5 * torch.randn(10, WIDTH)
    weight[:10] = digits
    assert untrained_tokens(weight, range(10)) == []


def test_untrained_tokens_are_counted_where_they_stand():
    rows = unread([[5, 5, 1], [5, 2], [2, 2, 2]], [2, 5], ["a", "b"])
    assert [(row["text"], row["times"], row["examples"]) for row in rows] == [
        ("a", 4, 2),
        ("b", 3, 2),
    ]


def test_the_warning_names_three_and_where_the_others_stand():
    rows = [{"text": text} for text in ["}.\n", "b", "c", "d"]]
    line = warning("kd", "root", rows)
    assert "'}.\\n', 'b', 'c' and 1 more (data/kd/card.md)" in line
    assert "root" in line
