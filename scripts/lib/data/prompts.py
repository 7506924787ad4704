"""Chat prompts and targets: the only place where their text is put together."""

import re
from typing import NotRequired, TypedDict

Message = dict[str, str]


class Prompt(TypedDict):
    """One of the config's `prompts`; `user` has {question} in it.

    Without `chat_template` the text of `user` is all that a model reads.
    """

    system: str | None
    user: str
    chat_template: NotRequired[bool]


CALCULATOR_ANNOTATION = re.compile(r"<<[^<>]*>>")


def messages(prompt: Prompt, question: str) -> list[Message]:
    """Return the chat messages that ask a question.

    Without a system message the model's own chat template supplies its default one.
    """
    system = [{"role": "system", "content": prompt["system"]}] if prompt["system"] else []
    # replace, not format: prompts hold the braces of \boxed{}
    return [*system, {"role": "user", "content": prompt["user"].replace("{question}", question)}]


def target(reasoning: str, answer: str) -> list[Message]:
    """Return the assistant's turn that a model is tuned to give (paper 3.3's two tags).

    Calculator annotations of GSM8K (`<<48/2=24>>`) are left out of the reasoning.
    """
    reasoning = CALCULATOR_ANNOTATION.sub("", reasoning).strip()
    content = f"<think>\n{reasoning}\n</think>\n<answer>\n{answer.strip()}\n</answer>"
    return [{"role": "assistant", "content": content}]
