"""Comparing apart from reading: which answers have the value of a gold."""

import contextlib

import pytest

from scripts.lib.grading.comparison import equivalent
from scripts.lib.grading.scalars import UNREADABLE

EQUAL = [
    ("math500", "6:30", "6:30"),
    ("math500", r"\frac{3}{4}", r"{3 \over 4}"),
    ("math500", r"\frac{3}{4}", r"3 \over 4"),
    ("math500", r"\frac{2}{\sqrt{7}}", r"{2 \over \sqrt{4+3}}"),
    ("math500", "x \\neq 4", r"x\ne4"),
    ("math500", "x \\neq 4", r"x \not= 4"),
    ("math500", "a_m + 1", "{a}_{m}+1"),
    ("gsm8k", "41000", "41 000"),
    ("gsm8k", "41000", r"41\ 000"),
    ("gsm8k", "41000", "41~000"),
    ("gsm8k", "2041000", r"2\,041\,000"),
    ("gsm8k", "41", '"41"'),
    ("gsm8k", "41", "“41”"),
    ("gsm8k", "41", "'41'"),
    ("math500", "41", '$"41"$'),
    ("gsm8k", "250", "250g"),
    ("gsm8k", "41000", "41k"),
    ("gsm8k", "41", "41dollars"),
    ("math500", r"31\%", "31 pct"),
    ("math500", "65", r"65\textnormal{ feet}"),
    ("math500", "y=3x-1", "f(x)=3x-1"),
    ("math500", "f(x)=3x-1", "y=3x-1"),
    ("math500", r"\text{(D)}", "D"),
    ("math500", r"\text{(D)}", r"\text{(D)} x = 3"),
    ("math500", "x^2+x", "x(x+1)=x^2+x"),
    ("olympiadbench", r"$\lfloor n/3 \rfloor$", r"\lfloor \frac{n}{3} \rfloor"),
    ("olympiadbench", r"\frac{1}{9!}", r"\frac{1}{362880}"),
]
DIFFERENT = [
    ("math500", "6:00", "7:00"),
    ("math500", "4:0", "7:0"),
    ("math500", r"\frac{3}{0}", r"\frac{4}{0}"),
    ("math500", "3+1/0", "4+1/0"),
    ("math500", "4", r"\neq 4"),
    ("gsm8k", "41", "41 000"),
    ("gsm8k", "1718", "17 18"),
    ("gsm8k", "1002", "1 000 2"),
    ("gsm8k", "41", "41k"),
    ("gsm8k", "41", "41x"),
    ("gsm8k", "41", "41n"),
    ("math500", "6", "6m"),
    ("math500", "f(x)=3x-1", "g(x)=3x-1"),
    ("math500", r"\text{(D)}", "B"),
    ("math500", r"\text{(D)}", r"\text{(B)} x = 3"),
    ("math500", "x^2+x", "x(x+1)=x^2+2x"),
    ("olympiadbench", r"\lfloor x \rfloor", "x"),
    ("olympiadbench", r"\lfloor x \rfloor", r"\lceil x \rceil"),
    ("olympiadbench", r"\frac{1}{2004!}", r"\frac{1}{2006!}"),
    ("gsm8k", "18", "18!!!"),
]


@pytest.mark.parametrize(("benchmark", "gold", "answer"), EQUAL)
def test_equal_values(benchmark, gold, answer):
    assert equivalent(benchmark, gold, answer)


@pytest.mark.parametrize(("benchmark", "gold", "answer"), DIFFERENT)
def test_different_values(benchmark, gold, answer):
    with contextlib.suppress(UNREADABLE):  # which is wrong, too
        assert not equivalent(benchmark, gold, answer)
