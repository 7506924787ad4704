r"""LaTeX macros with the facts of one study, which paper/main.tex sets between its words.

Every number of the text comes from here: from the config, or from the CSV files of the study.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from scripts.lib.paper.reproduction import COMPATIBLE, DIFFERS, UNCLEAR
from scripts.lib.scores.conclusion_sentences import sentences
from scripts.lib.scores.conclusions import DEPENDS, HOLDS, ONE_PROMPT, REVERSES, UNDECIDED
from scripts.lib.scores.forms import escape_latex

QUESTIONS = {
    "parent": "against the stage before",
    "root": "against the untrained model",
    "direct RL": "against RL alone",
    "full": "LoRA against full fine-tuning",
}
WORDS = {"better": "Better", "worse": "Worse", REVERSES: "Reverse", DEPENDS: "Depend"}
VERDICTS = ("supported", "contradicted", "undecided", "not testable")


def macro(name: str, value: Any) -> str:
    r"""Return a macro whose text is a value, with LaTeX's characters made harmless.

    >>> macro("StudyName", "a_b")
    '\\newcommand{\\StudyName}{a\\_b}'
    """
    return rf"\newcommand{{\{name}}}{{{escape_latex(str(value))}}}"


def raw_macro(name: str, tex: str) -> str:
    """Return a macro whose text is LaTeX itself."""
    return rf"\newcommand{{\{name}}}{{{tex}}}"


def listed(words: Sequence[str]) -> str:
    """Return words as a sentence has them.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def study_macros(settings: Mapping[str, Any], scores: pd.DataFrame) -> list[str]:
    """Return what the study is: its name, models, seeds, prompts and benchmarks."""
    sizes = scores.drop_duplicates("benchmark").set_index("benchmark")
    benchmarks = [
        f"{label} ({sizes.loc[name, 'n']} problems × {sizes.loc[name, 'k']})"
        for name, label in settings["benchmarks"].items()
    ]
    seeds = len(settings["seeds"])
    collapsed = scores[scores["status"] != "ok"].drop_duplicates(["cell", "seed"])
    runs = [f"{settings['labels'][row.cell]} (seed {row.seed})" for row in collapsed.itertuples()]
    return [
        macro("StudyName", settings["study"]),
        macro("StudyNote", settings["note"] or ""),
        macro("StudyRoots", listed(settings["roots"])),
        macro("StudyCells", scores["cell"].nunique()),
        macro("StudyTrainings", settings["trainings"]),
        macro("StudySeeds", f"{seeds} seed" if seeds == 1 else f"{seeds} seeds"),
        macro("StudyPrompts", listed(settings["prompts"])),
        macro("StudyMainPrompt", settings["main_prompt"]),
        macro("StudyBenchmarks", listed(benchmarks)),
        macro("StudyCompletions", f"{int((scores['n'] * scores['k']).sum()):,}"),
        macro("StudyTemperature", settings["temperature"]),
        macro("StudyCollapsed", listed(runs) if runs else "none"),
    ]


def recipe_table(recipes: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the recipes of the stages as a LaTeX tabular: an argument per row."""
    names = dict.fromkeys(name for recipe in recipes.values() for name in recipe)
    columns = r">{\raggedright\arraybackslash}X" * len(recipes)
    rows = [[name, *(_value(recipe.get(name)) for recipe in recipes.values())] for name in names]
    head, *body = (" & ".join(map(escape_latex, row)) + r" \\" for row in [["", *recipes], *rows])
    return "\n".join([
        rf"\begin{{tabularx}}{{\linewidth}}{{@{{}}l{columns}@{{}}}}",
        r"\toprule",
        head,
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabularx}",
    ])  # fmt: skip


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def conclusion_macros(
    conclusions: pd.DataFrame, labels: Mapping[str, str], benchmarks: Mapping[str, str]
) -> list[str]:
    """Return how many comparisons hold, and the sentences of those that hold or reverse."""
    told = conclusions.drop_duplicates(["cell", "other", "benchmark"])
    one_prompt = bool((told["conclusion"] == ONE_PROMPT).all())
    rows, counted = [], Counter[str]()
    for against, title in QUESTIONS.items():
        asked = told[told["against"] == against]
        if len(asked):
            found = _counts(asked)
            counted += found
            numbers = [found[word] for word in (*WORDS, UNDECIDED)]
            rows.append(" & ".join([title, *map(str, [*numbers, len(asked)])]) + r" \\")
    items = [
        rf"\item {escape_latex(f'{word}: {sentence}')}"
        for word in (HOLDS, REVERSES)
        for sentence in sentences(
            told[told["conclusion"] == word].to_dict("records"), labels, benchmarks
        )
    ]
    return [
        raw_macro("ConclusionRows", "\n".join(rows)),
        *(macro(f"Conclusions{name}", counted[word]) for word, name in WORDS.items()),
        macro("ConclusionsUndecided", counted[UNDECIDED]),
        macro("ConclusionsAll", len(told)),
        macro("ConclusionsPrompts", "one prompt" if one_prompt else "every prompt"),
        raw_macro("ConclusionSentences", "\n".join(items) or r"\item none"),
    ]


def _counts(rows: pd.DataFrame) -> Counter[str]:
    holds = rows["conclusion"] == HOLDS
    better = holds & (rows["lowest"] > 0)
    words = rows["conclusion"].where(~holds, better.map({True: "better", False: "worse"}))
    return Counter(words)


def reproduction_macros(reproduction: pd.DataFrame | None) -> list[str]:
    """Return how many of the paper's numbers were compared, and with which verdict."""
    found, printed = Counter[str](), 0
    if reproduction is not None:  # several tables print the same number
        numbers = reproduction.drop_duplicates(["cell", "benchmark", "reported"])
        found, printed = Counter(numbers["verdict"]), len(numbers)
    names = {COMPATIBLE: "Compatible", UNCLEAR: "Unclear", DIFFERS: "Differs"}
    return [
        macro("ReproductionPrinted", printed),
        macro("ReproductionCompared", sum(found[word] for word in names)),
        *(macro(f"Reproduction{name}", found[word]) for word, name in names.items()),
    ]


def claim_macros(claims: pd.DataFrame) -> list[str]:
    """Return how many claims have which verdict, on the paper's numbers and on the study's."""
    rows = []
    for numbers, group in claims.groupby("numbers", sort=False):
        found = Counter(group["verdict"])
        if set(found) == {"not testable"}:  # numbers of a prompt that no claim is about
            continue
        counts = [str(found[word]) for word in VERDICTS]
        rows.append(" & ".join([escape_latex(str(numbers)), *counts]) + r" \\")
    return [
        macro("ClaimsAll", claims["id"].nunique()),
        raw_macro("ClaimRows", "\n".join(rows)),
    ]


def audit_macros(audit: pd.DataFrame) -> list[str]:
    """Return how many printed numbers there are, and how many of them can be no count."""
    return [
        macro("AuditNumbers", len(audit)),
        macro("AuditNeither", int((audit["fit"] == "neither").sum())),
        macro("AuditRounded", int((audit["fit"] == "rounded").sum())),
        macro("AuditCut", int((audit["fit"] == "cut").sum())),
        macro("AuditQuoted", int((audit["source"] != "").sum())),
    ]


def inputs_of(names: Sequence[str], command: str) -> str:
    r"""Return a LaTeX command for each file.

    >>> inputs_of(["table1-wide"], "input")
    '\\input{table1-wide}'
    """
    return "\n".join(rf"\{command}{{{name}}}" for name in names)
