"""The format of paper section 3.3, reasoning and answer in tags.

ASSUME: a completion is in the format when it is one <think> pair and then one <answer> pair, both
with content, with nothing but white space around and between them. Content means a letter or digit:
tags copied with nothing or dots between them earn nothing.
"""

import re

_FORMAT = re.compile(r"\s*<think>(.*)</think>\s*<answer>(.*)</answer>\s*", re.DOTALL)
_TAG = re.compile(r"</?(?:think|answer)>")
_CONTENT = re.compile(r"[^\W_]")


def in_format(text: str) -> bool:
    """Tell whether a completion is in the format of paper 3.3."""
    found = _FORMAT.fullmatch(text) if len(_TAG.findall(text)) == 4 else None
    return found is not None and all(_CONTENT.search(content) for content in found.groups())


def whole_text(opened: str, text: str) -> str:
    """Return what is judged: the completion behind what the prompt has opened.

    Behind a thought that the prompt has closed again, what is before the answer is the thought.
    """
    thought, tag, answer = text.partition("<answer>")
    if "</think>" in opened and tag:
        return f"<think>{thought}</think>{tag}{answer}"
    return opened + text
