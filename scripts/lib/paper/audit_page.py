"""The audit as one Markdown page: the frames fill the places of paper/audit.template.md."""

import textwrap

import pandas as pd

from scripts.lib.paper.audit import COLUMNS, SAMPLES, SIZES, Z95, Audit, studied
from scripts.lib.paper.audit_tables import MARKS, is_section, marked_grid, marks_of, title_of
from scripts.lib.scores.forms import markdown_grid

TITLE = "Audit of the paper's printed numbers"
CITED_AMC = 83  # problems of AI-MO/aimo-validation-amc, the paper's reference 25
WIDTH = 115  # characters per line, as in the other pages
COMPARED = {
    "untrained": "Instruct, trained against untrained",
    "direct RL": "hybrid against RL alone",
}


def audit_page(template: str, found: Audit) -> str:
    """Return the page as Markdown."""
    numbers = found.numbers
    remarks = numbers[numbers["column"] != ""]
    sizes = found.sizes.set_index("benchmark")
    amc = {*sizes.at["amc23", "rounded"], *sizes.at["amc23", "cut"]}
    text = template.format(
        numbers=len(numbers),
        distinct=len(numbers.drop_duplicates(["method", "benchmark", "printed"])),
        marks="\n".join(f"- **{mark}** {meaning}" for mark, meaning in MARKS.items()),
        samples=SAMPLES,
        gsm8k=sizes.at["gsm8k", "problems"],
        tables="\n\n".join(_tables(found)),
        rules=_rules(found),
        ties=_ties(found),
        both_rules=_both_rules(found),
        first_size=SIZES[0],
        last_size=SIZES[-1],
        sizes=_sizes(found),
        single_sizes=_single_sizes(found),
        cited_amc=CITED_AMC,
        cited_amc_fits="fits" if CITED_AMC in amc else "does not fit",
        quoted=_quoted(found),
        unexplained=_unexplained(found),
        public=_public(found),
        far_below=_far_below(found),
        sources=_sources(found),
        printed_twice=_printed_twice(found),
        errors=_errors(found),
        z95=Z95,
        differences=_differences(found),
        unclear=_unclear(found),
        benchmarks=", ".join(f"{b.label} {b.problems}" for b in found.benchmarks.itertuples()),
        short_row=", ".join(dict.fromkeys(remarks["method"])),
        schema=markdown_grid(
            [["column", "unit", "meaning"]]
            + [[f"`{column.name}`", column.unit, column.meaning] for column in COLUMNS]
        ),
        placed=", ".join(_placed(row, _labels(found)) for _, row in remarks.iterrows()),
    )
    return "\n\n".join(_wrapped(block) for block in text.strip().split("\n\n") if block) + "\n"


def _wrapped(block: str) -> str:
    """Return a paragraph or a list with lines of one width; tables and headings stay."""
    if block.startswith(("|", "#")):
        return block
    items = block.split("\n") if block.startswith("- ") else [block]
    return "\n".join(
        textwrap.fill(
            item,
            WIDTH,
            subsequent_indent="  " if item.startswith("- ") else "",
            break_on_hyphens=False,
            break_long_words=False,
        )
        for item in items
    )


def _labels(found: Audit) -> dict[str, str]:
    return dict(zip(found.benchmarks["benchmark"], found.benchmarks["label"], strict=True))


def _values(printed: pd.Series) -> str:
    return ", ".join(sorted(printed.unique(), key=float)) or "-"


def _tables(found: Audit) -> list[str]:
    """Return the tables with marks, each below its title."""
    parts = []
    for table in dict.fromkeys(found.numbers["table"]):
        lines = marked_grid(found, table)
        lines = [[f"**{line[0]}**", *line[1:]] if is_section(line) else line for line in lines]
        parts += [f"### {title_of(table)}", markdown_grid(lines)]
    return parts


def _tested(found: Audit) -> pd.DataFrame:
    return found.numbers[found.numbers["fit"] != "untested"]


def _rules(found: Audit) -> str:
    """Return a table: per benchmark, the distinct numbers that fit by one rule or none."""
    grid = [["Benchmark", "n", "numbers", "only if rounded", "only if cut", "neither"]]
    for b in found.benchmarks.itertuples():
        group = _tested(found).query("benchmark == @b.benchmark")
        lists = [
            _values(group.loc[group["fit"] == fit, "printed"])
            for fit in ("rounded", "cut", "neither")
        ]
        grid.append([b.label, str(b.problems), str(group["printed"].nunique()), *lists])
    return markdown_grid(grid)


def _ties(found: Audit) -> str:
    """Name the numbers that one way of rounding alone gives."""
    ties = found.numbers[found.numbers["ties"] != ""].drop_duplicates(["benchmark", "printed"])
    return " ".join(
        f"{row.printed} on {_labels(found)[row.benchmark]} is {row.counts_rounded} of "
        f"{row.problems}, a tie: only {row.ties} rounding prints it so."
        for row in ties.itertuples()
    )


def _both_rules(found: Audit) -> str:
    """Name the benchmarks on which the trained models' rows need both rules."""
    sentences = []
    for name, group in studied(found.numbers).groupby("benchmark", sort=False):
        rounded, cut = (group.loc[group["fit"] == fit, "printed"] for fit in ("rounded", "cut"))
        if len(rounded) and len(cut):
            sentences.append(
                f"On {_labels(found)[str(name)]} the rows of the models that the paper trains need "
                f"both rules if n is {group['problems'].iloc[0]}: {_values(rounded)} must be "
                f"rounded, {_values(cut)} cut."
            )
    return " ".join(sentences)


def _sizes(found: Audit) -> str:
    """Return a table: which sizes fit all numbers of the trained models, and which share any."""
    grid = [["Benchmark", "n", "distinct", "all fit if rounded", "all fit if cut", "share"]]
    for row in found.sizes.itertuples():
        shares = f"{100 * row.share_rounded:.1f}% / {100 * row.share_cut:.1f}%"
        sizes = [_few(row.rounded), _few(row.cut)]
        label = _labels(found)[row.benchmark]
        grid.append([label, str(row.problems), str(row.distinct), *sizes, shares])
    return markdown_grid(grid)


def _few(sizes: list[int]) -> str:
    if len(sizes) > 5:
        return f"{len(sizes)} sizes, the least {sizes[0]}"
    return ", ".join(map(str, sizes)) or "none"


def _single_sizes(found: Audit) -> str:
    """Name the benchmarks on which no size fits, or n alone fits by either rule."""
    sentences = []
    for row in found.sizes.itertuples():
        label = _labels(found)[row.benchmark]
        if not row.rounded and not row.cut:
            sentences.append(f"On {label} no size fits by one rule.")
        elif {*row.rounded} & {*row.cut} == {row.problems}:
            sentences.append(f"On {label} only {row.problems} fits whichever rule was used.")
    return " ".join(sentences)


def _quoted(found: Audit) -> str:
    quoted = found.numbers[found.numbers["source"] != ""]
    grid = [["Row", "Benchmark", "printed", "source"]]
    for row in quoted.itertuples():
        grid.append([row.method, _labels(found)[row.benchmark], row.printed, row.source])
    return markdown_grid(grid)


def _unexplained(found: Audit) -> str:
    """Name the numbers that no rule gives and that have no source."""
    unexplained = found.numbers[
        (found.numbers["fit"] == "neither") & (found.numbers["source"] == "")
    ]
    return " ".join(
        f"No source was found for {row.printed} of {row.method} on "
        f"{_labels(found)[row.benchmark]}, which is no count of one run; it "
        f"{'can be' if row.fits_average == 'yes' else 'cannot be'} a mean of {SAMPLES} samples."
        for row in unexplained.itertuples()
    )


def _public(found: Audit) -> str:
    """Return the paper's numbers that have no source of their own beside public figures."""
    quoted = found.numbers[found.numbers["source"] != ""]
    taken = set(zip(quoted["cell"], quoted["benchmark"], strict=True))
    grid = [["Model", "Benchmark", "paper", "public", "difference", "published as", "source"]]
    for row in found.public.itertuples():
        if pd.notna(row.printed) and (row.cell, row.benchmark) not in taken:
            figures = [row.printed, row.value, f"{row.difference:+.1f}"]
            label = _labels(found)[row.benchmark]
            grid.append([row.cell, label, *figures, row.published_as, row.source])
    return markdown_grid(grid)


def _far_below(found: Audit) -> str:
    far = found.numbers[["p" in marks_of(row) for _, row in found.numbers.iterrows()]]
    return ", ".join(
        f"{row.method} on {_labels(found)[row.benchmark]} ({row.printed}, public {row.public})"
        for row in far.itertuples()
    )


def _sources(found: Audit) -> str:
    pairs = found.public.drop_duplicates("source")
    return ", ".join(f"{row.source} <{row.address}>" for row in pairs.itertuples())


def _printed_twice(found: Audit) -> str:
    """Return a list of the cells that two tables print differently."""
    lines = []
    both = found.numbers[found.numbers["other_tables"] != ""]
    for (cell, name), group in both.groupby(["cell", "benchmark"], sort=False):
        printed = [f"{row.printed} in {title_of(row.table)}" for row in group.itertuples()]
        lines.append(f"- `{cell}` on {_labels(found)[str(name)]}: {', '.join(printed)}.")
    return "\n".join(lines) or "None."


def _errors(found: Audit) -> str:
    """Return a table of the standard errors, from the least to the greatest."""
    grid = [["Benchmark", "n", "standard error, models that the paper trains", "all rows"]]
    for b in found.benchmarks.itertuples():
        group = _tested(found).query("benchmark == @b.benchmark")
        grid.append([b.label, str(b.problems), _span(studied(group)), _span(group)])
    return markdown_grid(grid)


def _span(group: pd.DataFrame) -> str:
    errors = group["standard_error"].astype(float)
    return f"{errors.min():.1f}-{errors.max():.1f}"


def _differences(found: Audit) -> str:
    """Return a table: how many differences there are, are below zero, and are clear."""
    grid = [["Comparison", "Benchmark", "pairs", "below", "clear"]]
    for (against, name), group in found.comparisons.groupby(["against", "benchmark"], sort=False):
        counted = [len(group), (group["difference"] < 0).sum(), _clear(group).sum()]
        grid.append([COMPARED[str(against)], _labels(found)[str(name)], *map(str, counted)])
    return markdown_grid(grid)


def _clear(group: pd.DataFrame) -> pd.Series:
    return group["difference"].abs() > Z95 * group["standard_error"]


def _unclear(found: Audit) -> str:
    """Name the benchmarks on which no difference is clear, with the largest."""
    sentences = []
    for name, group in found.comparisons.groupby("benchmark", sort=False):
        if not _clear(group).any():
            largest = group.loc[group["difference"].abs().idxmax()]
            sentences.append(
                f"On {_labels(found)[str(name)]} none is clear: the largest, "
                f"{abs(largest['difference']):.1f} points, has a standard error of "
                f"{largest['standard_error']:.1f}. One run cannot show a difference there."
            )
    return " ".join(sentences)


def _placed(row: pd.Series, labels: dict[str, str]) -> str:
    """Return `49.8 (assumed: OlympiadBench)`, or `77.5 (unknown)`."""
    known = row["column"] != "unknown"
    place = f"{row['column']}: {labels[row['benchmark']]}" if known else row["column"]
    return f"{row['printed']} ({place})"
