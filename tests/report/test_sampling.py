"""Which completions' texts are kept: fair, the same in all cells, and within the limit."""

import numpy as np

from scripts.lib.report.sampling import Places, limit_of, sentence, summed

PROBLEMS = {"gsm8k": ["0", "1", "2"], "amc23": ["0", "1"]}
PLACES = Places.of(["boxed", "training"], [0, 7], PROBLEMS)


def test_every_completion_of_a_cell_has_a_place_of_its_own():
    found = [
        PLACES.of_completions(prompt, benchmark, seed, 2).tolist()
        for prompt in ("boxed", "training")
        for benchmark in PROBLEMS
        for seed in (0, 7)
    ]
    every = sorted(place for of_part in found for place in of_part)
    assert every == list(range(5 * 2 * 2 * 2))


def test_first_samples_come_first_then_prompts_then_seeds_then_samples():
    def first_of(prompt, seed, sample):
        return PLACES.of_completions(prompt, "gsm8k", seed, 2).reshape(3, 2)[:, sample].min() // 5

    assert [
        first_of("boxed", 0, 0),
        first_of("training", 0, 0),
        first_of("boxed", 7, 0),
        first_of("training", 7, 0),
        first_of("boxed", 0, 1),
    ] == [0, 1, 2, 3, 4]


def test_the_order_of_problems_is_not_theirs_and_is_always_the_same():
    many = {"gsm8k": [str(n) for n in range(100)]}
    one, two = (Places.of(["boxed"], [0], many).order["gsm8k"].tolist() for _ in range(2))
    assert one == two
    assert one != sorted(one)
    half = [place < 50 for place in one]
    assert 15 < sum(half[:50]) < 35  # of the first half of the file about half


def test_what_is_kept_fits():
    draw = np.random.default_rng(0)
    parts = [
        (PLACES.of_completions("boxed", "gsm8k", seed, 2), draw.integers(1, 100, 6))
        for seed in (0, 7)
        for _ in range(3)  # cells
    ]
    sizes = summed(parts)
    whole = sum(cost.sum() for _, cost in parts)
    assert sizes.sum() == whole
    for room in (-1, 0, 99, whole / 2, whole - 1, whole):
        limit = limit_of(sizes, room)
        kept = sum(cost[places < limit].sum() for places, cost in parts)
        assert kept <= max(room, 0)
        more = sum(cost[places <= limit].sum() for places, cost in parts)
        assert more > room or limit == len(sizes)
    assert limit_of(sizes, whole) == len(sizes)


def test_the_sentence_says_how_many_are_kept():
    assert sentence(12, 12, 1.0, 500).startswith("The texts of all 12 completions")
    some = sentence(1_200, 9_000, 0.5, 20)
    assert "all 9,000 completions" in some
    assert "texts of 1,200" in some
    assert "20 MB" in some
    assert "of 50% of the problems" in some
