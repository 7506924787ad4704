"""The paper's printed tables, sizes of its benchmarks and public figures, as data frames.

Their files stand in paper/, whose README describes them. Accuracies are in percent and stay text,
as printed: exact arithmetic needs their digits.
"""

import io

import pandas as pd

ROW = ["table", "section", "method", "cell"]


def frame(text: str) -> pd.DataFrame:
    """Return a CSV file as a frame of text; an empty field is empty text."""
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def read_benchmarks(text: str) -> pd.DataFrame:
    """Return benchmarks.csv: benchmark, label, problems (a number)."""
    return frame(text).astype({"problems": int})


def reported_numbers(reported: str, benchmarks: pd.DataFrame) -> pd.DataFrame:
    """Return the printed numbers, one per row, in the order of the tables.

    Columns: table, section, method, cell, benchmark, printed (percent), `source` (empty for the
    paper's own), `column` (`assumed` or `unknown` where the text does not settle it, else empty).
    """
    names = benchmarks["benchmark"].tolist()
    wide = frame(reported)
    for remark in ("source", "column"):
        wide[remark] = [
            _pairs(text, names, f"reported.csv, line {line}, {remark}")
            for line, text in enumerate(wide[remark], start=2)
        ]
    long = wide.melt([*ROW, "source", "column"], names, "benchmark", "printed", ignore_index=False)
    long["order"] = long["benchmark"].map(names.index)
    long = long.sort_values("order").sort_index(kind="stable").drop(columns="order")
    for remark in ("source", "column"):
        long[remark] = [
            pairs.get(name, "") for pairs, name in zip(long[remark], long["benchmark"], strict=True)
        ]
    printed = long[~long["printed"].isin(["-", ""])]
    return printed[[*ROW, "benchmark", "printed", "source", "column"]].reset_index(drop=True)


def _pairs(text: str, benchmarks: list[str], where: str) -> dict[str, str]:
    """Return {benchmark: remark} of `benchmark:remark` entries with spaces between them."""
    pairs = dict(entry.partition(":")[::2] for entry in text.split())
    if wrong := [name for name, remark in pairs.items() if name not in benchmarks or not remark]:
        raise SystemExit(
            f"paper/{where}: {wrong[0]!r} is not of the form BENCHMARK:REMARK; "
            f"benchmarks: {', '.join(benchmarks)}"
        )
    return pairs
