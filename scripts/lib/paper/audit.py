"""The audit of the paper's printed accuracies, as data frames: what a number can and cannot be.

All accuracies, differences and standard errors are in percent points.
"""

import math
from itertools import product
from typing import NamedTuple

import pandas as pd

from scripts.lib.frames import Column
from scripts.lib.paper.counts import (
    CUT,
    ROUNDED,
    Rule,
    counts,
    fit,
    half_even,
    half_up,
    share_of_texts,
    sizes_that_fit,
)
from scripts.lib.paper.reported import frame, read_benchmarks, reported_numbers

SIZES = range(20, 700)  # numbers of problems that are tried
SAMPLES = 16  # per problem, in the published averages that the paper quotes
STUDIED = ("base", "instruct")  # the models that the paper trains
Z95 = 1.96  # a difference beyond so many standard errors is rare by chance, 1 in 20

COLUMNS = [  # of audit.csv
    Column("table", "text", "table of the paper"),
    Column("section", "text", "section of the table, as printed"),
    Column("method", "text", "row of the table, as printed"),
    Column("cell", "text", "the study's cell or model of this row"),
    Column("benchmark", "text", "name of the benchmark in the study"),
    Column("printed", "percent", "the number as printed"),
    Column("source", "text", "published source with the same number; empty: the paper's own"),
    Column("column", "text", "assumed or unknown: the text does not settle the column"),
    Column("problems", "problems", "size of the benchmark in this study"),
    Column("fit", "text", "either, rounded, cut, neither: by which rule it is a count; untested"),
    Column("counts_rounded", "problems", "counts of right answers that round to it"),
    Column("counts_cut", "problems", "counts that are cut to it"),
    Column("ties", "text", "half-up or half-even: the one way of rounding that gives it"),
    Column("fits_average", "text", f"yes: it is a rounded mean of {SAMPLES} samples per problem"),
    Column("standard_error", "points", "of one run, sqrt(p (1 - p) / problems)"),
    Column("other_tables", "percent", "what another table prints for the same cell"),
    Column("public", "percent", "a public figure for the model, where one was found"),
    Column("public_source", "text", "where that figure is from, by its name in public.csv"),
]


class Audit(NamedTuple):
    """The frames of the audit."""

    numbers: pd.DataFrame  # one row per printed number, columns as in COLUMNS
    benchmarks: pd.DataFrame  # benchmark, label, problems
    sizes: pd.DataFrame  # one row per benchmark: which numbers of problems fit
    comparisons: pd.DataFrame  # one row per difference between two printed numbers
    public: pd.DataFrame  # public.csv with the paper's number beside it


def audit(files: dict[str, str]) -> Audit:
    """Return the audit of the texts of paper/*.csv, by file name."""
    benchmarks = read_benchmarks(files["benchmarks.csv"])
    reported = reported_numbers(files["reported.csv"], benchmarks)
    public = public_figures(frame(files["public.csv"]), reported)
    numbers = audited(reported, benchmarks, public)
    return Audit(numbers, benchmarks, sizes(numbers), comparisons(numbers), public)


def audited(reported: pd.DataFrame, benchmarks: pd.DataFrame, public: pd.DataFrame) -> pd.DataFrame:
    """Return the printed numbers with all that can be said of each, columns as in COLUMNS."""
    numbers = reported.merge(
        benchmarks[["benchmark", "problems"]], on="benchmark", how="left", validate="many_to_one"
    )
    known = numbers["column"] != "unknown"
    texts = list(zip(numbers["printed"], numbers["problems"], strict=True))
    numbers["fit"] = [fit(*text) for text in texts]
    numbers["counts_rounded"] = [_listed(counts(*text, ROUNDED)) for text in texts]
    numbers["counts_cut"] = [_listed(counts(*text, CUT)) for text in texts]
    numbers["ties"] = [_only_rounding(*text) for text in texts]
    numbers["fits_average"] = [
        "yes" if counts(text, SAMPLES * problems, ROUNDED) else "no" for text, problems in texts
    ]
    numbers["standard_error"] = [f"{standard_error(*text):.3f}" for text in texts]
    tested = ["counts_rounded", "counts_cut", "ties", "fits_average", "standard_error"]
    numbers.loc[~known, tested] = ""
    numbers.loc[~known, "fit"] = "untested"
    numbers["other_tables"] = _other_tables(numbers)
    # Where several are public, the one that the paper has, else the first.
    best = public.sort_values("equal", ascending=False, kind="stable")
    best = best.drop_duplicates(["cell", "benchmark"])
    figures = best.rename(columns={"value": "public", "source": "public_source"})
    found = numbers.merge(
        figures[["cell", "benchmark", "public", "public_source"]],
        on=["cell", "benchmark"],
        how="left",
        validate="many_to_one",
    ).fillna({"public": "", "public_source": ""})
    found.loc[~known, ["public", "public_source"]] = ""
    return found[[column.name for column in COLUMNS]]


def _listed(found: tuple[int, ...]) -> str:
    return " ".join(map(str, found))


def _only_rounding(printed: str, problems: int) -> str:
    """Return the way of rounding that alone gives a number; empty where both do or none."""
    up, even = (bool(counts(printed, problems, (rule,))) for rule in (half_up, half_even))
    return "" if up == even else "half-up" if up else "half-even"


def _other_tables(numbers: pd.DataFrame) -> list[str]:
    """Return for each number the different ones that other tables print for its cell."""
    same = numbers.groupby(["cell", "benchmark"])["printed"].unique().to_dict()
    return [
        " ".join(sorted((text for text in same[cell, name] if text != printed), key=float))
        for cell, name, printed in numbers[["cell", "benchmark", "printed"]].itertuples(index=False)
    ]


def standard_error(printed: str, problems: int) -> float:
    """Return the standard error of an accuracy in percent, as that of one run, in points."""
    share = float(printed) / 100
    return 100 * math.sqrt(share * (1 - share) / problems)


def studied(numbers: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the two models that the paper trains, before and after training."""
    return numbers[numbers["cell"].str.partition("+")[0].isin(STUDIED)]


def sizes(numbers: pd.DataFrame) -> pd.DataFrame:
    """Return one row per benchmark: which sizes fit all rows of the trained models by one rule.

    Columns: benchmark, problems, `distinct` printed numbers of those rows, `share_rounded` and
    `share_cut` of all one-decimal numbers that this size can print, `rounded` and `cut`: lists of
    the sizes in SIZES that fit all.
    """
    rows = []
    for name, group in studied(numbers).groupby("benchmark", sort=False):
        problems = int(group["problems"].iloc[0])
        printed = sorted(set(group["printed"]), key=float)
        row: dict[str, object] = {
            "benchmark": name,
            "problems": problems,
            "distinct": len(printed),
            "share_rounded": share_of_texts(problems, ROUNDED),
            "share_cut": share_of_texts(problems, CUT),
        }
        row |= {"rounded": _one_rounding(printed), "cut": sizes_that_fit(printed, SIZES, CUT)}
        rows.append(row)
    return pd.DataFrame(rows)


def _one_rounding(printed: list[str]) -> list[int]:
    """Return the sizes that fit by half-up alone or by half-even alone."""
    ways: list[tuple[Rule, ...]] = [(half_up,), (half_even,)]
    return sorted({size for way in ways for size in sizes_that_fit(printed, SIZES, way)})


def comparisons(numbers: pd.DataFrame) -> pd.DataFrame:
    """Return the differences that the paper's text is about, between printed numbers.

    Trained Instruct rows against the untrained Instruct model, hybrids against direct RL of the
    same root. Columns: against, cell, other, benchmark, difference, standard_error (points).
    """
    own = studied(numbers).query("table != 'table1'").drop_duplicates(["cell", "benchmark"])
    printed = own.set_index(["cell", "benchmark"])
    cells = list(dict.fromkeys(own["cell"]))
    untrained = [("untrained", c, "instruct") for c in cells if c.startswith("instruct+")]
    hybrids = [("direct RL", c, f"{c.partition('+')[0]}+rl") for c in cells if c.count("+") > 1]
    names = list(dict.fromkeys(own["benchmark"]))
    rows = []
    for (against, cell, other), name in product(untrained + hybrids, names):
        first, second = (float(printed.at[(c, name), "printed"]) for c in (cell, other))
        error = _error_of_difference(first, second, int(printed.at[(cell, name), "problems"]))
        rows.append([against, cell, other, name, first - second, error])
    columns = ["against", "cell", "other", "benchmark", "difference", "standard_error"]
    return pd.DataFrame(rows, columns=columns)


def _error_of_difference(first: float, second: float, problems: int) -> float:
    """Return the standard error of a difference of two runs if both had one accuracy, in points."""
    share = (first + second) / 200
    return 100 * math.sqrt(2 * share * (1 - share) / problems)


def public_figures(public: pd.DataFrame, reported: pd.DataFrame) -> pd.DataFrame:
    """Return public.csv with the paper's number for the same model and benchmark beside it.

    `equal` says whether they are one number, `difference` is the paper's less the public one, in
    points. Raises SystemExit if a quoted number is not in its source.
    """
    known = reported[reported["column"] != "unknown"]
    given = known[["cell", "benchmark", "printed"]].drop_duplicates(["cell", "benchmark"])
    found = public.merge(given, on=["cell", "benchmark"], how="left", validate="many_to_one")
    found["equal"] = found["printed"] == found["value"]
    found["difference"] = found["printed"].astype(float) - found["value"].astype(float)
    published = set(
        public[["source", "cell", "benchmark", "value"]].itertuples(index=False, name=None)
    )
    quoted = known[known["source"] != ""]
    for row in quoted.itertuples():
        if (row.source, row.cell, row.benchmark, row.printed) not in published:
            raise SystemExit(
                f"paper/reported.csv, source: {row.cell} on {row.benchmark} is marked as "
                f"{row.source}'s, but paper/public.csv has no {row.printed} of it; correct either"
            )
    return found
