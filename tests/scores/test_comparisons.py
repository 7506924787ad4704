"""comparisons.csv: what is paired with what, which test gives the mark, and over how many."""

import csv

import numpy as np
import pandas as pd
import pytest

from scripts.compare_parents import comparison_rows
from scripts.lib.frames import write_frame
from scripts.lib.scores.comparisons import COLUMNS, Compared, as_text, compare_family
from scripts.lib.scores.families import benjamini_hochberg, holm
from scripts.lib.scores.methods import compare_methods, contrast, joined, smallest_visible
from scripts.lib.scores.pairs import Evaluations
from scripts.lib.scores.runs import run_p_value
from scripts.lib.scores.verdicts import read_evaluations
from tests.score_samples import write_evaluation

RIGHT_3_OF_4 = [[True, True], [True, False], [False, True], [True, True]]
RIGHT_1_OF_4 = [[True, True], [False, False], [False, False], [False, False]]


def rows_of(found, seeds, **pairs):
    """Return the comparisons of families {against: pairs}, all under one prompt."""
    families = [
        {
            "against": against.replace("_", " "),
            "prompts": "boxed",
            "pairs": [[*pair, "boxed", "boxed"] for pair in given],
        }
        for against, given in pairs.items()
    ]
    return comparison_rows(families, ["gsm8k"], Evaluations(found, seeds, "boxed"))


def family(pairs, seeds=3, problems=60, benchmark="gsm8k", seed=0, better=0.4):
    """Return `pairs` comparisons against one root, the first two of them truly better."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(0.1, 0.5, size=(1, problems))
    root = rng.binomial(2, np.broadcast_to(level, (seeds, problems))) / 2
    return [
        Compared(
            {"against": "root", "cell": f"toy+{n}", "other": "toy", "benchmark": benchmark},
            rng.binomial(2, np.minimum(level + better * (n < 2), 1), size=(seeds, problems)) / 2,
            root,
            2,
            "pooled",
        )
        for n in range(pairs)
    ]


def test_one_seed_speaks_of_this_run_and_a_collapsed_cell_is_named(tmp_path):
    paths = [
        write_evaluation(tmp_path, "toy", 0, RIGHT_1_OF_4),
        write_evaluation(tmp_path, "toy+sft", 0, RIGHT_3_OF_4),
        write_evaluation(tmp_path, "toy+rl", 0, RIGHT_3_OF_4, status="collapsed"),
    ]
    pairs = [["toy+sft", "toy", "pooled"], ["toy+rl", "toy", "pooled"]]
    rows = rows_of(read_evaluations(paths), [0], parent=pairs)
    write_frame(tmp_path / "comparisons.csv", pd.DataFrame(rows), COLUMNS)
    with (tmp_path / "comparisons.csv").open(newline="") as lines:
        trained, collapsed = csv.DictReader(lines)
    assert (trained["other_accuracy"], trained["accuracy"]) == ("0.250000", "0.750000")
    assert trained["difference"] == "0.500000"
    assert trained["runs_p"] == "0.25"  # differences 0, 1, 1, 2 halves: 2 of 8 choices of signs
    assert trained["runs_p_holm"] == "0.25"  # the collapsed one was not tested
    assert (trained["basis"], trained["method_p"], trained["family_size"]) == ("this run", "", "1")
    assert (collapsed["accuracy"], collapsed["runs_p"], collapsed["mark"]) == ("", "", "")
    assert (collapsed["seeds"], collapsed["other_seeds"]) == ("0", "1")


def test_a_hybrid_is_paired_by_seed_with_its_parent_and_with_no_other(tmp_path):
    """Seed 1 of the parent collapsed: the pair loses the seed; direct RL and the root lose none."""
    rng = np.random.default_rng(1)
    paths = []
    for cell in ("toy", "toy+sft", "toy+rl", "toy+sft+rl"):
        for seed in (0, 1, 2):
            status = "collapsed" if (cell, seed) == ("toy+sft", 1) else "ok"
            paths.append(
                write_evaluation(tmp_path, cell, seed, rng.random((8, 2)) < 0.5, status=status)
            )
    found = read_evaluations(paths)
    rows = rows_of(
        found,
        [0, 1, 2],
        parent=[["toy+sft+rl", "toy+sft", "seed"]],
        root=[["toy+sft+rl", "toy", "pooled"]],
        direct_RL=[["toy+sft+rl", "toy+rl", "apart"]],
    )
    seeds = {row["against"]: (row["seeds"], row["other_seeds"]) for row in rows}
    assert seeds == {"parent": (2, 2), "root": (3, 3), "direct RL": (3, 3)}
    kept = [found["toy+sft+rl", seed, "gsm8k"].verdicts.correct.mean() for seed in (0, 2)]
    assert rows[0]["accuracy"] == f"{np.mean(kept):.6f}"


def test_several_seeds_are_marked_by_the_method_test():
    compared = family(6) + family(6, benchmark="amc23", seed=1)
    rows = compare_family(compared)
    p_values = []
    for group in (compared[:6], compared[6:]):  # spreads are pooled on each benchmark
        parts = [contrast(pair.cell[None], pair.other[None], "pooled") for pair in group]
        p_values += compare_methods(joined(parts)).p_value.tolist()
    assert [row["method_p"] for row in rows] == pytest.approx(p_values)
    by_bh = benjamini_hochberg(p_values)  # corrected over both
    assert [row["method_p_bh"] for row in rows] == pytest.approx(by_bh)
    assert [row["method_p_holm"] for row in rows] == pytest.approx(holm(p_values))
    assert [row["mark"] for row in rows] == ["*" if p <= 0.05 else "" for p in by_bh]
    assert rows[0]["mark"] == "*"
    assert {row["basis"] for row in rows} == {"method"}
    assert {row["family_size"] for row in rows} == {12}
    for row in rows:
        excludes_0 = not float(row["interval_low"]) <= 0 <= float(row["interval_high"])
        assert excludes_0 == (row["method_p"] < 0.05)


def test_the_mark_is_not_that_of_the_runs_where_seeds_are_random():
    """Trainings that scatter by 2 logits: one run differs from another, the method does not."""
    rng = np.random.default_rng(3)
    names = {"against": "root", "other": "toy", "benchmark": "gsm8k"}
    compared = [
        Compared(
            names | {"cell": f"toy+{n}"},
            rng.binomial(1, rng.uniform(0.2, 0.8, size=(3, 1)), size=(3, 400)).astype(float),
            rng.binomial(1, 0.5, size=(3, 400)).astype(float),
            1,
            "pooled",
        )
        for n in range(8)
    ]
    rows = compare_family(compared)
    assert sum(row["runs_p_holm"] < 0.05 for row in rows) >= 3
    assert [row["mark"] for row in rows] == [""] * 8


def test_fewer_than_six_comparisons_have_no_method_test():
    rows = compare_family(family(5))
    assert {row["basis"] for row in rows} == {"this run"}
    assert not any("method_p" in row for row in rows)
    p_values = [run_p_value(pair.cell, pair.other, 2) for pair in family(5)]
    assert [row["runs_p_holm"] for row in rows] == pytest.approx(holm(p_values))
    assert [row["mark"] for row in rows] == ["*" if p <= 0.05 else "" for p in holm(p_values)]
    assert rows[0]["mark"] == "*"


def test_a_comparison_without_a_spread_of_seeds_has_no_mark_among_those_that_have():
    compared = family(7, better=0.9)
    compared[0] = Compared(compared[0].row, compared[0].cell[:1], compared[0].other, 2, "pooled")
    rows = compare_family(compared)
    assert rows[0]["runs_p_holm"] < 0.001
    assert (rows[0]["mark"], rows[0]["basis"], "method_p" in rows[0]) == ("", "this run", False)
    assert {row["family_size"] for row in rows} == {6}
    assert as_text(rows[0]).get("mark", "") == ""


def test_the_smallest_visible_difference_is_that_of_the_mean_variance():
    compared = family(6)
    rows = compare_family(compared)
    parts = [contrast(pair.cell[None], pair.other[None], "pooled") for pair in compared]
    found = compare_methods(joined(parts))
    variance, freedom = found.variance.mean(), float(np.median(found.freedom))
    one, first = (smallest_visible(variance, freedom, level) for level in (0.05, 0.05 / 6))
    assert {row["smallest_visible"] for row in rows} == {f"{one:.6f}"}
    assert {row["smallest_visible_holm"] for row in rows} == {f"{first:.6f}"}
    one_run = compare_family(family(6, seeds=1))
    assert 0.1 < float(one_run[0]["smallest_visible"]) < 0.4
