"""The text that the toy models read: word problems, plain or rendered through the study's prompts.

A corpus is {"tiers": [...], "careless": share, "documents": [{"form", "trace", "tags", "weight"}]}:
  careless  share of the documents whose writer slips (a base model reads unchecked text)
  form   "plain" (question and answer as text) | "training" | "boxed" (a chat with that prompt)
  trace  "short" (one sentence a step) | "long" (each step explained first)
  tags   false leaves out the answer format that the prompt asks for, so that it stays to be learnt
"""

import random
from collections.abc import Sequence
from typing import Any

from scripts.lib.data.prompts import messages, target
from scripts.lib.toy.word_problems import Problem, careless, generate, without_annotations

TOKENIZER_DOCUMENTS = 4000


def answer_text(problem: Problem, form: str, trace: str, tags: bool) -> str:
    """Return what the model should say to a problem.

    A root must read every token that its targets hold: "}." before a line's end would be another.
    """
    steps = without_annotations(problem.trace() if trace == "long" else problem.solution())
    boxed = f"\\boxed{{{problem.answer}}}"
    if form == "plain" or not tags:
        return f"{steps}\nThe answer is {problem.answer}."
    if form == "boxed":
        return f"{steps}\nThe answer is {boxed}."
    if trace == "long":
        boxed = f"{steps.splitlines()[-1]}\nThe answer is {boxed}"
    return target(steps, boxed)[0]["content"]


def render(
    problem: Problem, document: dict[str, Any], prompts: dict[str, Any], tokenizer: Any, end: str
) -> tuple[str, str]:
    """Return one document as prompt and answer, with the token that ends it."""
    form = document["form"]
    answer = answer_text(problem, form, document["trace"], document["tags"])
    if form == "plain":
        return f"Question: {problem.question}\nAnswer:\n", f"{answer}{end}"
    chat = messages(prompts[form], problem.question)
    prompt = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    return prompt, f"{answer}{end}"


def documents(
    corpus: dict[str, Any],
    prompts: dict[str, Any],
    tokenizer: Any,
    rows: int,
    seed: int | str,
    end: str,
) -> list[tuple[str, str]]:
    """Render the first `rows` documents of a corpus; each has its own problem."""
    rng = random.Random(f"corpus {seed}")
    kinds: Sequence[dict[str, Any]] = corpus["documents"]
    weights = [kind["weight"] for kind in kinds]
    problems = generate(corpus["tiers"], rows, f"corpus {seed}", "train")
    rendered = []
    for problem in problems:
        written = careless(problem, rng) if rng.random() < corpus["careless"] else problem
        kind = rng.choices(kinds, weights)[0]
        rendered.append(render(written, kind, prompts, tokenizer, end))
    return rendered
