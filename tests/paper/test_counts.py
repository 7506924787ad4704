"""Which counts a printed accuracy can stand for, against plain enumeration."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext

import pytest

from scripts.lib.paper.counts import (
    CUT,
    ROUNDED,
    counts,
    fit,
    half_even,
    half_up,
    share_of_texts,
    sizes_that_fit,
)

MODES = {(half_up,): ROUND_HALF_UP, (half_even,): ROUND_HALF_EVEN, CUT: ROUND_DOWN}


@pytest.mark.parametrize("rules", MODES)
@pytest.mark.parametrize("problems", [1, 16, 40, 272, 500, 674])
def test_every_count_prints_as_decimal_arithmetic_prints_it(problems, rules):
    """Ties have few digits, so that 60 digits keep them ties."""
    printed = {}
    with localcontext(prec=60):
        for count in range(problems + 1):
            exact = Decimal(100 * count) / problems
            text = str(exact.quantize(Decimal("0.1"), rounding=MODES[rules]))
            printed.setdefault(text, []).append(count)
    for tenths in range(1001):
        text = f"{tenths // 10}.{tenths % 10}"
        assert list(counts(text, problems, rules)) == printed.get(text, []), text


def test_rounding_is_half_up_or_half_to_even():
    # 17 of 272 is 6.25, 1 of 16 too; 3 of 16 is 18.75.
    assert counts("6.3", 272, (half_up,)) == counts("6.2", 272, (half_even,)) == (17,)
    assert counts("6.3", 272, (half_even,)) == ()
    assert counts("6.3", 16, ROUNDED) == counts("6.2", 16, ROUNDED) == (1,)
    assert counts("18.8", 16, (half_up,)) == counts("18.8", 16, (half_even,)) == (3,)


def test_the_digits_printed_decide_the_unit():
    assert counts("33.33", 3, ROUNDED) == counts("33", 3, ROUNDED) == (1,)
    assert counts("33.34", 3, ROUNDED) == ()


@pytest.mark.parametrize(
    ("printed", "problems", "expected"),
    [("5.0", 40, "either"), ("6.3", 272, "rounded"), ("2.5", 272, "cut"), ("66.7", 40, "neither")],
)
def test_fit(printed, problems, expected):
    assert fit(printed, problems) == expected


def test_sizes_that_fit_all_numbers():
    assert sizes_that_fit(["33.3", "50.0"], range(2, 13), ROUNDED) == [6, 12]
    assert sizes_that_fit(["66.6"], range(2, 4), ROUNDED) == []
    assert sizes_that_fit(["66.6"], range(2, 4), CUT) == [3]


def test_share_of_all_texts():
    assert share_of_texts(10, CUT) == 11 / 1001
    assert share_of_texts(1319, CUT) == share_of_texts(1319, ROUNDED) == 1
