"""Comparing: what counts as the same answer, and what never does."""

import time

import pytest

from scripts.lib.grading.comparison import equivalent
from scripts.lib.grading.scalars import UNREADABLE

NO_VALUE = [
    (r"\frac{1}{0}", r"\frac{2}{0}"),
    ("1+1/0", "2+1/0"),
    ("n/0", "2n/0"),
    ("n/0", "m/0"),
    ("0^{-1}", r"2\cdot 0^{-1}"),
    (r"\frac{1}{1-1}", r"\frac{2}{2-2}"),
    (r"\frac{n}{1-1}", r"\frac{n}{2-2}"),
    (r"\infty", r"\frac{1}{0}"),
    (r"\ln 0", r"2\ln 0"),
]
STEPS = [
    (r"\lfloor x+1\rfloor", r"1+\lfloor x \rfloor", True),
    (r"-\lfloor -x\rfloor", r"\lceil x \rceil", True),
    (r"$\lfloor\log _{2} n\rfloor+1$", r"\lceil\log_2(n+1)\rceil", True),  # n is whole
    (r"$\lceil n / 2\rceil+1$", r"\lfloor (n+1)/2\rfloor+1", True),
    (r"x \bmod 2", r"x-2\lfloor x/2\rfloor", True),
    (r"\lfloor x\rfloor", "x", False),
    ("x", r"\lceil x\rceil", False),
    (r"\lceil x\rceil", r"\lfloor x\rfloor", False),
    (r"\lfloor x\rfloor", r"\lceil x \rceil-1", False),  # but for whole x
    (r"$\lceil n / 2\rceil+1$", "n/2+1", False),
    (r"x \bmod 2", "x", False),
]
TINY_AND_HUGE = [
    ("1/2004!", r"\frac{2005}{2005!}", True),
    ("0", r"\sqrt{8}-2\sqrt{2}", True),
    (r"\sqrt{8}-2\sqrt{2}", "0.0", True),
    (r"e^{i\pi}+1", "0", True),
    ("e^{-200}", r"\frac{1}{e^{200}}", True),
    (r"10^{30}\sqrt{8}", r"\frac{4\cdot 10^{30}}{\sqrt{2}}", True),
    ("1/2004!", "1/2006!", False),
    ("1/2004!", "0", False),
    ("0", "1/2004!", False),
    (r"\frac{1}{100!}", r"\frac{1}{100!+1}", False),
    ("2004!", "2004!+1", False),
    ("e^{-200}", "e^{-201}", False),
]
SEVERAL_FORMS = [
    ("2/5", r"\frac{4}{10}, \frac{2}{5}", True),
    ("2/5", r"\frac{4}{10}, \frac{3}{5}", False),
    ("4", r"\pm 4", False),
    ("3,3", "3", False),
    ("5", "5,005", False),
    ("5", "5, 005", False),
    ("17", "17,017,017", False),
    ("100", "100,100", False),
]
FACTORIALS = [
    ("99!", r"99\cdot 98!", True),
    ("720", "(3!)!", True),
    ("n!", "n(n-1)!", True),
    ("18", "18!!!", False),
    ("18", "((((99!)!)!)!)!", False),
    ("18", "10^{10^{10}}!", False),
]
TIMES_AND_RATIOS = [
    ("12:00", r"12\!:\!00", True),
    ("3:30", "3:30 p.m.", True),
    (r"3:30\text{ p.m.}", "15:30", True),
    ("12:30", "t = 12:30", True),
    ("3:2", "6:4", True),
    ("3:2", "3/2", True),
    ("9:16", r"\frac{9}{16}", True),  # a ratio that looks like a time
    ("16:25", "32:50", True),
    ("3:0", "3:0", True),
    ("1:2:3", "1 : 2 : 3", True),
    ("12:00", "1:00", False),
    ("12:30", "6:15", False),  # the same ratio
    ("12:30:15", "12:30:16", False),
    (r"3:30\text{ p.m.}", "3:30 am", False),
    ("3:30", "15:30", False),
    ("10:10", "1", False),
    ("5:00", "5", False),
    ("5", "5:00", False),
    ("3:0", "5:0", False),
    ("1:2:3", "1:6", False),
]
FORMS = [
    (r"\frac12", r"{1 \over 2}", True),
    (r"\frac12", r"x = 1 \over 2", True),
    (r"\frac{6}{5}", r"{(3)(4) \over 2\sqrt{4+3(7)}}", True),
    (r"(\frac12,3)", r"\left(1 \over 2, 3\right)", True),
    (r"\sqrt{\frac12}", r"\sqrt{1\over 2}", True),
    (r"\frac{\frac12}{3}", r"{{1\over 2}\over 3}", True),
    (r"3\frac12", r"3{1\over 2}", True),
    (r"\binom{5}{2}", r"{5 \choose 2}", True),
    (r"\frac12", r"{2 \over 1}", False),
    ("125", r"125\textnormal{ miles}", True),
    (r"\text{ellipse}", r"\textnormal{ellipse}", True),
    (r"x \neq 3", r"x\ne3", True),
    (r"x \neq 3", r"3 \not= x", True),
    (r"x \neq 3", "x ≠ 3", True),
    (r"x\neq 2,x \neq 3", r"x\ne 3 \text{ and } x \ne 2", True),
    (r"x \neq 3", "x = 3", False),
    (r"x \neq 3", "3", False),
    (r"x \neq 3", r"y \neq 3", False),
    ("18", r"\not= 18", False),
    ("18", r"x \ne 18", False),
    ("[2,3]", r"x \not\in [2,3]", False),
    (r"(-\infty,3)", r"x \not< 3", False),
    (r"g_k + \frac{\gamma k^3}{2}", r"{g}_{k} + \frac{\gamma k^3}{2}", True),
    (r"\frac{g_k}{2}", r"\frac{{g}_{k}}{2}", True),
    ("x_1x_2", "{x}_{1}{x}_{2}", True),
    ("x_1", "{x}_{2}", False),
    ("vT", r"v\ T", True),
]
THOUSANDS = ["70 000", r"70\ 000", "70~000", r"70\,000", "70{,}000", r"70,\!000", r"\$70\;000"]
NO_THOUSANDS = [
    ("1718", "17 18"),
    ("10002", "1 000 2"),
    ("1000", "1 000 2"),
    ("70000", "7 0000"),
    ("1234567", "1234 567"),
    ("(12,102)", "(12102)"),
]
QUOTED = ['"42"', "'42'", "“42”", "‘42’", "`42`", "``42''", '"42."', '$"42"$']
UNITS = [
    ("gsm8k", "370", "370g", True),
    ("gsm8k", "20", "20m", True),
    ("gsm8k", "9", "9m/s", True),
    ("gsm8k", "70000", "70k", True),
    ("gsm8k", "70000", "$70K dollars", True),
    ("gsm8k", "1500000", "1.5M", True),
    ("gsm8k", "28", "28pct", True),
    ("math500", r"28\%", "28 pct", True),
    ("math500", "12", "12dollars", True),
    ("math500", "5", "5kg", True),
    ("olympiadbench", "$6m$", "6m", True),
    ("gsm8k", "70", "70k", False),
    ("gsm8k", "18", "18 mgh", False),
    ("math500", "20", "20m", False),
    ("math500", "70000", "70k", False),
    ("olympiadbench", "$6m$", "6", False),
]
NO_UNITS = ["x", "y", "z", "n", "a", "b", "c", "i", "e", "π", r"\pi", "xyz", "xy", "ab", "mn"]
FUNCTIONS = [
    ("y = 2x+3", "f(x) = 2x+3", True),
    ("f(x) = 2x+3", "y = 3+2x", True),
    ("$f(x)=x,f(x)=-x$", "y=-x, y=x", True),
    ("y = 2x+3", "f(x) = 2x+4", False),
    ("y = 2x+3", "g(x) = 2x+3", False),
    ("y = 2x+3", "x = 2x+3", False),
    ("x = 5", "f(x) = 5", False),
]
CHOSEN = [
    "C", "(C)", "C.", r"\text{C}", r"\text{(C)}", r"\textbf{(C)}\ 27", r"\text{(C)} y = 2x",
    "C) 27", "Option C", '"C"',
]  # fmt: skip
NOT_CHOSEN = [
    "A", r"\text{(B)} y=2x", "(A) or (C)", "(C) or (A)", "C, D", "(C) and (D)", "27", "C = 5", "2C",
    "C^2", "(C)+1", "c", "(C) - 3", "(C) is wrong",
]  # fmt: skip
DERIVED = [
    ("5", r"\begin{aligned}3x&=15\\x&=5\end{aligned}", True),
    ("5", r"$$\begin{gather*}3x=15\\x=5\\ \end{gather*}$$", True),
    ("5", r"3x &= 15 \\ x &= 5", True),
    ("10", r"\begin{align*}2+3+5&=5+5\\&=10.\end{align*}", True),
    ("x^2-1", r"\begin{align*}(x+1)(x-1)&=x^2-1\end{align*}", True),
    (r"(1,2)", r"\begin{align*}A&=(1,2)\end{align*}", True),
    (
        r"\begin{pmatrix}1&2\\3&4\end{pmatrix}",
        r"\begin{align}A&=\begin{pmatrix}1&2\\3&4\end{pmatrix}\end{align}",
        True,
    ),
    ("15", r"\begin{aligned}3x&=15\\x&=5\end{aligned}", False),
    ("x^2-2", r"\begin{align*}(x+1)(x-1)&=x^2-2\end{align*}", False),
]


def judge(gold: str, answer: str, benchmark: str = "math500") -> bool:
    """Tell whether an answer is judged right, as the grader does: one without a value is wrong."""
    try:
        return equivalent(benchmark, gold, answer)
    except UNREADABLE:
        return False


@pytest.mark.parametrize(("gold", "answer"), NO_VALUE)
def test_a_division_by_zero_has_no_value(gold, answer):
    assert not judge(gold, answer) and not judge(answer, gold)
    assert judge(gold, gold) and judge(answer, answer)


@pytest.mark.parametrize(("gold", "answer", "right"), STEPS)
def test_step_functions_between_whole_numbers(gold, answer, right):
    assert judge(gold, answer, "olympiadbench") is right
    assert judge(answer, gold, "olympiadbench") is right


@pytest.mark.parametrize(("gold", "answer", "right"), TINY_AND_HUGE)
def test_tiny_and_huge_numbers(gold, answer, right):
    assert judge(gold, answer) is right


@pytest.mark.parametrize(("gold", "answer", "right"), SEVERAL_FORMS)
def test_one_value_in_several_forms_is_no_list_of_guesses(gold, answer, right):
    assert equivalent("math500", gold, answer) is right


@pytest.mark.parametrize(("gold", "answer", "right"), FACTORIALS)
def test_factorials_end_in_time(gold, answer, right):
    begin = time.monotonic()
    assert judge(gold, answer) is right
    assert time.monotonic() - begin < 5.0


@pytest.mark.parametrize(("gold", "answer", "right"), TIMES_AND_RATIOS)
def test_a_time_is_two_numbers_and_a_ratio_one(gold, answer, right):
    assert judge(gold, answer) is right


@pytest.mark.parametrize(("gold", "answer", "right"), FORMS)
def test_other_ways_to_write_the_same(gold, answer, right):
    assert judge(gold, answer) is right


@pytest.mark.parametrize("benchmark", ["gsm8k", "math500", "olympiadbench"])
@pytest.mark.parametrize("answer", THOUSANDS)
def test_digit_groups(benchmark, answer):
    assert judge("70000", answer, benchmark) and judge(answer, "70000", benchmark)
    assert not judge("70", answer, benchmark) and not judge("70001", answer, benchmark)


@pytest.mark.parametrize(("gold", "answer"), NO_THOUSANDS)
def test_other_digits_side_by_side_are_no_number(gold, answer):
    assert not judge(gold, answer)


def test_what_stands_behind_digit_groups():
    assert judge(r"3\frac{125}{256}", "3 125/256")  # a mixed number
    assert judge(r"\frac{70000}{3}", "70{,}000/3")
    assert judge("10080", r"10,\!080^\circ") and judge("10080", r"10 080^{\circ}")


@pytest.mark.parametrize("answer", QUOTED)
def test_quotes_around_an_answer(answer):
    assert judge("42", answer) and not judge("41", answer)


def test_a_prime_is_no_quote():
    assert judge("f'", "f'") and not judge("f'", "f")


@pytest.mark.parametrize(("benchmark", "gold", "answer", "right"), UNITS)
def test_units_at_a_number(benchmark, gold, answer, right):
    assert judge(gold, answer, benchmark) is right


@pytest.mark.parametrize("benchmark", ["gsm8k", "math500", "minerva"])
@pytest.mark.parametrize("letters", NO_UNITS)
def test_variables_and_constants_are_no_units(benchmark, letters):
    assert not judge("18", "18" + letters, benchmark)


@pytest.mark.parametrize(("gold", "answer", "right"), FUNCTIONS)
def test_y_is_a_function_of_x(gold, answer, right):
    assert judge(gold, answer, "olympiadbench") is right


@pytest.mark.parametrize("gold", [r"\text{(C)}", "C", "(C)"])
def test_the_letter_of_a_choice_decides(gold):
    assert [answer for answer in CHOSEN if not judge(gold, answer)] == []
    assert [answer for answer in NOT_CHOSEN if judge(gold, answer)] == []


def test_a_letter_is_no_number():
    assert not judge("5", "C") and judge("5", "(C) 5") and not judge("5", "(C) 6")


@pytest.mark.parametrize(("gold", "answer", "right"), DERIVED)
def test_the_last_row_of_a_derivation_is_the_answer(gold, answer, right):
    assert judge(gold, answer) is right


@pytest.mark.parametrize(
    ("rules", "gold", "answer"),
    [
        ("tolerance", r"4.2 \pm 0.1", "4.15"),
        ("number-lists", "1,234", "234, 1"),
        ("glued-units", "20", "20m"),
    ],
)
def test_a_rule_holds_where_a_data_set_names_it(rules, gold, answer):
    assert equivalent(rules, gold, answer)
    assert equivalent("glued-units number-lists tolerance", gold, answer)
    assert not equivalent("", gold, answer)


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        ("2, 3", "3, 2", True),
        ("(2, 3)", "(3, 2)", False),
        ("B", "(B)", True),
        (r"\text{B}", "B", True),
        ("B", "C", False),
        ("12", "12 cm", True),
        ("even", "even", True),
    ],
)
def test_golds_of_every_set_that_need_no_rule(gold, answer, right):
    assert equivalent("", gold, answer) is right
