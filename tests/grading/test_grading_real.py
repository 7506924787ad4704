"""The grader on every row of the five real benchmarks: golds, equivalent forms, wrong answers."""

import json
import random
import re
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest
import sympy

from scripts.lib.grading import answers, notation, prose
from scripts.lib.grading.comparison import rules_named, tolerance
from scripts.lib.grading.grader import Grader
from scripts.lib.grading.scalars import Scalar
from tests.real_files import FILES, load

# what a word or letter makes of a number
CHANGED = [
    r"{} \text{{ and a half}}", r"{}\text{{ thirds}}", "{} squared", "{} factorial", "{} dozen",
    r"\text{{at least }}{}", "more than {}", r"\text{{not }}{}", r"{}\text{{ or more}}",
    "half of {}", r"-\boxed{{{}}}", r"\boxed{{{}}}\sqrt{{2}}",
]  # fmt: skip
FACTORS = ["{} hundred", r"{}\text{{ thousand}}", "{} million dollars", "{}xyz", "{} mgh", "{}m"]


@pytest.fixture(scope="module")
def golds(real_data):
    """Return (benchmark, gold) of all 2,806 rows."""
    return [
        (benchmark, load(benchmark, json.loads(line), index)["gold"])
        for benchmark, name in FILES.items()
        for index, line in enumerate((real_data / f"{name}.jsonl").open(encoding="utf-8"))
    ]


@pytest.fixture(scope="module")
def grader():
    with Grader(timeout=20.0) as shared:
        yield shared


def read(benchmark, gold):
    rules = rules_named(benchmark)
    return answers.read(notation.tidy(prose.reduce_prose(gold)), rules.comma_groups)


def plain(gold):
    """Return a gold's text as a model might write it in the middle of something longer."""
    return gold.strip().rstrip(".").replace(r"\$", "").replace("$", "")


def members(text):
    """Return the parts of an enumeration."""
    return answers._split(text, re.compile(","))


def fraction(value):
    return (
        str(value)
        if value.denominator == 1
        else rf"\frac{{{value.numerator}}}{{{value.denominator}}}"
    )


def failures(grader, cases, wanted):
    """Judge (category, benchmark, gold, answer); return totals and failures of each category.

    Rows with the same gold are judged once. Prints both as a Markdown table, with one column per
    benchmark (`pytest -s` shows it).
    """
    items = [
        (benchmark, gold, f"<think>so 20</think><answer>{answer}</answer>")
        for _, benchmark, gold, answer in cases
    ]
    different = list(dict.fromkeys(items))
    judged = dict(zip(different, grader.grade_many(different, "strict"), strict=True))
    totals, table, failed = Counter(), {}, {}
    for case, item in zip(cases, items, strict=True):
        verdict = judged[item]
        totals[case[0]] += 1
        cell = table.setdefault(case[0], {}).setdefault(case[1], [0, 0])
        cell[1] += 1
        if verdict.correct is not wanted:
            cell[0] += 1
            failed.setdefault(case[0], []).append((*case[1:], verdict))
    print(f"\n| judged {'wrong' if wanted else 'right'} / total | {' | '.join(FILES)} |")
    for category, row in sorted(table.items()):
        cells = ("{} / {:,}".format(*row[name]) if name in row else "" for name in FILES)
        print(f"| {category} | {' | '.join(cells)} |")
    return totals, failed


def test_every_gold_is_right_against_itself(golds, grader):
    assert len(golds) == 2806
    for form in ("<think>so 20 or \\boxed{7}</think><answer>{}</answer>", r"\boxed{{}}"):
        items = [(b, g, form.replace("{}", g)) for b, g in golds]
        bad = [
            (item, verdict)
            for item, verdict in zip(items, grader.grade_many(items, "strict"), strict=True)
            if not verdict.correct
        ]
        assert not bad


@pytest.mark.slow
def test_every_part_of_every_gold_matters(golds, grader):
    """Gold against gold proves nothing where a part is dropped: change each number and name."""
    cases = []
    for benchmark, gold in golds:
        if tolerance(gold) or prose.has_words(gold):
            continue
        unnamed = re.sub(r"x \\in|t(?=\(0)|k(?= .geqslant)", lambda name: "." * len(name[0]), gold)
        for part in re.finditer(r"\d+", gold):
            changed = f"{gold[: part.start()]}{int(part[0]) + 1}{gold[part.end() :]}"
            cases.append(("number", benchmark, gold, changed))
        for part in re.finditer(r"(?<![\\A-Za-z])[A-Za-df-z](?![A-Za-z])", unnamed):
            other = "q" if part[0] != "q" else "w"
            changed = f"{gold[: part.start()]}{other}{gold[part.end() :]}"
            cases.append(("name", benchmark, gold, changed))
    totals, failed = failures(grader, cases, False)
    assert totals["number"] > 3_500 and totals["name"] > 400, totals
    assert not failed, failed


@pytest.mark.slow
def test_equivalent_forms_are_right(golds, grader):
    totals, failed = failures(grader, [c for g in golds for c in equivalent_forms(*g)], True)
    assert sum(totals.values()) > 15_000
    assert not failed, {name: bad[:3] for name, bad in failed.items()}


@pytest.mark.slow
def test_perturbed_golds_are_wrong(golds, grader):
    draw = random.Random(0)
    by_benchmark = {name: [g for b, g in golds if b == name] for name in FILES}
    cases = [c for g in golds for c in perturbations(*g)]
    for benchmark, gold in golds:
        for other in draw.sample(by_benchmark[benchmark], 3):
            if not same_text(gold, other):
                cases.append(("another gold", benchmark, gold, other))
    totals, failed = failures(grader, cases, False)
    assert sum(totals.values()) > 40_000
    assert not failed, {name: bad[:3] for name, bad in failed.items()}


# Solutions as published, and how many are read right; docs/grading.md says what the others are.
SOLUTIONS = {
    "gsm8k, with its line of ####": ("gsm8k", "gsm8k_test", 1319),
    "gsm8k, without it": ("gsm8k", "gsm8k_test", 1297),
    "math500": ("math500", "math500", 500),
    "minerva": ("minerva", "minerva_math", 272),
    "olympiadbench": ("olympiadbench", "olympiadbench", 423),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SOLUTIONS)
def test_published_solutions_are_read(name, real_data, grader):
    benchmark, file, least = SOLUTIONS[name]
    items = []
    for index, line in enumerate((real_data / f"{file}.jsonl").open(encoding="utf-8")):
        row = json.loads(line)
        solution = row.get("solution") or row.get("answer")
        text = solution if isinstance(solution, str) else solution[0]
        if name.endswith("without it"):
            text = text.rpartition("####")[0]
        items.append((benchmark, load(benchmark, row, index)["gold"], text))
    verdicts = grader.grade_many(items)
    right = sum(verdict.correct for verdict in verdicts)
    others = Counter(
        why_not_read(grader, item, verdict.extracted or "")
        for item, verdict in zip(items, verdicts, strict=True)
        if not verdict.correct
    )
    print(f"{name}: {right} of {len(items)} solutions; of the others {dict(others)}")
    assert right >= least


def why_not_read(grader, item, extracted):
    """Return the kind of a published solution that is not read, as in docs/grading.md."""
    benchmark, gold, text = item
    ends = [re.split(pattern, extracted)[-1] for pattern in ("=", ", ")]
    spans = [content for _, _, content in prose.math_spans(text)[-5:]]
    judged = grader.grade_many([(benchmark, gold, rf"\boxed{{{part}}}") for part in ends + spans])
    if any(verdict.correct for verdict in judged[:2]):
        return "an equation or a list ends in the gold"
    if any(verdict.correct for verdict in judged[2:]):
        return "the text goes on behind the gold"
    return "the gold is none of the last five formulas"


@pytest.mark.slow
def test_answers_in_the_sentences_of_real_solutions_are_found(real_data, grader):
    """What remains is said in other ways: "50 miles for 5 days" ends in another number."""
    items = []
    for line in (real_data / "gsm8k_test.jsonl").open(encoding="utf-8"):
        solution, _, gold = json.loads(line)["answer"].rpartition("####")
        last = re.sub(r"<<.*?>>", "", solution).strip().splitlines()[-1]
        items.append(("gsm8k", gold.strip(), last))
    free = grader.grade_many(items)
    tagged = grader.grade_many([(b, g, f"<answer>{t}</answer>") for b, g, t in items], "strict")
    for verdicts in (free, tagged):
        found = sum(verdict.correct for verdict in verdicts)
        print(f"{found} of {len(items)} last sentences")
        assert found >= 0.95 * len(items)


@pytest.mark.slow
def test_the_row_with_a_tolerance_reaches_both_graders(golds, grader):
    from scripts.lib.evaluation.metric import judge
    from scripts.lib.evaluation.tasks import document

    (gold,) = {
        gold for benchmark, gold in golds if benchmark == "olympiadbench" and tolerance(gold)
    }
    assert tolerance(gold) == (Fraction(42, 10), Fraction(1, 10))
    answers = {
        r"\boxed{4.2}": True,
        r"\boxed{4.25}": True,
        r"\boxed{4.1}": True,
        r"\boxed{4.4}": False,
    }
    verdicts = grader.grade_many([("olympiadbench", gold, answer) for answer in answers], "strict")
    assert [verdict.correct for verdict in verdicts] == list(answers.values())
    row = {"id": "x", "question": "?", "gold": gold}
    theirs = document(row, "olympiadbench", {"system": None, "user": "{question}"}).choices[0]
    assert judge([(theirs, answer) for answer in answers]) == [True, False, False, False]


def same_text(gold, other):
    """Tell golds apart as a reader would: with units dropped, 36 and 36 cm are one answer."""
    value, theirs = (read("math500", each) for each in (gold, other))
    if isinstance(value, Scalar) and isinstance(theirs, Scalar) and value.exact is not None:
        return value.exact == theirs.exact
    return plain(gold) == plain(other)


def equivalent_forms(benchmark, gold):
    found, text = read(benchmark, gold), plain(gold)
    if tolerance(gold):
        return [("tolerance", benchmark, gold, given) for given in ("4.1", "4.3", r"4.25\%")]
    if isinstance(found, Scalar):
        forms = [("spacing", rf"\; {text} \,"), ("dollars", f"${text}$"), ("name", f"x = {text}")]
        if found.numeric and not prose.has_words(gold):
            forms += [
                ("unit", text + unit)
                for unit in (
                    r" \text{ cm}",
                    r"\ \mathrm{km}",
                    " dollars",
                    r"^\circ",
                    r"\%",
                    " m/s^2",
                )
            ]
        if found.exact is not None:
            forms += number_forms(found.exact, benchmark)
        elif not prose.has_words(gold):
            forms += rewritten(found.expression)
    elif isinstance(found, answers.Many) and not re.search(r"[({=]|\\pm", text):
        parts = text.split(",")
        forms = [
            ("order", ", ".join(reversed(parts))),
            ("set", rf"\{{{text}\}}"),
            ("joined", r" \text{ and } ".join(parts)),
        ]
    elif isinstance(found, answers.Based):
        forms = [("base", rf"{found.digits}_{{{found.base}}}")]
    else:
        forms = []
    return [(name, benchmark, gold, answer) for name, answer in forms]


def rewritten(expression):
    """Return an expression in the forms that sympy can write, and its decimals if it has them."""
    if any(mark in str(expression) for mark in ("'", "(t)", "I(0)", ":")):
        return []  # names that sympy would not write as a model does
    names = {
        symbol: symbol.name.replace("_", "_{") + "}" * ("_" in symbol.name)
        for symbol in expression.free_symbols
    }
    expression = expression.doit()  # a logarithm to base 10 as a quotient: the printer drops bases
    forms = {
        "expanded": sympy.expand(expression),
        "factored": sympy.factor(expression),
        "one fraction": sympy.together(expression),
        "rationalised": sympy.radsimp(expression),
    }
    found = [
        (name, sympy.latex(form, symbol_names=names, inv_trig_style="full", ln_notation=True))
        for name, form in forms.items()
    ]
    if expression.is_real and expression.is_number and abs(expression) < 10**6:
        found.append(("decimal", str(sympy.N(expression, 15))))
    return found


def number_forms(value, benchmark):
    forms = [("fraction", fraction(value)), ("fraction", f"{value}")]
    above, below = (
        r" \cdot ".join(f"{prime}^{{{power}}}" for prime, power in sympy.factorint(part).items())
        for part in (abs(value.numerator), value.denominator)
    )
    if value and abs(value.numerator) < 10**15:
        sign = "-" if value < 0 else ""
        forms.append(("factored", rf"{sign}\frac{{{above or 1}}}{{{below or 1}}}"))
    digits = str(abs(value.numerator)).rstrip("0") or "0"
    if value.denominator == 1:
        forms.append(("float", f"{value}.0"))
        if abs(value) >= 1000 and benchmark != "olympiadbench":
            forms += [
                ("commas", f"{int(value):,}"),
                ("commas", f"{int(value):,}".replace(",", r",\!")),
            ]
        if value and len(digits) < 12:
            power = len(str(abs(value.numerator))) - 1
            mantissa = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
            sign = "-" if value < 0 else ""
            forms += [
                ("power of ten", rf"{sign}{mantissa} \times 10^{{{power}}}"),
                ("e-notation", f"{sign}{mantissa}e{power}"),
            ]
    decimal = f"{float(value):.12f}".rstrip("0")
    if Fraction(decimal) == value:
        forms.append(("decimal", decimal))
    return forms


def decimal(value):
    """Write a number as a decimal of enough digits to tell it from its neighbours."""
    return f"{Decimal(value.numerator) / Decimal(value.denominator):f}"


def perturbations(benchmark, gold):
    found, text = read(benchmark, gold), plain(gold)
    if tolerance(gold):
        wrong = [("tolerance", given) for given in ("4.0", "4.31", "42", "-4.2")]
    elif isinstance(found, Scalar):
        wrong = [
            ("listed", f"{text}, {18 if text == '17' else 17}"),
            ("small integers", "1,2,3,4,5,6,7,8,9"),
            ("interval", f"[{text},{text}]"),
            ("tuple", f"({text},{text})"),
            ("equation", "5x-7y+11z+4=0"),
        ]
        if found.numeric and not prose.has_words(gold):
            wrong += [("word", form.format(text)) for form in CHANGED]
            if found.exact != 0 and text[-1] != "%":
                # but 6m is 6 metres in gsm8k, by a rule of its own
                factors = FACTORS[:-1] if benchmark == "gsm8k" else FACTORS
                wrong += [("word", form.format(text)) for form in factors]
        if not prose.has_words(gold):
            wrong += [("off by one", f"({text})+1"), ("times ten", rf"10\cdot({text})")]
            wrong += [("base", f"{text}_7")] if text[-1].isdigit() else []
        if found.exact is not None:
            wrong.append(
                (
                    "tiny numbers",
                    decimal(found.exact * (1 + Fraction(1, 10**4)) or Fraction(1, 10**7)),
                )
            )
            if 0 < abs(found.exact) < Fraction(1, 100):
                wrong += [("tiny numbers", "0"), ("tiny numbers", decimal(found.exact * 2))]
        if found.exact:
            value = found.exact
            changes = {
                "off by one": (value + 1, value - 1),
                "sign": (-value,),
                "times ten": (10 * value, value / 10, 2 * value),
            }
            wrong += [(n, fraction(v)) for n, many in changes.items() for v in many]
        if found.exact == 0 or not found.numeric:
            wrong = [(name, answer) for name, answer in wrong if name != "times ten"]
    elif isinstance(found, answers.Many) and len(parts := members(text)) == len(found.parts):
        wrong = [
            ("missing", ",".join(parts[:-1])),
            ("extra", f"{text}, 987654"),
            ("tuple for a set", f"({text})"),
        ]
    elif isinstance(found, answers.Group) and (inner := re.search(r"[(\[](.*)[)\]]", text)):
        parts = re.sub(r"\\right\s*$", "", inner[1]).split(",")
        wrong = [
            ("set for a tuple", rf"\{{{','.join(parts)}\}}"),
            (
                "other brackets",
                ("[{}]" if found.brackets == "()" else "({})").format(",".join(parts)),
            ),
            ("missing", f"({','.join(parts[:-1])})"),
            ("extra", f"({','.join(parts)},987)"),
        ]
        if parts[0].strip() != parts[1].strip():
            swapped = ",".join([parts[1], parts[0], *parts[2:]])
            wrong.append(("swapped", f"{found.brackets[0]}{swapped}{found.brackets[1]}"))
    elif isinstance(found, answers.Based):
        bases = [str(base) for base in range(2, 17) if str(base) != found.base]
        wrong = [("base", rf"{found.digits}_{{{base}}}") for base in bases] + [
            ("base", found.digits)
        ]
    else:
        wrong = []
    return [(name, benchmark, gold, answer) for name, answer in wrong]
