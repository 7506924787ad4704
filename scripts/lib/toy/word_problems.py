"""Seeded word problems in the manner of GSM8K: a story in short sentences, one operation each.

A tier says how hard the problems are:
  {"steps": [low, high], "start": [low, high], "operand": [low, high], "factor": [low, high],
   "operations": ["add", "sub", "mul", "div"], "largest": n, "distractors": n}
An operation that is listed twice is chosen twice as often.
"""

import hashlib
import random
import re
from dataclasses import dataclass, replace
from typing import Any

NAMES = {
    "she": ["Ana", "Bea", "Cora", "Dina", "Eva", "Gina", "Ida", "Kim", "Lea", "Mia", "Nora", "Pia"],
    "he": ["Al", "Ben", "Carl", "Dan", "Finn", "Hal", "Ian", "Jon", "Leo", "Max", "Ned", "Tim"],
}
ITEMS = ["pens", "cups", "eggs", "nuts", "hats", "figs", "keys", "pins", "cards", "coins", "plums"]
ITEMS += ["stones", "beads", "nails", "rings", "seeds"]
PLACES = ["park", "shop", "farm", "fair", "lake", "school", "mill", "port"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

# Names, numbers and days stand in every few words, so that two questions hardly ever share
# thirteen words in a row (the decontamination's measure).
STARTS = [
    "{name} has {n} {item} on {day}.",
    "On {day} {name} has {n} {item}.",
    "{name} takes {n} {item} to the {place}.",
]
TELL = {
    "add": [
        "{friend} adds {n} on {day}.",
        "{He} buys {n} from {friend}.",
        "{n} more come from {friend} on {day}.",
    ],
    "sub": [
        "{friend} takes {n} on {day}.",
        "{He} sells {n} to {friend}.",
        "On {day} {he} gives {n} to {friend}.",
    ],
    "mul": [
        "{friend} makes it {n} times on {day}.",
        "By {day} {friend} makes it {n} fold.",
    ],
    "div": [
        "On {day} {friend} leaves one of {n} shares.",
        "{He} keeps one of {n} shares with {friend}.",
    ],
}
DISTRACTORS = ["{friend} has {n} {other}.", "On {day} {friend} sees {n} {other}."]
ASKS = [
    "How many {item} does {name} have?",
    "How many {item} has {name} now?",
]
SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
SOLVE = {"add": "Now {he} has", "sub": "{He} keeps", "mul": "That makes", "div": "One share is"}
EXPLAIN = {
    "add": "{n} more come, so we add {n} to {a}.",
    "sub": "{n} are taken away, so we take {n} from {a}.",
    "mul": "It grows {n} fold, so we multiply {a} by {n}.",
    "div": "There are {n} equal shares, so we divide {a} by {n}.",
}
SHARE_OF_TEST = 0.25
MAX_TRIES = 200
MAX_REFUSED = 10_000


@dataclass(frozen=True)
class Step:
    """One calculation: value, operation, operand and result."""

    operation: str
    value: int
    operand: int
    result: int

    def equation(self) -> str:
        """Return the calculation with GSM8K's calculator annotation."""
        sign = SIGNS[self.operation]
        note = f"<<{self.value}{sign}{self.operand}={self.result}>>"
        return f"{self.value} {sign} {self.operand} = {note}{self.result}"


@dataclass(frozen=True)
class Problem:
    """A question, the words of its story and the steps that lead to its answer."""

    question: str
    words: dict[str, str]
    start: int
    steps: tuple[Step, ...]

    @property
    def answer(self) -> int:
        """Return the final number."""
        return self.steps[-1].result if self.steps else self.start

    def solution(self) -> str:
        """Return the annotated solution, one short sentence a step."""
        return "\n".join(
            f"{SOLVE[step.operation].format(**self.words)} {step.equation()}."
            for step in self.steps
        )

    def trace(self) -> str:
        """Return a longer annotated solution that explains each step before it calculates."""
        lines = ["{name} starts with {n} {item}.".format(n=self.start, **self.words)]
        for step in self.steps:
            why = EXPLAIN[step.operation].format(n=step.operand, a=step.value)
            lines.append(f"{why} {step.equation()}.")
        lines.append("So {he} has {n} {item} in the end.".format(n=self.answer, **self.words))
        return "\n".join(lines)


def split_of(question: str) -> str:
    """Say which half of the toy world a question belongs to, from its text alone.

    Data sets made by separate jobs then never share a question between training and testing.
    """
    share = int.from_bytes(hashlib.sha256(question.encode()).digest()[:4], "big") / 2**32
    return "test" if share < SHARE_OF_TEST else "train"


def without_annotations(solution: str) -> str:
    """Remove GSM8K's `<<a+b=c>>` calculator annotations."""
    return re.sub(r"<<[^<>]*>>", "", solution)


def apply(operation: str, value: int, operand: int) -> int | None:
    """Return the result of one step, None where it is no positive whole number."""
    if operation == "div":
        return value // operand if value % operand == 0 else None
    results = {"add": value + operand, "sub": value - operand, "mul": value * operand}
    return results[operation] if results[operation] > 0 else None


def draw_steps(tier: dict[str, Any], rng: random.Random) -> tuple[int, list[Step]]:
    """Draw a start and as many steps as the tier asks for, within its largest number."""
    count = rng.randint(*tier["steps"])
    for _ in range(MAX_TRIES):
        start = value = rng.randint(*tier["start"])
        steps: list[Step] = []
        while len(steps) < count:
            operation = rng.choice(tier["operations"])
            low, high = tier["factor" if operation in ("mul", "div") else "operand"]
            results = {n: apply(operation, value, n) for n in range(low, high + 1)}
            fitting = {n: r for n, r in results.items() if r and r <= tier["largest"]}
            if not fitting:
                break
            operand = rng.choice(list(fitting))
            steps.append(Step(operation, value, operand, fitting[operand]))
            value = fitting[operand]
        if len(steps) == count:
            return start, steps
    raise SystemExit(
        f"word problems: no {count}-step problem fits the tier {tier}; "
        "raise `largest` or narrow `start`, `operand` and `factor`"
    )


def draw_problem(tier: dict[str, Any], rng: random.Random) -> Problem:
    """Draw one problem of a tier."""
    start, steps = draw_steps(tier, rng)
    he = rng.choice(["she", "he"])
    name = rng.choice(NAMES[he])
    item, other = rng.sample(ITEMS, 2)
    friends = [friend for group in NAMES.values() for friend in group if friend != name]
    words = {"name": name, "item": item, "he": he, "He": he.capitalize()}

    def say(texts: list[str], n: int = 0) -> str:
        drawn = {"friend": rng.choice(friends), "place": rng.choice(PLACES)}
        text = rng.choice(texts)
        return text.format(**words, **drawn, day=rng.choice(DAYS), other=other, n=n)

    story = [say(STARTS, start)] + [say(TELL[step.operation], step.operand) for step in steps]
    for _ in range(tier.get("distractors", 0)):
        story.insert(rng.randint(1, len(story)), say(DISTRACTORS, rng.randint(*tier["operand"])))
    return Problem(" ".join([*story, say(ASKS)]), words, start, tuple(steps))


def careless(problem: Problem, rng: random.Random) -> Problem:
    """Solve a problem the way a careless writer does: one step left out or mistaken for another.

    The question stays. Where no such slip gives whole numbers, the problem is returned as it is.
    """
    slips = []
    for index, step in enumerate(problem.steps):
        plan = [(s.operation, s.operand) for s in problem.steps]
        if len(plan) > 1:
            slips.append(plan[:index] + plan[index + 1 :])
        confused = {"add": "sub", "sub": "add", "mul": "add", "div": "sub"}[step.operation]
        slips.append([*plan[:index], (confused, step.operand), *plan[index + 1 :]])
    rng.shuffle(slips)
    for plan in slips:
        value, steps = problem.start, []
        for operation, operand in plan:
            result = apply(operation, value, operand)
            if result is None:
                break
            steps.append(Step(operation, value, operand, result))
            value = result
        if len(steps) == len(plan) and value != problem.answer:
            return replace(problem, steps=tuple(steps))
    return problem


def generate(tiers: list[dict[str, Any]], rows: int, seed: int | str, split: str) -> list[Problem]:
    """Draw problems without a repeated question; `weight` says how often a tier is chosen."""
    rng = random.Random(f"word problems {seed}")
    weights = [tier.get("weight", 1) for tier in tiers]
    problems: list[Problem] = []
    seen: set[str] = set()
    refused = 0
    while len(problems) < rows:
        problem = draw_problem(rng.choices(tiers, weights)[0], rng)
        if problem.question in seen or split_of(problem.question) != split:
            refused += 1
            if refused > MAX_REFUSED:
                raise SystemExit(
                    f"the tiers have no more than {len(problems)} different {split} problems, "
                    f"{rows} were asked for; ask for fewer rows or widen the tiers"
                )
            continue
        refused = 0
        seen.add(problem.question)
        problems.append(problem)
    return problems
