r"""Find the final answer in a completion (the order is that of docs/grading.md).

1. Reasoning is set aside: what stands in ``<think>…</think>``, and all text before a ``</think>``
   that was never opened. A ``<think>`` that is never closed means that there is no answer.
2. What follows a mark or turn of a chat template is cut off: it answers nothing that was asked.
3. A problem that the model poses to itself ends the text, once it has answered the one before.
4. The non-empty ``<answer>…</answer>`` spans; several must agree, else there is no answer.
5. Without a span: the last balanced, non-empty ``\boxed{}``, with the boxes that it is joined to.
   Where the text behind it states another answer, that one counts, and in strict mode none.
6. Without a box, in lenient mode only: an ``<answer>`` that was never closed, else free text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from scripts.lib.grading.boxes import boxes, last_boxes
from scripts.lib.grading.free_text import final_expression, stated_answer
from scripts.lib.grading.plain import before_next_turn, next_problems, plain_lines
from scripts.lib.grading.prose import boxed_answer, reduce_prose

MOST_SPANS = 8
_THINK_TAG = re.compile(r"</?think>", re.IGNORECASE)
_OPEN_TAG, _CLOSE_TAG = (
    re.compile("<answer>", re.IGNORECASE),
    re.compile("</answer>", re.IGNORECASE),
)


def extract(completion: str, mode: str, agree: Callable[[str, str], bool]) -> str | None:
    """Return the final answer, or None; `agree` decides whether two answers say the same."""
    text = outside_think(completion)
    if text is None:  # perhaps it is another turn that thinks
        text = outside_think(before_next_turn(completion))
    if text is None:
        return None
    text = before_next_problem(before_next_turn(text))
    spans = answer_spans(text)
    if spans:
        answers = list(dict.fromkeys(reduce_prose(span, agree) for span in spans))
        if len(answers) > MOST_SPANS or not all(agree(answers[0], other) for other in answers[1:]):
            return None
        return answers[-1]
    if boxed := boxed_answer(text, agree):
        stated = stated_answer(plain_lines(text[last_boxes(text)[1] :][:1000]))
        if stated is None or agree(boxed, stated):
            return boxed
        return stated if mode == "lenient" else None
    if mode == "strict":
        return None
    *_, opened = _OPEN_TAG.split(text)
    return final_expression(opened)


def before_next_problem(text: str) -> str:
    """Cut a text where it poses another problem after it has answered one."""
    for start in next_problems(text)[:20]:
        before = text[:start]
        if answer_spans(before) or boxes(before) or stated_answer(plain_lines(before[-1000:])):
            return before
    return text


def outside_think(completion: str) -> str | None:
    """Return the text outside the reasoning, or None where a ``<think>`` is never closed."""
    kept: list[str] = []
    position, inside = 0, False
    for tag in _THINK_TAG.finditer(completion):
        if not tag[0].startswith("</"):
            if not inside:
                kept.append(completion[position : tag.start()])
            inside = True
        else:
            if not inside:
                kept.clear()  # the opening tag stood in the prompt: all of it was reasoning
            position, inside = tag.end(), False
    return None if inside else "\n".join([*kept, completion[position:]])


def answer_spans(text: str) -> list[str]:
    """Return the non-empty contents of ``<answer>…</answer>``; of nested tags, the innermost."""
    pieces = _CLOSE_TAG.split(text)[:-1]
    contents = [_OPEN_TAG.split(piece) for piece in pieces]
    return [tags[-1].strip() for tags in contents if len(tags) > 1 and tags[-1].strip()]
