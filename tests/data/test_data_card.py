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


def test_the_card_spells_out_what_would_act_on_a_terminal():
    clean = {"rows_in": 1, "steps": [{"step": "s", "removed": [{"id": "\x1b[2J", "reason": "r"}]}]}
    text = card("gsm8k", {"subset": "a\u202eb"}, {"clean": clean}, [])
    assert "| <U+001B>[2J | s | r |" in text
    assert "| subset | a<U+202E>b |" in text


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


PROMPT = {"system": None, "user": "{question}\nBox it."}


def teacher(name):
    return {"teacher": name, "model": f"{name} at its place", "licence": "mit", "prompt": PROMPT}


def test_the_card_of_own_traces_has_the_teachers_their_prompt_and_how_their_traces_ended():
    far = {
        "rows": 200,
        "counts": {"ok": 170, "refused": 4, "empty": 6, "cut": 20},
        "tokens": {"prompt": 12_000, "completion": 50_000},
        "uncounted": 2,
        "cost": {"amount": 1.5, "currency": "USD", "prompt": 1, "completion": 2},
    }
    here = {"rows": 100, "cut_off": 0.25}
    examples = {
        "rows_in": 300,
        "steps": [],
        "teachers": {
            "far": {"traces": 200, "right": 150, "selected": 60},
            "here": {"traces": 100, "right": 40, "selected": 30},
        },
    }
    records = {"far/raw": far, "here/raw": here, "examples": examples}
    lines = card("kd", {}, records, [], [teacher("far"), teacher("here")]).splitlines()
    assert "| far | far at its place | mit |" in lines
    told = "12,000 read, 50,000 written, 2 traces without a count"
    assert f"| far | 200 | 75.0% | 10.0% | 2.0% | 3.0% | {told} | 1.50 USD |" in lines
    measured = "in costs.csv"
    assert f"| here | 100 | 40.0% | 25.0% | - | - | {measured} | not priced |" in lines
    at = lines.index("Prompt, user:")
    assert lines[at + 2 : at + 4] == ["    {question}", "    Box it."]
    assert "Prompt, system: none; the chat template may have its own." in lines


def test_without_a_selection_every_right_trace_is_an_example():
    records = {"raw": {"rows": 100, "cut_off": 0.0}, "examples": {"rows_in": 100, "rows_out": 93}}
    assert "| toy | 100 | 93.0% | 0.0% |" in card("kd", {}, records, [], [teacher("toy")])


def test_published_traces_have_no_section_on_teachers():
    assert "## Teachers" not in card("kd", {}, {"raw": {"rows": 1}}, [])
