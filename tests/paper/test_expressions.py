"""The language of the claims' tests: what can be said, and how a mistake is named."""

import pytest

from scripts.lib.paper.expressions import parse
from scripts.lib.paper.tree import (
    Collapsed,
    Comparison,
    Connected,
    Counts,
    Equality,
    Side,
    TrainedModels,
    Where,
    names_of,
)


def side(*cells, part="all"):
    return Side(part, tuple(((1, cell),) for cell in cells))


def above(left, right, where, margin=0.0, clearly=False):
    return Comparison(left, clearly, ">", right, margin, where)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a > b on every benchmark", above(side("a"), side("b"), Where("all"))),
        ("a > b on x", above(side("a"), side("b"), Where("all", benchmarks=("x",)))),
        ("a > b on x, y", above(side("a"), side("b"), Where("all", benchmarks=("x", "y")))),
        ("a > b on most benchmarks", above(side("a"), side("b"), Where("most"))),
        ("a > b on at least 3 benchmarks", above(side("a"), side("b"), Where(number=3))),
        (
            "a > b on at least 2 of x, y",
            above(side("a"), side("b"), Where(number=2, benchmarks=("x", "y"))),
        ),
        (
            "a > b on most of x, y",
            above(side("a"), side("b"), Where("most", benchmarks=("x", "y"))),
        ),
        ("a > b on average", above(side("a"), side("b"), Where(average=True))),
        ("a > b by 2.5 on x", above(side("a"), side("b"), Where("all", benchmarks=("x",)), 2.5)),
        ("a clearly > b on average", above(side("a"), side("b"), Where(average=True), 0.0, True)),
        ("each of a, b > c on average", above(side("a", "b"), side("c"), Where(average=True))),
        (
            "any of a, b > each of c, d on average",
            above(side("a", "b", part="any"), side("c", "d"), Where(average=True)),
        ),
        (
            "each of h > its parent on most pairs",
            above(side("h"), side("its parent"), Where("most", pairs=True)),
        ),
        (
            "each of h > its direct-rl on at least half of pairs",
            above(side("h"), side("its direct-rl"), Where("half", pairs=True)),
        ),
        (
            "a+rl - a > b+rl - b on average",
            above(
                Side("all", (((1, "a+rl"), (-1, "a")),)),
                Side("all", (((1, "b+rl"), (-1, "b")),)),
                Where(average=True),
            ),
        ),
        ("a = 6.2 on x", Equality("a", 6.2, ("x",))),
        ("a@table1 = a@table2 on x, y", Equality("a@table1", "a@table2", ("x", "y"))),
        ("each of a, b counts of 83 on x", Counts(("a", "b"), 83, ("x",))),
        ("2 models are trained", TrainedModels(2)),
        ("a collapsed", Collapsed("all", ("a",))),
        ("any of a, b collapsed", Collapsed("any", ("a", "b"))),
    ],
)
def test_each_form_is_read(text, expected):
    assert parse(text) == expected


def test_not_binds_more_than_and_and_and_more_than_or():
    a, b, c = (Collapsed("all", (name,)) for name in "abc")
    negated = Connected("not", (b,))
    expected = Connected("or", (Connected("and", (a, negated)), c))
    assert parse("a collapsed and not b collapsed or c collapsed") == expected
    inner = Connected("or", (negated, c))
    expected = Connected("and", (a, inner))
    assert parse("a collapsed and (not b collapsed or c collapsed)") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "position 1, at the end: expected a test"),
        ("a grater b on x", "position 3, at 'grater': expected `>`, `<`, `>=` or `<=`"),
        ("a > b", "position 6, at the end: expected `on`"),
        ("a > on x", "position 5, at 'on': expected a cell, `each of` or `any of`"),
        ("a > b on at least x", "position 19, at 'x': expected a whole number"),
        ("a > b on at least 3", "position 20, at the end: expected `benchmarks`, `pairs` or `of`"),
        ("a > its parents on x", "at 'parents': expected `parent`, `root` or `direct-rl`"),
        ("a > b by two on x", "position 10, at 'two': expected a number"),
        ("a > b on x c", "position 12, at 'c': expected `and`, `or` or the end"),
        ("(a > b on x", "position 12, at the end: expected `and`, `or` or `)`"),
        ("a > b on x and", "position 15, at the end: expected a test"),
        ("any of a, b counts of 83 on x", "position 13, at 'counts': expected `>`"),
        ("a = on x", "position 5, at 'on': expected a number or a cell"),
    ],
)
def test_a_mistake_is_named_with_its_position_and_what_is_expected(text, expected):
    with pytest.raises(ValueError) as error:
        parse(text)
    assert expected in str(error.value)


def test_the_names_in_a_test_are_found_without_pronouns():
    test = parse("each of h, a+kd-lora > its parent on x and not b@table1 = c on y, x")
    assert names_of(test) == (("h", "a+kd-lora", "b@table1", "c"), ("x", "y"))
