"""The language of the tests in paper/claims.yaml, whose header describes it: text to a tree."""

from functools import cache

import pyparsing as pp

from scripts.lib.paper.tree import (
    Collapsed,
    Comparison,
    Connected,
    Counts,
    Equality,
    Expression,
    Side,
    TrainedModels,
    Where,
)

PLAIN = {  # pyparsing's words -> ours
    "end of text": "`and`, `or` or the end",
    "Unbalanced parentheses or expression syntax error": "`and`, `or` or `)`",
}
PRONOUNS = ("parent", "root", "direct-rl")
RESERVED = "and or not on each any of clearly by at most every average its counts collapsed"
NAME = rf"(?!(?:{RESERVED.replace(' ', '|')})(?![\w.@+-]))[a-z][\w.]*(?:[+-][\w.]+)*(?:@\w+)?"


def parse(text: str) -> Expression:
    """Return the tree of a test.

    Raises ValueError with the position and what is expected there.
    """
    try:
        return _grammar().parse_string(text, parse_all=True)[0]
    except pp.ParseBaseException as error:
        found = text[error.loc :].split()[:1]
        at = f"at {found[0]!r}" if found else "at the end"
        expected = error.msg.removeprefix("Expected ")
        raise ValueError(
            f"position {error.loc + 1}, {at}: expected {PLAIN.get(expected, expected)}"
        ) from None


@cache
def _grammar() -> pp.ParserElement:
    """Return the grammar; `-` in place of `+` says that nothing else can follow."""

    def word(text: str) -> pp.ParserElement:
        return pp.Keyword(text, ident_chars=pp.alphanums + "+-._@").suppress().set_name(f"`{text}`")

    def words(text: str) -> pp.ParserElement:
        return pp.And([word(part) for part in text.split()]).set_name(f"`{text}`")

    def listed(element: pp.ParserElement) -> pp.ParserElement:
        return pp.DelimitedList(element).set_parse_action(lambda found: tuple(found))

    cell = pp.Regex(NAME).set_name("a cell")
    benchmark = pp.Regex(NAME).set_name("a benchmark")
    whole = pp.Regex(r"\d+").set_parse_action(lambda found: int(found[0]))
    whole = whole.set_name("a whole number")
    number = pp.Regex(r"\d+(?:\.\d+)?").set_parse_action(lambda found: float(found[0]))
    number = number.set_name("a number")

    its = word("its") - pp.one_of(PRONOUNS, as_keyword=True).set_name(
        "`parent`, `root` or `direct-rl`"
    )
    its.set_parse_action(lambda found: f"its {found[0]}")
    term = (cell | its).set_name("a cell")
    total = term + (pp.Literal("-").suppress() - term)[...]
    total.set_parse_action(
        lambda found: tuple((-1 if place else 1, name) for place, name in enumerate(found))
    )
    every = words("each of").set_parse_action(lambda: "all")
    some = words("any of").set_parse_action(lambda: "any")
    one = total.copy().add_parse_action(lambda found: Side("all", (found[0],)))
    several = (every | some) - listed(total)
    side = one | several.set_parse_action(lambda found: Side(found[0], found[1]))
    side = side.set_name("a cell, `each of` or `any of`")

    unit = (word("benchmarks") | pp.Keyword("pairs")).set_name("`benchmarks` or `pairs`")
    of = word("of") - listed(benchmark)
    half = words("at least half of").set_parse_action(lambda: "half") - unit
    amount = word("most").set_parse_action(lambda: "most") | words("at least") - whole
    counted = amount - (unit | of).set_name("`benchmarks`, `pairs` or `of`")
    where = (
        words("every benchmark").set_parse_action(lambda: Where("all"))
        | word("average").set_parse_action(lambda: Where(average=True))
        | (half | counted).set_parse_action(_where)
        | listed(benchmark).add_parse_action(lambda found: Where("all", benchmarks=found[0]))
    ).set_name("a benchmark, `every benchmark`, `most`, `at least` or `average`")

    operator = pp.one_of(">= <= > <").set_name("`>`, `<`, `>=` or `<=`")
    margin = pp.Optional(word("by") - number, default=0.0)
    clearly = pp.Optional(word("clearly").set_parse_action(lambda: True), default=False)
    comparison = side - clearly - operator - side - margin - word("on") - where
    comparison.set_parse_action(lambda found: Comparison(*found))
    cells = pp.Optional(every | some, default="all") + listed(cell)
    collapsed = (cells + word("collapsed")).set_parse_action(lambda found: Collapsed(*found))
    on = word("on") - listed(benchmark)
    each = pp.Optional(words("each of")) + listed(cell)
    counts = each + word("counts") - word("of") - whole - on
    counts.set_parse_action(lambda found: Counts(*found))
    equality = (
        cell + pp.Literal("=").suppress() - (number | cell).set_name("a number or a cell") - on
    )
    equality.set_parse_action(lambda found: Equality(*found))
    models = whole - words("models are trained")
    models.set_parse_action(lambda found: TrainedModels(found[0]))
    atom = (models | collapsed | counts | equality | comparison).set_name("a test")

    def joined(connective: str) -> pp.ParseAction:
        return lambda found: Connected(connective, tuple(found[0]))

    return pp.infix_notation(
        atom,
        [
            (word("not"), 1, pp.OpAssoc.RIGHT, joined("not")),
            (word("and"), 2, pp.OpAssoc.LEFT, joined("and")),
            (word("or"), 2, pp.OpAssoc.LEFT, joined("or")),
        ],
    )


def _where(found: pp.ParseResults) -> Where:
    amount, *rest = found
    part, number = (None, amount) if isinstance(amount, int) else (amount, 0)
    named = rest[0] if rest and isinstance(rest[0], tuple) else ()
    return Where(part, number, named, pairs=rest == ["pairs"])
