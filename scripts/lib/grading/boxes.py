r"""Find every ``\boxed{}`` of a text."""

import re


def boxes(text: str) -> list[str]:
    r"""Return the contents of every balanced, non-empty ``\boxed{}``; of nested ones, the inner."""
    return [content for _, _, content in box_spans(text)]


def box_spans(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, content) of the same boxes."""
    found: list[tuple[int, int, str]] = []
    open_braces: list[tuple[int, int, bool]] = []
    inner_end = -1
    for token in re.finditer(r"\\(?:boxed|fbox)\s*\{|\\.|[{}]", text, re.DOTALL):
        if token[0] == "}":
            if not open_braces:
                continue
            start, opened, is_box = open_braces.pop()
            content = text[opened : token.start()].strip()
            if is_box and content and inner_end < opened:
                found.append((start, token.end(), content))
                inner_end = token.end()
        elif token[0].endswith("{") and token[0] != "\\{":
            open_braces.append((token.start(), token.end(), token[0] != "{"))
    return found
