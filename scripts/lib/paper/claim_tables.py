"""The claims and their verdicts as rows, Markdown and LaTeX."""

from collections import Counter
from typing import Any, NamedTuple

from scripts.lib.frames import Column
from scripts.lib.paper.claims import Claim
from scripts.lib.paper.verdicts import (
    CONTRADICTED,
    NOT_TESTABLE,
    OF_PRINT_ALONE,
    SUPPORTED,
    UNDECIDED,
    Counts,
    Verdict,
)
from scripts.lib.scores.forms import escape_latex, markdown_grid

PRINTED = "printed"
CAPTION = "The paper's claims on its own tables and on the numbers of this study."
COLUMNS = [
    Column("id", "text", "short name of the claim in paper/claims.yaml"),
    Column("section", "text", "section of the paper"),
    Column("claim", "text", "the claim in our words"),
    Column("referent", "text", "what is compared with what, where the paper leaves it open"),
    Column("test", "text", "the test, in the language described in paper/claims.yaml"),
    Column("numbers", "text", "what it was tested on: printed, or a prompt of the study, or own"),
    Column("verdict", "text", "supported, contradicted, undecided, not testable"),
    Column("reason", "text", "why it is undecided or not testable"),
    Column("higher", "count", "differences of the test that are above zero"),
    Column("equal", "count", "those that are zero"),
    Column("lower", "count", "those that are below zero"),
    Column("clearly_higher", "count", "those above zero beyond one run's error, or marked"),
    Column("clearly_lower", "count", "those below zero beyond one run's error, or marked"),
    Column("without_number", "count", "differences of which a side has no number"),
    Column("smallest_visible_low", "fraction", "smallest difference seen with 80% power, at best"),
    Column("smallest_visible_high", "fraction", "the same where it is largest"),
    Column("note", "text", "what a reader must know of the claim"),
]
WORDS = {
    SUPPORTED: "the test holds; on measured numbers by marked differences alone",
    CONTRADICTED: "the test fails; on measured numbers by marked differences alone",
    UNDECIDED: "the differences are too small to say; in brackets how large one must be to be "
    "seen with a power of 80%, from benchmark to benchmark",
    NOT_TESTABLE: "there is no test, or no number for it",
}
BEYOND_ERROR = (
    "On the paper's tables the printed numbers decide as they stand. Beside them stands how many "
    "comparisons are higher, equal and lower, the left side of the test against the right one. "
    "Clearly: by more than 1.96 standard errors of one run with one sample per problem (binomial, "
    "unpaired)."
)


class Checked(NamedTuple):
    """A claim and its verdicts, {`printed` or a prompt: verdict}."""

    claim: Claim
    verdicts: dict[str, Verdict]


def claim_rows(checked: list[Checked]) -> list[dict[str, Any]]:
    """Return the rows of claims.csv: one per claim and kind of numbers."""
    rows = []
    for claim, verdicts in checked:
        for numbers, verdict in verdicts.items():
            row = {c.name: claim[c.name] for c in COLUMNS if c.name in claim}
            row |= {"numbers": numbers, "verdict": verdict.word, "reason": verdict.reason}
            row |= verdict.counts._asdict() if verdict.counts else {}
            if verdict.smallest_visible:
                names = ("smallest_visible_low", "smallest_visible_high")
                row |= dict(zip(names, verdict.smallest_visible, strict=True))
            rows.append(row)
    return rows


def shown(checked: list[Checked]) -> list[str]:
    """Return the kinds of numbers on which at least one claim can be tested, print first."""
    kinds = dict.fromkeys(kind for _, verdicts in checked for kind in verdicts)
    return [
        kind
        for kind in kinds
        if kind == PRINTED or any(found[kind].word != NOT_TESTABLE for _, found in checked)
    ]


def counts_text(counts: Counts | None) -> str:
    """Return counts in words.

    >>> counts_text(Counts(5, 0, 0, 1, 0, 0)), counts_text(Counts(0, 1, 4, 0, 3, 5))
    ('5 higher (1 clearly)', '1 equal, 4 lower (3 clearly), 5 without a number')
    """
    if counts is None:
        return ""
    higher = f" ({counts.clearly_higher} clearly)" if counts.higher else ""
    lower = f" ({counts.clearly_lower} clearly)" if counts.lower else ""
    parts = [
        (counts.higher, f"higher{higher}"),
        (counts.equal, "equal"),
        (counts.lower, f"lower{lower}"),
        (counts.without_number, "without a number"),
    ]
    return ", ".join(f"{number} {text}" for number, text in parts if number)


def verdict_text(verdict: Verdict) -> str:
    """Return a verdict as it stands in a table cell of the study's page."""
    text = verdict.word
    if verdict.word == UNDECIDED and verdict.smallest_visible:
        low, high = (f"{100 * size:.0f}" for size in verdict.smallest_visible)
        text += f" ({low} points)" if low == high else f" ({low} to {high} points)"
    counts = counts_text(verdict.counts)
    return f"{text}: {counts}" if counts and verdict.word != NOT_TESTABLE else text


def summary(checked: list[Checked]) -> str:
    """Return a table: how many claims have which verdict on which numbers."""
    grid = [["Numbers", *WORDS]]
    for kind in shown(checked):
        found = Counter(verdicts[kind].word for _, verdicts in checked)
        grid.append([heading(kind), *(str(found[word]) for word in WORDS)])
    return markdown_grid(grid)


def heading(kind: str) -> str:
    """Return the head of a column of verdicts."""
    return "the paper's tables" if kind == PRINTED else f"measured, prompt {kind}"


def markdown_page(checked: list[Checked], note: str | None) -> str:
    """Return the study's page: what a verdict means, a summary, one table row per claim."""
    kinds = shown(checked)
    grid = [["", "Section", "Claim", *map(heading, kinds)]]
    for claim, verdicts in checked:
        texts = [verdict_text(verdicts[kind]) for kind in kinds]
        grid.append([claim["id"], claim["section"], described(claim), *texts])
    meanings = "\n".join(f"- **{word}**: {meaning}" for word, meaning in WORDS.items())
    reasons = []
    for claim, verdicts in checked:
        if told := remarks(claim, {kind: verdicts[kind] for kind in kinds}):
            reasons.append(f"- {claim['id']}: {' '.join(told)}")
    parts = [f"### {CAPTION}", note or "", meanings, BEYOND_ERROR, summary(checked)]
    parts += [markdown_grid(grid), "#### Remarks", "\n".join(reasons)]
    return "\n\n".join(part for part in parts if part) + "\n"


def described(claim: Claim) -> str:
    """Return a claim with what it is read as."""
    return claim["claim"] + (f" Read as: {claim['referent']}." if "referent" in claim else "")


def remarks(claim: Claim, verdicts: dict[str, Verdict]) -> list[str]:
    """Return the reasons of a claim's verdicts, each once, and its note."""
    told: dict[str, list[str]] = {}
    for kind, verdict in verdicts.items():
        if verdict.reason and verdict.reason != OF_PRINT_ALONE:
            told.setdefault(verdict.reason, []).append(kind)
    texts = []
    for reason, kinds in told.items():
        everywhere = len(kinds) == len(verdicts) or kinds == [PRINTED]
        under = "" if everywhere or len(kinds) == len(verdicts) - 1 else f"{', '.join(kinds)}: "
        texts.append(f"{under}{reason}")
    if "note" in claim:
        texts.append(claim["note"])
    return [text[0].upper() + text[1:].rstrip(".") + "." for text in texts]


def latex_table(checked: list[Checked], note: str | None) -> str:
    """Return the table as a LaTeX `longtable`, which needs that package and booktabs."""
    kinds = shown(checked)
    heads = " & ".join(escape_latex(text) for text in ["", "Claim", *map(heading, kinds)]) + r" \\"
    ragged = r">{\raggedright\arraybackslash}"
    columns = ragged + r"p{0.24\linewidth}"
    columns += (ragged + rf"p{{{0.54 / len(kinds):.3f}\linewidth}}") * len(kinds)
    lines = [
        r"\begingroup\scriptsize\setlength{\tabcolsep}{4pt}\raggedright",
        rf"\begin{{longtable}}{{@{{}}l{columns}@{{}}}}",
        rf"\caption{{{escape_latex(CAPTION)}}}\label{{tab:claims}}\\",
        rf"\toprule {heads} \midrule\endfirsthead",
        rf"\toprule {heads} \midrule\endhead",
    ]
    for claim, verdicts in checked:
        texts = [claim["id"], claim["claim"]]
        texts += [verdict_text(verdicts[kind]) for kind in kinds]
        lines.append(" & ".join(map(escape_latex, texts)) + r" \\")
    notes = escape_latex(" ".join(filter(None, [note, BEYOND_ERROR])))
    lines += [r"\bottomrule", r"\end{longtable}", notes, r"\par\endgroup"]
    return "\n".join(lines) + "\n"
