"""What models wrote, as text that does nothing to a terminal."""

GOLD_WIDTH = 20  # characters of a gold answer in a list
LONGEST = 4000  # characters of a text that are shown, unless all are wanted
TAIL = 1000  # of these, how many are its last


def escape(text: str) -> str:
    r"""Return one line with every character that is not printable spelt out, line breaks too.

    Escape sequences, marks that turn the direction of writing and invisible characters become
    text. Backslashes stay: LaTeX is full of them.

    >>> escape("a\x1b[2Jb\u202ec \\frac{1}{2}")
    'a<U+001B>[2Jb<U+202E>c \\frac{1}{2}'
    """
    if text.isprintable():
        return text
    hidden = (ord(character) for character in set(text) if not character.isprintable())
    return text.translate({code: f"<U+{code:04X}>" for code in hidden})


def clip(text: str, width: int) -> str:
    r"""Return a text on one line of at most `width` characters; "..." stands for what is cut.

    >>> clip("x = \n 1,234,567", 12), clip("18", 12)
    ('x = 1,234...', '18')
    """
    line = escape(" ".join(text[: 4 * width].split()))
    cut = len(line) > width or len(text) > 4 * width
    return line[: width - 3] + "..." if cut else line


def block(text: str, whole: bool = False) -> list[str]:
    r"""Return a text as marked lines; the middle of a long one is left out, and its length said.

    >>> block("One\r\n\ntwo")
    ['  | One<U+000D>', '  |', '  | two']
    """
    if whole or len(text) <= LONGEST:
        return _marked(text)
    gap = f"[{len(text) - LONGEST:,} of {len(text):,} characters left out; --full shows them]"
    return [*_marked(text[: LONGEST - TAIL]), f"  {gap}", *_marked(text[-TAIL:])]


def _marked(text: str) -> list[str]:
    return [f"  | {escape(line)}".rstrip() for line in text.split("\n")]
