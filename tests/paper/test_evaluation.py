"""Tests of claims on numbers made up here, printed and measured."""

import itertools

import pytest

from scripts.lib.paper.evaluation import evaluate
from scripts.lib.paper.expressions import parse
from scripts.lib.paper.measured import Measured, comparisons_under
from scripts.lib.paper.printed import printed_numbers
from scripts.lib.paper.truth import Truth, at_least, negation, share
from scripts.lib.paper.verdicts import (
    CONTRADICTED,
    NOT_TESTABLE,
    SUPPORTED,
    UNDECIDED,
    Counts,
    measured_verdict,
    printed_verdict,
)

T, F, U, M = Truth.TRUE, Truth.FALSE, Truth.UNDECIDED, Truth.MISSING


# -------------------------------------------------------------------------------------- logic


@pytest.mark.parametrize("number", range(1, 4))
@pytest.mark.parametrize("truths", [*itertools.product([T, F, U], repeat=3)])
def test_at_least_is_what_every_way_of_deciding_has_in_common(number, truths):
    ways = itertools.product(*([[T, F] if truth is U else [truth] for truth in truths]))
    found = {way.count(T) >= number for way in ways}
    expected = U if len(found) > 1 else T if found == {True} else F
    assert at_least(number, truths) is expected


def test_what_is_missing_is_left_out_of_shares_and_could_be_either_in_counts():
    assert share("all", [T, M]) is share("any", [F, T, M]) is T
    assert share("most", [T, T, F, M]) is T
    assert share("most", [T, F, M, M]) is F
    assert share("half", [T, F, M, M]) is T
    assert share("half", [T, F, F]) is F
    assert at_least(2, [T, M]) is U
    assert share("all", [M, M]) is at_least(1, [M]) is M
    assert negation(M) is M
    assert negation(T) is F


# ----------------------------------------------------------------------------------- on print

GROUPS = {"hybrids": ["base+kd+rl", "base+sft+rl"]}
PROBLEMS = {"math500": 500, "gsm8k": 1000}


def row(cell, math500, gsm8k, table="table2", mark=""):
    named = {"table": table, "section": "Training", "method": cell + mark, "cell": cell}
    return named | {"math500": math500, "gsm8k": gsm8k}


ROWS = [
    row("base", "-", "-", mark="†"),
    row("instruct", "30.0", "40.0"),
    row("instruct+rl", "32.0", "50.0"),
    row("base+kd", "20.0", "20.0"),
    row("base+kd-lora", "20.0", "15.0"),
    row("base+rl", "20.0", "30.0"),
    row("base+kd+rl", "21.0", "25.0", "table3"),
    row("base+sft+rl", "-", "-", "table3", mark="‡"),
]
PAPER = printed_numbers(ROWS, PROBLEMS)


def printed_truth(test, rows=ROWS):
    return evaluate(parse(test), printed_numbers(rows, PROBLEMS), GROUPS).truth


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("instruct+rl > instruct on every benchmark", T),
        ("instruct+rl < instruct on every benchmark", F),
        ("instruct+rl > instruct by 2 on math500", F),  # by more than
        ("instruct+rl > instruct by 1.9 on math500", T),
        ("instruct < instruct+rl by 1.9 on math500", T),
        ("instruct < instruct+rl by 2.1 on math500", F),
        ("instruct+rl clearly > instruct on math500", U),
        ("instruct+rl clearly > instruct on gsm8k", T),
        ("instruct clearly > instruct+rl on gsm8k", F),
        ("base+kd > base+kd-lora on every benchmark", F),  # equal on one
        ("base+kd >= base+kd-lora on every benchmark", T),
        ("base+kd > base+kd-lora on at least 1 benchmarks", T),
        ("base+kd > base+kd-lora on most benchmarks", F),
        ("base+kd > base+kd-lora on at least half of benchmarks", T),
        ("base+kd > base+kd-lora by 2.4 on average", T),  # by 0 and 5
        ("base+kd > base+kd-lora by 2.6 on average", F),
        ("base+kd+rl > each of its parent, its direct-rl on at least 1 benchmarks", T),
        ("base+kd+rl > each of its parent, its direct-rl on every benchmark", F),
        ("each of hybrids > its parent on every benchmark", T),  # the collapsed one is left out
        ("any of base+kd, base+rl > base+kd+rl on gsm8k", T),
        ("each of base+kd, base+rl > base+kd+rl on gsm8k", F),
        ("base+kd+rl > base+rl on most pairs", F),
        ("each of base+kd+rl, instruct+rl > its root on most pairs", T),
        ("base+rl > base on every benchmark", M),
        ("base+rl > base on every benchmark and instruct > base+rl on gsm8k", U),
        ("not base+rl > base on every benchmark", M),
        ("instruct+rl - instruct > base+kd+rl - base+kd on gsm8k", T),
        ("instruct+rl - instruct > base+rl - base+kd on gsm8k", F),
        ("base+sft+rl collapsed", T),
        ("base+kd+rl collapsed", F),
        ("base collapsed", M),
        ("any of hybrids collapsed and not each of hybrids collapsed", T),
        ("instruct = 30.0 on math500", T),
        ("instruct = 30.1 on math500", F),
        ("base = 30.0 on math500", M),
        ("instruct+rl@table2 = instruct+rl@table3 on gsm8k", M),
        ("each of instruct, base+kd+rl counts of 500 on math500", T),
        ("each of instruct, base+kd+rl counts of 40 on math500", F),
        ("2 models are trained", T),
        ("3 models are trained", F),
    ],
)
def test_what_a_test_says_of_printed_numbers(test, expected):
    assert printed_truth(test) is expected


def test_comparisons_are_counted_from_the_left_side_each_once():
    test = parse("base+kd < base+kd-lora on every benchmark or base+kd < base+kd-lora on gsm8k")
    verdict = printed_verdict(test, PAPER, GROUPS)
    assert (verdict.word, verdict.counts) == (CONTRADICTED, Counts(1, 1, 0, 1, 0, 0))


def test_a_number_that_tables_print_differently_is_tried_with_each():
    again = row("instruct+rl", "32.0", "38.0", "table1")
    paper = printed_numbers([again, *ROWS], PROBLEMS)  # instruct+rl: gsm8k 38.0 and 50.0
    one = printed_verdict(parse("instruct+rl > base+rl on gsm8k"), paper, GROUPS)
    other = printed_verdict(parse("instruct+rl > instruct on gsm8k"), paper, GROUPS)
    assert one.word == SUPPORTED
    assert "38.0 in table1 and 50.0 in table2; the verdict is the same" in one.reason
    assert other.word == UNDECIDED
    assert "supported or contradicted" in other.reason
    named = printed_verdict(parse("instruct+rl@table1 < instruct on gsm8k"), paper, GROUPS)
    assert (named.word, named.reason) == (SUPPORTED, "")


def test_a_claim_without_numbers_names_the_rows_that_have_none():
    for test in ("base+rl > base on gsm8k", "base collapsed", "base = 30 on gsm8k"):
        verdict = printed_verdict(parse(test), PAPER, GROUPS)
        assert verdict.word == NOT_TESTABLE
        assert verdict.reason.endswith("the paper's tables have no number of base")


def test_a_row_without_alignment_has_no_numbers():
    rows = [*ROWS, row("Openthinker-7B", "80.0", "")]
    assert printed_truth("openthinker-7b > instruct on math500", rows) is M


# ---------------------------------------------------------------------------------- on a study


def record(accuracy, half=0.05, status="ok"):
    interval = None if accuracy is None else [accuracy - half, accuracy + half]
    return {"accuracy": accuracy, "interval": interval, "status": status}


def compared(cell, other, difference, mark, against="root", prompts="boxed"):
    return {
        "against": against,
        "prompts": prompts,
        "cell": cell,
        "other": other,
        "benchmark": "gsm8k",
        "difference": str(difference),
        "mark": mark,
        "smallest_visible_holm": "0.12",
    }


def study(*rows, **records):
    """Return the numbers of a study whose roles are toys; `records` are on GSM8K."""
    names = {name.replace("_", "+"): found for name, found in records.items()}
    return Measured(
        {(f"toy-{name}", "gsm8k"): found for name, found in names.items()},
        comparisons_under(list(rows), "boxed"),
        {"base": "toy-base", "instruct": "toy-instruct"},
        ("gsm8k",),
    )


def test_a_compared_pair_is_decided_by_its_mark_alone():
    cells = {"base": record(0.2), "base_rl": record(0.6), "base_sft": record(0.5)}
    numbers = study(
        compared("toy-base+rl", "toy-base", 0.4, "*"),
        compared("toy-base+sft", "toy-base", 0.3, ""),
        **cells,
    )
    word = lambda test: measured_verdict(parse(test), numbers, {}).word  # noqa: E731
    assert word("base+rl > base on gsm8k") == SUPPORTED
    assert word("base < base+rl on gsm8k") == SUPPORTED
    assert word("base+rl <= base on gsm8k") == CONTRADICTED
    assert word("base+rl > base by 50 on gsm8k") == CONTRADICTED
    undecided = measured_verdict(parse("base+sft > base on gsm8k"), numbers, {})
    assert undecided.word == UNDECIDED
    assert undecided.smallest_visible == (0.12, 0.12)
    assert word("base+rl > base on gsm8k and base+sft > base on gsm8k") == UNDECIDED
    assert word("base+rl < base on gsm8k and base+sft > base on gsm8k") == CONTRADICTED


def test_a_pair_that_its_family_could_not_test_is_undecided():
    untested = compared("toy-base+rl", "toy-base", 0.4, "") | {"smallest_visible_holm": ""}
    numbers = study(untested, base=record(0.2), base_rl=record(0.6))
    verdict = measured_verdict(parse("base+rl > base on gsm8k"), numbers, {})
    assert (verdict.word, verdict.smallest_visible) == (UNDECIDED, None)


def test_the_family_of_the_root_counts_where_several_compare_a_pair():
    rows = [
        compared("toy-base+rl", "toy-base", 0.4, "", against="parent"),
        compared("toy-base+rl", "toy-base", 0.4, "*"),
        compared("toy-base+rl", "toy-base", -0.4, "*", prompts="own"),
    ]
    numbers = study(*rows, base=record(0.2), base_rl=record(0.6))
    assert measured_verdict(parse("base+rl > base on gsm8k"), numbers, {}).word == SUPPORTED


def test_what_no_family_compares_is_decided_by_the_interval_of_the_difference():
    numbers = study(base=record(0.2), instruct=record(0.3), instruct_rl=record(0.26))
    word = lambda test: measured_verdict(parse(test), numbers, {}).word  # noqa: E731
    assert word("instruct > base on gsm8k") == SUPPORTED  # 0.1 -+ 0.0707
    assert word("instruct+rl > base on gsm8k") == UNDECIDED  # 0.06
    assert word("instruct > base by 2.9 on gsm8k") == SUPPORTED
    assert word("instruct > base by 3 on gsm8k") == UNDECIDED
    assert word("base > instruct by 2.9 on gsm8k") == CONTRADICTED
    # 0.04 -+ 0.1: two sums have four errors
    assert word("instruct+rl - base > instruct - base by 3 on gsm8k") == UNDECIDED


def test_uneven_intervals_count_on_the_side_that_matters():
    near, far = record(0.2), record(0.3)
    near["interval"], far["interval"] = [0.1, 0.22], [0.28, 0.4]
    numbers = study(base=near, instruct=far)  # below: 0.1 - sqrt(0.02^2 + 0.02^2) > 0
    assert measured_verdict(parse("instruct > base by 7 on gsm8k"), numbers, {}).word == SUPPORTED
    assert measured_verdict(parse("instruct > base by 8 on gsm8k"), numbers, {}).word == UNDECIDED


def test_the_smallest_visible_difference_of_an_interval_has_a_power_of_80_percent():
    numbers = study(base=record(0.2, 0.0), instruct=record(0.21, 1.96 * 0.1))
    verdict = measured_verdict(parse("instruct > base on gsm8k"), numbers, {})
    assert verdict.smallest_visible == pytest.approx((0.28016, 0.28016), rel=1e-3)


def test_collapse_is_that_of_any_seed_and_one_without_a_number_is_compared_with_nothing():
    numbers = study(base=record(0.2), base_rl=record(None, status="collapsed"))
    word = lambda test: measured_verdict(parse(test), numbers, {}).word  # noqa: E731
    assert word("base+rl collapsed") == SUPPORTED
    assert word("base collapsed") == CONTRADICTED
    assert word("base+rl > base on gsm8k") == NOT_TESTABLE


def test_what_the_study_has_not_is_named():
    numbers = study(base=record(0.2), instruct=record(0.3))
    missing = measured_verdict(parse("any of hybrids > its root on gsm8k"), numbers, GROUPS)
    assert missing.word == NOT_TESTABLE
    assert missing.reason == "not in this study: base+kd+rl, base+sft+rl"
    few = numbers._replace(benchmarks=("gsm8k", "math500"))
    for where in ("math500", "every benchmark", "at least 1 benchmarks", "average"):
        verdict = measured_verdict(parse(f"instruct > base on {where}"), few, {})
        assert (verdict.word, verdict.reason) == (NOT_TESTABLE, "not in this study: math500")
    printed = measured_verdict(parse("instruct = 30 on gsm8k"), numbers, {})
    assert (printed.word, printed.reason) == (NOT_TESTABLE, "it asks what the paper prints")
