"""Reading apart from comparing: which answer of a text is taken, for texts as models write them.

Each case is (extracted, completion): the kinds and their reasons stand in docs/grading.md.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.lib.grading.boxes import boxes, last_boxes, loose_box
from scripts.lib.grading.extraction import extract
from scripts.lib.grading.grader import grade
from scripts.lib.grading.plain import plain_lines

READ = {
    "a line is a unit": [
        ("24", "8 * 3 = 24\n#### 24"),
        ("24", "We add 20 + 4 = 24\n\n24"),
        ("24", "6*4\n24"),
        ("y = 7", "2y + 1 = 15\n2y = 14\ny = 7"),
        ("6 \\text{ cm}", "$$\n6 \\text{ cm}\n$$"),
    ],
    "a line of #### marks the answer": [
        ("24", "#### 24\nThis agrees with the 30 that we expected."),
        ("24", "#### Step 1: 20 + 4\nSo 24"),
    ],
    "the rows of an align block are lines": [
        ("x=9", "$$\\begin{aligned}2x&=18\\\\x&=9\\end{aligned}$$"),
        ("40+2", "\\begin{align*}\n42 &= 2\\cdot 21\\\\ &= 40+2\n\\end{align*}"),
    ],
    "boxes that are joined are one answer": [
        ("3, 4", r"\(\boxed{3}\) and \(\boxed{4}\)"),
        ("3, 4", "\\[\\boxed{3}\\]\nor\n\\[\\boxed{4}\\]"),
        ("3, 4", r"\[ \boxed{3} \quad \text{and} \quad \boxed{4} \]"),
        ("3, 4", r"$a=\boxed{3}$, $b=\boxed{4}$"),
        ("3, 4", r"\(x_1 = \boxed{3}\) and \(x_2 = \boxed{4}\)"),
        ("3, 4", r"either \boxed{3} apples or \boxed{4} apples"),
        ("3, 4", r"**\boxed{3}**, **\boxed{4}**"),
        ("3, 4", r"\boxed{3}\boxed{4}"),
        ("4", r"First \boxed{3}, which is too small. So \boxed{4}."),
    ],
    "a box within an expression is a part of it": [
        (r"x^{\boxed{5}}", r"x^{\boxed{5}}"),
        (r"\sqrt{\boxed{5}}", r"\sqrt{\boxed{5}}"),
        (r"1.\boxed{5}", r"So 1.\boxed{5}"),
        (r"not \boxed{5}", r"It is not \boxed{5}"),
        ("5", r"\textbf{\boxed{5}}"),
    ],
    "words behind a box that change its number belong to it": [
        (r"5 \times 10^{6}", r"$\boxed{5}$ million people"),
        (r"5 \times 10^{3}", r"\(\boxed{5}\) thousand"),
        (r"5\dozen", r"\boxed{5} dozen"),
    ],
    "a box that was never closed": [
        ("31", "30 + 1 = 31.\nThe answer is \\boxed{31</answer>"),
        ("31", r"so $\boxed{31$"),
        ("31", r"so \boxed31"),
        ("x", r"so \boxed x"),
        ("31Q", r"It is 3, so \boxed{31Q"),
        ("31", r"31 \boxed{}"),
    ],
    "what runs on answers nothing that was asked": [
        ("12", "The answer is 12.\n\nHuman: What is 1+1?\n\nAssistant: 2"),
        ("12", "12<|endoftext|>User: 3"),
        ("12", "#### 12\n\nQuestion: How many?\n#### 5"),
        ("12", "so \\boxed{12}\n\nProblem 2: find x.\n\\boxed{5}"),
        ("12", "Question: how many legs?\nAnswer: 12"),
    ],
    "what a text calls its answer": [
        ("12", "The answer is 12. It took 3 steps."),
        ("12", "**Answer:**\n\n12\n\nI used 3 steps."),
        ("12", "Final Answer: The final answer is $12$. I hope it is correct."),
        ("12", "The answer is twelve."),
        ("45", "So the answer is forty-five."),
        ("12", "答案是12。"),
        ("12", '{"answer": 12}'),
        ("Maria", "She has 3 cats. The answer is Maria."),
        (r"\text{Maria}", r"The final answer is $\text{Maria}$. I hope it is correct."),
        ("D", "The correct option is D."),
        ("odd", "The number is odd."),
        ("12", r"First \boxed{3}. In all, the final answer is 12."),
    ],
    "a denied number is no answer": [
        (r"\notso 12", "The answer is not 12."),
        (r"\notso 12", "<answer>12 is wrong</answer>"),
        (r"\notso 12", r"<answer>anything but $12$</answer>"),
        ("12", "It does not matter: the sum is 12."),
    ],
    "guesses are all read": [
        ("11, 12", "<answer>maybe 11, maybe 12</answer>"),
        ("11, 12", "It is 11 to 12"),
        ("11, 12", "Perhaps 11, perhaps 12"),
    ],
    "a number beside the answer": [
        ("14", "She reads 14 books in 2 weeks."),
        ("14", "It takes 14 days to plant the 90 trees."),
        ("14", "<answer>The smallest $k$ is 14.</answer>"),
        ("14", "<answer>It is 14 per $k$</answer>"),
        ("2", "It ends in 2"),
        ("x=14", "Hence $x=14$ and the check $2(14)+1=29$ holds."),
    ],
    "the prompt's own word for it": [
        ("14", "The final result is 14.\nThe 3 steps are done."),
        ("14", "The answer is 2 * 6 + 2 = 12 + 1 = 14.\n\nThe final result is 14."),
    ],
    "what only explains the answer": [
        ("a+b=9+5=14", "So $a+b=9+5=14$ (as long as $c$ is positive)."),
        ("14", "So it is 14.\n(Note that 28 is no solution, since it is too large.)"),
        ("14", "He can buy 14 because 14 < 15"),
        ("14", "So the answer is 14, which is the sum of the three numbers."),
        ("14", "The final result is 6 + 7 = 14, which is the sum."),
        ("14", "He eats all of them, which is 6 + 8 = 14 dozen eggs"),
        ("x=14", "Since $y=3$, $x=14$."),
        ("x=14", "We know it. Thus, with $y=7$, $x=14$."),
        ("f(14)", "We need f(14)"),
    ],
    "ornaments": [
        ("14", "The answer is *14*."),
        ("14", "_14_"),
        ("14", "`14`"),
        ("14", "🎉 14 🎉"),
        ("14", "14 ∎"),
        ("14", "It is 14!"),
        ("14", "14!!"),
        ("14!", "14!"),
        ("14", "8 + 6 = <<8+6=14>>14"),
        ("14", "她有14个。"),
        ("14", "<THINK>3</THINK><ANSWER>14</ANSWER>"),
        ("14", "<answer>14"),
    ],
    "brackets": [
        ("[1,4)", "So the domain is [1,4)."),
        ("14", "It is 14 (as 8 + 6 = 14)."),
        (r"\begin{pmatrix} 1 \\ 4 \end{pmatrix}", r"It is \begin{pmatrix} 1 \\ 4 \end{pmatrix}."),
    ],
}
CASES = [(extracted, text) for cases in READ.values() for extracted, text in cases]


def words_apart(text):
    return text and " ".join(text.replace("$", "").split())


@pytest.mark.parametrize(("extracted", "completion"), CASES)
def test_the_answer_that_is_read(extracted, completion):
    assert words_apart(extract(completion, "lenient", str.__eq__)) == extracted


@pytest.mark.parametrize("completion", [text for _, text in CASES])
def test_what_the_strict_mode_reads_the_lenient_mode_reads(completion):
    strict = extract(completion, "strict", str.__eq__)
    assert strict in (None, extract(completion, "lenient", str.__eq__))


def test_a_box_that_the_text_behind_it_denies_earns_no_reward():
    text = r"First \boxed{3}. In all, the final answer is 12."
    assert extract(text, "strict", str.__eq__) is None
    assert extract(text.replace("12", "3"), "strict", str.__eq__) == "3"


def test_boxes_of_a_text():
    text = r"\boxed{1} so \boxed{2}, \fbox{3} \boxed{}"
    assert boxes(text) == ["1", "2", "3"]
    assert last_boxes(text)[0] == ["2", "3"]
    assert loose_box(r"\boxed{} 4") is None


def test_a_text_in_lines():
    text = "**a** `b` $$\n1\n$$ *c* 2 * 3 * 4\n\\begin{align}x&=1\\\\&=2\\end{align}"
    assert plain_lines(text).split("\n") == ["a b $$ 1 $$ c 2 * 3 * 4", "$x=1$", "$=2$", ""]


numbers = st.integers(-(10**6), 10**6).map(str)
remarks = st.sampled_from(["Let us see.", "First, we read it.", "This is easy.", "So we add."])
prose = st.lists(remarks, max_size=4)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(prose, prose, numbers)
def test_text_without_an_answer_before_a_box_changes_nothing(lines, others, number):
    texts = {f"{chr(10).join(given)}\n\\boxed{{{number}}}" for given in (lines, others, [])}
    for mode in ("lenient", "strict"):
        assert {extract(text, mode, str.__eq__) for text in texts} == {number}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(numbers.map("We get {}.".format), min_size=1, max_size=4), st.randoms(), numbers)
def test_the_order_of_the_lines_before_the_answer_changes_nothing(lines, draw, number):
    mixed = draw.sample(lines, len(lines))
    texts = ["\n".join([*given, f"The answer is {number}."]) for given in (lines, mixed)]
    assert {extract(text, "lenient", str.__eq__) for text in texts} == {number}


FORMS = ["<answer>{}</answer>", "The answer is ${}$.", "#### {}", "**Answer:** ${}$"]
ANSWERS = [
    "18",
    "-3",
    r"\frac{14}{3}",
    r"3\sqrt{13}",
    "6 - 5i",
    "(3, 4]",
    "1,-2",
    "2x+3",
    "90^\\circ",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_what_is_right_in_a_box_is_right_in_every_form(form, answer):
    assert grade("math500", answer, rf"\boxed{{{answer}}}").correct
    assert grade("math500", answer, form.format(answer)).correct


@settings(max_examples=100, deadline=None, derandomize=True)
@given(numbers, st.sampled_from(FORMS))
def test_any_number_is_read_in_every_form(number, form):
    assert grade("gsm8k", number, form.format(number)).correct


@pytest.mark.parametrize("joint", [" or ", ", ", r" \quad ", "\n", "", r"\) or \(", " apples or "])
@pytest.mark.parametrize("mode", ["lenient", "strict"])
def test_a_list_of_guesses_is_never_right(joint, mode):
    guesses = rf"\(\boxed{{17}}{joint}\boxed{{18}}\)"
    assert not grade("gsm8k", "18", guesses, mode).correct
