"""The data card: the source, every removed row with its reason, lengths in tokens."""

from scripts.count_tokens import histogram, over_length, statistics
from scripts.make_data_card import card


def test_the_card_holds_the_rows_of_every_step_and_each_removal():
    clean = {
        "rows_in": 5,
        "steps": [
            {"step": "deduplicate", "removed": [{"id": "3", "reason": "same as 1"}]},
            {"step": "decontaminate", "removed": [{"id": "4", "reason": "shares 'a|b'"}]},
        ],
    }
    lines = card("gsm8k", {"repo": "r"}, {"raw": {"rows": 5}, "clean": clean}, []).splitlines()
    assert "| repo | r |" in lines
    assert "| raw |  | 5 | 0 | 5 |" in lines
    assert "| clean | deduplicate | 5 | 1 | 4 |" in lines
    assert "| clean | decontaminate | 4 | 1 | 3 |" in lines
    assert "| 3 | deduplicate | same as 1 |" in lines
    assert r"| 4 | decontaminate | shares 'a\|b' |" in lines


def test_the_card_counts_damaged_golds():
    text = card("kd", {}, {"examples": {"rows_in": 2, "corrupted_golds": ["7", "9"]}}, [])
    assert "(their problem's is used): 7, 9." in text


def test_the_card_names_the_examples_that_are_too_long():
    lengths = [30, 40, 100]
    part = statistics(lengths)
    tokens = {
        "model": "toy",
        "untrained_tokens": [{"token": 9, "text": "}.\n", "times": 3, "examples": 2}],
        **dict.fromkeys(("prompt", "completion", "prompt_and_completion"), part),
        "histogram": histogram(lengths),
        "over_length": {
            "sft": {"max_length": 64, "rows": over_length([{"id": i} for i in "abc"], lengths, 64)}
        },
    }
    text = card("gsm8k", {}, {}, [tokens])
    assert "Longer than the 64 tokens of recipe `sft`" in text
    assert "c (100)." in text
    assert r"| 9 | '}.\n' | 3 | 2 |" in text
    assert f"| 32 | 1 | {'█' * 40} |" in text


def test_a_histogram_counts_up_to_powers_of_two():
    bins = histogram([1, 30, 32, 33, 64])
    assert [(bin["up_to"], bin["count"]) for bin in bins if bin["count"]] == [
        (1, 1),
        (32, 2),
        (64, 2),
    ]
    assert sum(bin["count"] for bin in bins) == 5
