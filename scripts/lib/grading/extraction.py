r"""Find the final answer in a completion (the order is that of DESIGN.md, principle 1).

1. Reasoning is set aside: what stands in ``<think>…</think>``, and all text before a ``</think>``
   that was never opened. A ``<think>`` that is never closed means that there is no answer.
2. The non-empty ``<answer>…</answer>`` spans; several must agree, else there is no answer.
3. Without a span: the last balanced, non-empty ``\boxed{}``, with the boxes that it is joined to.
4. Without a box, in lenient mode only: the final number or expression of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from scripts.lib.grading.prose import boxed_answer, final_expression, reduce_prose

MOST_SPANS = 8
_END_MARKS = re.compile(r"(?:<\|\w{1,40}\|>\s{0,9}){1,4}\Z")  # <|im_end|>
_THINK_TAG = re.compile(r"</?think>")


def extract(completion: str, mode: str, agree: Callable[[str, str], bool]) -> str | None:
    """Return the final answer, or None; `agree` decides whether two spans say the same."""
    text = outside_think(_END_MARKS.sub("", completion))
    if text is None:
        return None
    spans = answer_spans(text)
    if spans:
        answers = list(dict.fromkeys(reduce_prose(span, agree) for span in spans))
        if len(answers) > MOST_SPANS or not all(agree(answers[0], other) for other in answers[1:]):
            return None
        return answers[-1]
    if boxed := boxed_answer(text, agree):
        return boxed
    return final_expression(text) if mode == "lenient" else None


def outside_think(completion: str) -> str | None:
    """Return the text outside the reasoning, or None where a ``<think>`` is never closed."""
    kept: list[str] = []
    position, inside = 0, False
    for tag in _THINK_TAG.finditer(completion):
        if tag[0] == "<think>":
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
    pieces = text.split("</answer>")[:-1]
    contents = [piece.rpartition("<answer>") for piece in pieces]
    return [content.strip() for _, tag, content in contents if tag and content.strip()]
